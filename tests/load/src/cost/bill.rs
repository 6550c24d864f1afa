//! What one thing costs, by part, in US dollars.

use crate::uses::Use;
use serde::Deserialize;
use std::collections::HashMap;

/// `prices.toml`.
#[derive(Deserialize)]
pub(crate) struct Prices {
    lambda: Lambda,
    api: Api,
    pub(crate) dynamodb: Table,
    kms: Kms,
    s3: S3,
    sqs: Sqs,
    logs: Logs,
    transfer: Transfer,
}

#[derive(Deserialize)]
struct Lambda {
    request: f64,
    gigabyte_second_arm64: f64,
}

#[derive(Deserialize)]
struct Api {
    request: f64,
}

#[derive(Deserialize)]
pub(crate) struct Table {
    write_unit: f64,
    read_unit: f64,
    pub(crate) stored_gigabyte_month: f64,
    pub(crate) stored_gigabyte_month_rare: f64,
    pub(crate) backup_gigabyte_month: f64,
}

#[derive(Deserialize)]
struct Kms {
    sign_rsa_2048: f64,
}

#[derive(Deserialize)]
struct S3 {
    put: f64,
    get: f64,
}

#[derive(Deserialize)]
struct Sqs {
    request: f64,
}

#[derive(Deserialize)]
struct Logs {
    gigabyte: f64,
}

#[derive(Deserialize)]
struct Transfer {
    gigabyte_out: f64,
}

/// `assumptions.toml`.
#[derive(Deserialize)]
pub(crate) struct Assumptions {
    lambda: Function,
    logs: LogBytes,
    queue: Queue,
    waits: Waits,
    pub(crate) counting: Counting,
    pub(crate) quotas: Quotas,
    pub(crate) day: Day,
}

#[derive(Deserialize)]
struct Function {
    megabytes: f64,
    processor_megabytes: f64,
}

#[derive(Deserialize)]
struct LogBytes {
    bytes: f64,
}

#[derive(Deserialize)]
struct Queue {
    requests: f64,
}

#[derive(Deserialize)]
pub(crate) struct Counting {
    pub(crate) processor: f64,
}

#[derive(Deserialize)]
struct Waits {
    dynamodb: f64,
    dynamodb_transaction: f64,
    kms: f64,
    s3: f64,
}

#[derive(Deserialize)]
pub(crate) struct Quotas {
    pub(crate) kms_signatures: f64,
    pub(crate) api_requests: f64,
    pub(crate) lambda_concurrency: f64,
    pub(crate) table_write_units: f64,
}

#[derive(Deserialize)]
pub(crate) struct Day {
    pub(crate) certificates: f64,
    pub(crate) fetches: f64,
    pub(crate) opens: f64,
    pub(crate) closes: f64,
    pub(crate) peak: f64,
}

/// Things of a request that are worked on at a time, as `certify` does. What an event of the stream brings is counted one transaction after the other.
const AT_A_TIME: f64 = 16.0;

/// Seconds that a function works on one request or event: processor time, stretched by its share of a processor, and waiting for other services, one after the other.
pub(crate) fn seconds(used: &Use, processor: &HashMap<String, f64>, assumed: &Assumptions) -> f64 {
    let things = 1.0 / (used.requests + used.events);
    let turns = if used.events > 0.0 { things } else { (things / AT_A_TIME).ceil() };
    let share = (assumed.lambda.megabytes / assumed.lambda.processor_megabytes).min(1.0);
    let computes = processor.get(used.stage).copied().unwrap_or_default() * things / share;
    let waits = (used.table_calls - used.transactions) * assumed.waits.dynamodb
        + used.transactions * assumed.waits.dynamodb_transaction
        + used.signatures * assumed.waits.kms
        + (used.puts + used.gets) * assumed.waits.s3;
    (computes + waits * turns) / 1e3
}

/// What one thing costs.
pub(crate) struct Bill {
    parts: [f64; Self::PARTS.len()],
}

impl Bill {
    /// What the parts are called.
    pub(crate) const PARTS: [&str; 8] = ["API", "Lambda", "DynamoDB", "KMS", "S3", "SQS", "logs", "traffic"];

    pub(crate) fn of(used: &Use, processor: &HashMap<String, f64>, prices: &Prices, assumed: &Assumptions) -> Self {
        let invocations = used.requests * if used.queued { 2.0 } else { 1.0 } + used.events;
        let gigabyte_seconds =
            (used.requests + used.events) * seconds(used, processor, assumed) * assumed.lambda.megabytes / 1024.0;
        let queue = if used.queued { assumed.queue.requests } else { 0.0 };
        Self {
            parts: [
                used.requests * prices.api.request,
                invocations * prices.lambda.request + gigabyte_seconds * prices.lambda.gigabyte_second_arm64,
                used.write_units * prices.dynamodb.write_unit + used.read_units * prices.dynamodb.read_unit,
                used.signatures * prices.kms.sign_rsa_2048,
                used.puts * prices.s3.put + used.gets * prices.s3.get,
                queue * prices.sqs.request,
                invocations * assumed.logs.bytes / 1e9 * prices.logs.gigabyte,
                used.bytes_out / 1e9 * prices.transfer.gigabyte_out,
            ],
        }
    }

    pub(crate) fn parts(&self) -> [f64; Self::PARTS.len()] {
        self.parts
    }

    pub(crate) fn total(&self) -> f64 {
        self.parts.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read() -> (Prices, Assumptions) {
        let prices = toml::from_str(include_str!("../../prices.toml")).unwrap();
        (prices, toml::from_str(include_str!("../../assumptions.toml")).unwrap())
    }

    #[test]
    fn a_bill_is_the_sum_of_what_was_used() {
        let (prices, assumed) = read();
        let used = Use { requests: 1.0, write_units: 10.0, read_units: 4.0, signatures: 1.0, ..Use::default() };
        let bill = Bill::of(&used, &HashMap::new(), &prices, &assumed);
        let [api, lambda, table, kms, s3, sqs, logs, traffic] = bill.parts().map(|part| part * 1e6);
        assert!((table - 6.75).abs() < 1e-9 && (kms - 3.0).abs() < 1e-9 && (api - 1.0).abs() < 1e-9);
        assert!(lambda > 0.2 && logs > 0.0 && s3 == 0.0 && sqs == 0.0 && traffic == 0.0);
        let queued = Bill::of(&Use { queued: true, ..used }, &HashMap::new(), &prices, &assumed);
        assert!(queued.total() > bill.total());
    }

    #[test]
    fn what_a_stream_brings_costs_no_request_and_waits_for_each_transaction() {
        let (prices, assumed) = read();
        let used = Use { events: 0.002, table_calls: 0.02, transactions: 0.02, ..Use::default() };
        let [api, lambda, ..] = Bill::of(&used, &HashMap::new(), &prices, &assumed).parts();
        assert!(api == 0.0 && lambda > 0.0);
        // Ten transactions of 12 ms.
        assert!((seconds(&used, &HashMap::new(), &assumed) - 0.12).abs() < 1e-9);
    }

    #[test]
    fn who_waits_side_by_side_waits_once() {
        let (_, assumed) = read();
        let one = Use { requests: 1.0, signatures: 1.0, ..Use::default() };
        let sixteen = Use { requests: 1.0 / 16.0, ..one.clone() };
        let twenty = Use { requests: 1.0 / 20.0, ..one.clone() };
        let seconds = |used: &Use| seconds(used, &HashMap::new(), &assumed);
        assert!((seconds(&one) - seconds(&sixteen)).abs() < 1e-9);
        assert!((seconds(&twenty) - 2.0 * seconds(&one)).abs() < 1e-9);
    }
}
