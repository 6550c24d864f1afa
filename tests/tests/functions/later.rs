//! What is accepted by one function and done by another: batches, files, reconciliation, counting.

use super::*;

#[tokio::test]
async fn events_are_accepted_by_one_function_and_certified_by_another() {
    let stack = Stack::up().await;
    let certifier = stack.token("certifier");
    let certify = stack.function("certify").await;
    let worker = stack.function("certify_worker").await;
    let batches = stack.function("batches").await;

    // 1. Nobody waits: the events lie in the queue.
    let mut report = event("certify", &[(TOKEN, &certifier)]);
    report["headers"]["prefer"] = "respond-async".into();
    let accepted = certify.answer(report.clone()).await;
    assert_eq!((accepted.status, accepted.header("preference-applied")), (202, "respond-async"), "{}", accepted.text());
    let id = accepted.json()["batchId"].as_str().unwrap().to_owned();
    let list = ok(batches.answer(event("batches", &[(TOKEN, &certifier)])).await, "application/json").json();
    assert_eq!(list["batches"][0]["batchId"], id.as_str());

    // 2. The worker certifies what it is brought. What it can't do is told to Lambda with all that comes after it in its group.
    let brought = stack.brought("certify").await;
    let [queued] = brought.as_slice() else { panic!("{brought:?}") };
    let other = |id: &str, body: &str| {
        let mut other = queued.clone();
        other["messageId"] = id.into();
        other["attributes"]["MessageGroupId"] = "another".into();
        other["body"] = body.into();
        other
    };
    let whole = queued["body"].as_str().unwrap();
    let records = [other("unreadable", "{}"), queued.clone(), other("behind", whole), queued.clone()];
    let left = worker.outcome(json!({ "Records": records })).await.unwrap();
    let named = |id: &str| json!({ "itemIdentifier": id });
    assert_eq!(left, json!({ "batchItemFailures": [named("unreadable"), named("behind")] }));
    // The same event of another batch: nothing is left to be done.
    let left = worker.outcome(event("certify_worker", &[])).await.unwrap();
    assert_eq!(left, json!({ "batchItemFailures": [] }));

    // 3. Everybody sees it.
    let mut ask = redirected(event("batches", &[(TOKEN, &certifier)]), &format!("/divoc/api/v1/batches/{id}"), None);
    ask["pathParameters"] = json!({ "batchId": id });
    let progress = ok(batches.answer(ask).await, "application/json").json();
    assert_eq!((&progress["state"], &progress["counts"]["issued"]), (&json!("done"), &json!(1)));
    let again = ok(certify.answer(report).await, "application/json").json();
    assert_eq!(again["certificates"][0]["certificateId"], progress["results"][0]["certificateId"]);

    // 4. What was given up is kept, and sent again.
    let mut tired = other("unreadable", "{}");
    tired["attributes"]["ApproximateReceiveCount"] = "20".into();
    let left = worker.outcome(json!({ "Records": [tired] })).await.unwrap();
    assert_eq!(left, json!({ "batchItemFailures": [] }));
    let admin = stack.token("admin");
    let dead = redirected(event("batches", &[(TOKEN, &admin)]), "/divoc/api/v1/dead-letters", None);
    let dead = ok(batches.answer(dead).await, "application/json").json();
    let dead = dead["messages"][0]["messageId"].as_str().unwrap();
    let body = json!({ "messageId": dead }).to_string();
    let mut replay = redirected(event("batches", &[(TOKEN, &admin)]), "/divoc/api/v1/dead-letters/replay", Some(&body));
    replay["requestContext"]["http"]["method"] = "POST".into();
    replay["headers"]["content-type"] = "application/json".into();
    assert_eq!(ok(batches.answer(replay).await, "application/json").json()["replayed"], 1);
    assert_eq!(stack.brought("certify").await[0]["body"], "{}");

    // 5. The log says how long events waited, and nothing of whom.
    let lines: Vec<Value> = worker.log().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let settled: Vec<_> = lines.iter().filter(|line| line["message"] == "events settled").collect();
    assert!(settled.len() == 3 && settled[0]["issuance_lag_seconds"].as_u64().unwrap() < 60, "{settled:?}");
    for function in [&certify, &worker, &batches] {
        requests(&function.log());
    }
}

#[tokio::test]
async fn earlier_doses_are_reconciled_and_days_checked_by_functions_of_their_own() {
    let stack = Stack::up().await;
    let (certifier, admin) = (stack.token("certifier"), stack.token("admin"));
    let send = |name: &str, token: &str, method: &str, path: &str, media_type: &str, body: &Value| {
        let mut request = redirected(event(name, &[(TOKEN, token)]), path, Some(&body.to_string()));
        request["requestContext"]["http"]["method"] = method.into();
        request["headers"]["content-type"] = media_type.into();
        request
    };

    // 1. The second dose's report says something else of the first: its certificate is corrected.
    let certify = stack.function("certify").await;
    let first = json!([tests::people::event(1, 1)]);
    let path = "/divoc/api/v1/certify";
    let done = certify.answer(send("certify", &certifier, "POST", path, "application/json", &first)).await;
    let id = ok(done, "application/json").json()["certificates"][0]["certificateId"].as_str().unwrap().to_owned();
    let mut second = tests::people::event(1, 2);
    second["meta"] = json!({ "vaccinations": [{ "dose": 1, "batch": "another" }] });
    let second = json!([second]);
    ok(
        certify.answer(send("certify", &certifier, "POST", path, "application/json", &second)).await,
        "application/json",
    );
    let worker = stack.function("reconcile_worker").await;
    worker.outcome(event("reconcile_worker", &[])).await.unwrap();
    let credential = stack.function("certificate_credential").await;
    let path = format!("/certificate/api/credential/{id}");
    let fetcher = stack.token("fetcher");
    let get = redirected(event("certificate_credential", &[(TOKEN, &fetcher)]), &path, None);
    problem(&credential.answer(get).await, 410, "no-longer-valid");
    let reconcile = stack.function("reconcile").await;
    let list = ok(reconcile.answer(event("reconcile", &[(TOKEN, &admin)])).await, "application/json").json();
    assert_eq!(list, json!({ "reconciliations": [], "next": null }));

    // 2. A source declares what it sent; the night's worker checks the day before.
    let checks = stack.function("checks").await;
    let path = format!("/divoc/api/v1/declarations/{}", OffsetDateTime::now_utc().date());
    let line = tests::people::event(1, 1);
    let declared = checks.answer(send("checks", &certifier, "POST", &path, "application/jsonl", &line)).await;
    assert_eq!((declared.status, &declared.json()["lines"]), (201, &json!(1)), "{}", declared.text());
    // Reading a whole day's log takes the emulator minutes: somebody has done so.
    let yesterday = (OffsetDateTime::now_utc() - time::Duration::hours(1)).date().previous_day().unwrap().to_string();
    let run = json!({
        "day": yesterday, "attempt": 1, "stage": { "Comparing": { "bucket": 0 } }, "begun": 0, "ended": null, "lease": 0, "steps": 0,
        "counts": { "logged": 0, "declared": 0, "agreed": 0 }, "sources": {}, "found": {},
    });
    let run = Sheet::new(Drawer::Checks, "runs", &yesterday, run.to_string());
    stack.store.put(&[run], OffsetDateTime::now_utc()).await.unwrap();
    let checker = stack.function("check_worker").await;
    checker.outcome(event("check_worker", &[])).await.unwrap();
    let list = ok(checks.answer(event("checks", &[(TOKEN, &admin)])).await, "application/json").json();
    assert_eq!((&list["checks"][0]["state"], &list["checks"][0]["findings"]), (&json!("done"), &json!({})), "{list}");

    // 3. None of them says anything of the person.
    let routes = [&reconcile, &checks].map(|function| requests(&function.log()).len());
    assert_eq!(routes, [1, 2]);
    assert!([worker.log(), checker.log()].iter().all(|log| !log.contains("SYN-") && !log.contains("Asha")));
}

#[tokio::test]
async fn a_file_is_brought_to_a_bucket_and_certified_by_a_worker() {
    let mut stack = Stack::up().await;
    stack.bucket.create_bucket().bucket("uploads").send().await.unwrap();
    let queue = aws_sdk_sqs::Client::new(&stack.emulator.sdk());
    let made = queue.create_queue().queue_name("bulk.fifo").attributes(QueueAttributeName::FifoQueue, "true").send();
    stack.deployed.insert("BULK_QUEUE_URL", made.await.unwrap().queue_url.unwrap());
    let token = stack.token("certifier");
    let (uploads, worker) = (stack.function("uploads").await, stack.function("uploads_worker").await);
    let file =
        format!("{}{}{}", bulk::VACCINATIONS, bulk::vaccination(1, 1, "1980-01-02"), bulk::vaccination(2, 1, "1980"));
    let body = json!({ "bytes": file.len() }).to_string();
    let announce = redirected(event("uploads", &[(TOKEN, &token)]), "/divoc/api/v1/uploads", Some(&body));
    let announced = uploads.answer(announce).await;
    assert_eq!(announced.status, 201, "{}", announced.text());
    let (id, part) = (announced.json()["upload"]["uploadId"].clone(), announced.json()["parts"][0].clone());
    let place = format!("/divoc/api/v1/uploads/{}", id.as_str().unwrap());
    // What S3 holds a body to is signed.
    let url = part["url"].as_str().unwrap();
    assert!(url.contains("SignedHeaders=content-length%3Bhost%3Bif-none-match") && !url.contains("crc32"), "{url}");
    let put = async |body: String| {
        let put = reqwest::Client::new().put(url).header("if-none-match", "*").body(body);
        put.send().await.unwrap().status().as_u16()
    };
    assert_eq!(put(file.clone()).await, 200);
    assert_eq!(put(file.clone()).await, 412);
    let ask = async |method: &str, what: &str| {
        let mut ask = redirected(event("uploads", &[(TOKEN, &token)]), &format!("{place}{what}"), None);
        ask["requestContext"]["http"]["method"] = method.into();
        uploads.answer(ask).await
    };
    let preview = ok(ask("GET", "/preview").await, "application/json").json();
    assert_eq!(preview["rows"][1]["errors"][0]["column"], "recipientDOB");
    assert_eq!(ask("POST", "/start").await.status, 202);
    // First the rows are counted, then the one chunk is certified.
    for _ in 0..2 {
        let received = queue.receive_message().queue_url(&stack.deployed["BULK_QUEUE_URL"]).send().await.unwrap();
        let message = &received.messages()[0];
        let mut delivered = event("uploads_worker", &[]);
        delivered["Records"][0]["body"] = message.body().unwrap().into();
        assert_eq!(worker.outcome(delivered).await.unwrap(), json!({ "batchItemFailures": [] }));
        let delete = queue.delete_message().queue_url(&stack.deployed["BULK_QUEUE_URL"]);
        delete.receipt_handle(message.receipt_handle().unwrap()).send().await.unwrap();
    }
    let done = ok(ask("GET", "").await, "application/json").json();
    assert_eq!(json!([done["state"], done["certified"], done["failed"]]), json!(["done", 1, 1]));
    let errors = ok(ask("GET", "/errors").await, "text/csv; charset=utf-8").text();
    assert_eq!((errors.lines().count(), errors.matches("SYN-000000002").count()), (2, 1));
    for log in [uploads.log(), worker.log()] {
        assert!(!log.contains("SYN-") && !log.contains("Asha") && !log.contains("eyJ"), "{log}");
    }
    // A message of an upload that is gone is done.
    assert_eq!(worker.outcome(event("uploads_worker", &[])).await.unwrap(), json!({ "batchItemFailures": [] }));
}

#[tokio::test]
async fn what_the_stream_tells_is_counted_once_and_kept_as_files() {
    let stack = Stack::up().await;
    let count = stack.function("analytics_count").await;
    // 1. A stream delivers at least once.
    for _ in 0..2 {
        count.outcome(event("analytics_count", &[])).await.unwrap();
    }
    let analytics = stack.function("analytics").await;
    let mut question = event("analytics", &[(TOKEN, &stack.token("admin"))]);
    question["rawQueryString"] = "from=2021-11-22&until=2021-11-22&by=age".into();
    let told = ok(analytics.answer(question).await, "application/json").json();
    for kind in ["issued", "fetched"] {
        assert_eq!(told["kinds"][kind]["values"], json!({ "40-49": 1 }), "{kind}: {told}");
    }

    // 2. What nobody can read holds up nothing, and is said.
    let mut unreadable = event("analytics_count", &[]);
    unreadable["Records"][0]["dynamodb"]["NewImage"]["deeds"] = json!({ "S": "none" });
    unreadable["Records"][0]["dynamodb"]["NewImage"]["kind"] = json!({ "S": "neither" });
    count.outcome(unreadable).await.unwrap();
    assert!(count.log().contains("changes that nobody can read are not counted"), "{}", count.log());
    assert!(!count.log().contains("Asha"));

    // 3. An hour that is over becomes files.
    let then = OffsetDateTime::now_utc() - time::Duration::hours(2);
    let then = format!("{}T{:02}:30:00.000Z", then.date(), then.hour());
    count.outcome(event("analytics_count", &[("2021-11-22T06:30:00.000Z", &then)])).await.unwrap();
    let worker = stack.function("analytics_worker").await;
    worker.outcome(event("analytics_worker", &[])).await.unwrap();
    let listed = stack.bucket.list_objects_v2().bucket("facts").send().await.unwrap();
    let names: Vec<_> = listed.contents().iter().filter_map(|object| object.key()).collect();
    assert_eq!(names.len(), 1, "{names:?}");
    assert!(names[0].starts_with(&format!("facts/utc_day={}/utc_hour={}/", &then[..10], &then[11..13])), "{names:?}");

    // 4. The database goes away: the stream keeps what was not counted.
    drop(stack.emulator);
    let failed = count.outcome(event("analytics_count", &[("20000000000000000101", "20000000000000000102")])).await;
    assert!(failed.unwrap_err().contains("the task failed; its log says why"));
}
