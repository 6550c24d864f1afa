//! What every Lambda binary does: log as JSON, build the service's parts, answer invocations with its routes or do its task.

use anyhow::{Context, anyhow};
use axum::{Router, body::to_bytes};
use issuer::{
    App,
    client::Peer,
    config::log_levels,
    log::is_safe,
    ports::{Lane, Message},
    work,
};
use lambda_http::{
    Body, IntoResponse, LambdaEvent, Request, RequestExt, Response, request::RequestContext, service_fn,
    tower::ServiceExt,
};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    future::{Future, ready},
    pin::Pin,
    process::ExitCode,
};
use tokio::task::JoinSet;
use tracing::{Level, Subscriber, subscriber::set_global_default};
use tracing_subscriber::{
    Layer,
    filter::{Targets, filter_fn},
    fmt,
    fmt::MakeWriter,
    layer::SubscriberExt,
    registry,
};

/// Serves `routes` until Lambda stops the process.
///
/// The parts come as a future so that the log is set up before they are built. If they can't be built the process ends with a failure, and its last line
/// of log names the variable or resource at fault.
pub async fn run(routes: Router<App>, app: impl Future<Output = anyhow::Result<App>>) -> ExitCode {
    ended(logged().and(serve(routes, app).await))
}

/// Does `task` at each invocation, whatever event it comes with: for streams and schedules. A task that fails fails the invocation, which Lambda counts and
/// tries again; its cause is logged.
pub async fn run_task(
    task: impl AsyncFn(App) -> anyhow::Result<()>,
    app: impl Future<Output = anyhow::Result<App>>,
) -> ExitCode {
    run_trigger(async |app, _: IgnoredAny| task(app).await.map(Value::from), app).await
}

/// Answers each event of another service of AWS's, such as a user pool's trigger, with what `answer` makes of it. A failure is logged and fails the invocation.
pub async fn run_trigger<E: DeserializeOwned + Send + 'static>(
    answer: impl AsyncFn(App, E) -> anyhow::Result<Value>,
    app: impl Future<Output = anyhow::Result<App>>,
) -> ExitCode {
    ended(logged().and(perform(answer, app).await))
}

/// Does the work of each message of a lane's queue: of a group one after the other, groups side by side. What could not be done is told to Lambda, which delivers
/// it again, with everything after it in its group.
pub async fn run_lane(lane: Lane, app: impl Future<Output = anyhow::Result<App>>) -> ExitCode {
    run_trigger(async |app, batch: Batch| Ok(take_all(&app, lane, batch).await), app).await
}

/// Messages of SQS, as Lambda hands them over.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Batch {
    records: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    message_id: String,
    body: String,
    attributes: Attributes,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes {
    approximate_receive_count: String,
    message_group_id: String,
    message_deduplication_id: String,
}

async fn take_all(app: &App, lane: Lane, batch: Batch) -> Value {
    let mut groups: BTreeMap<String, Vec<Record>> = BTreeMap::new();
    for record in batch.records {
        groups.entry(record.attributes.message_group_id.clone()).or_default().push(record);
    }
    let mut working = JoinSet::new();
    for records in groups.into_values() {
        let app = app.clone();
        working.spawn(async move {
            let mut records = records.into_iter();
            let left = loop {
                let Some(record) = records.next() else { break None };
                let message = Message {
                    lane,
                    group: record.attributes.message_group_id,
                    id: record.attributes.message_deduplication_id,
                    body: record.body,
                };
                let delivery = record.attributes.approximate_receive_count.parse().unwrap_or(1);
                if work::take(&app, &message, delivery).await.is_err() {
                    break Some(record.message_id);
                }
            };
            left.into_iter().chain(records.map(|record| record.message_id)).collect::<Vec<_>>()
        });
    }
    let left: Vec<_> = working.join_all().await.concat();
    json!({ "batchItemFailures": left.iter().map(|id| json!({ "itemIdentifier": id })).collect::<Vec<_>>() })
}

async fn perform<E: DeserializeOwned + Send + 'static>(
    answer: impl AsyncFn(App, E) -> anyhow::Result<Value>,
    app: impl Future<Output = anyhow::Result<App>>,
) -> anyhow::Result<()> {
    let (app, answer) = (app.await.context("building the service's parts")?, &answer);
    let handler = service_fn(|event: LambdaEvent<E>| {
        let app = app.clone();
        async move {
            let done = answer(app, event.payload).await;
            done.inspect_err(|fault| tracing::error!(cause = format!("{fault:#}"), "task failed"))
                .map_err(|_| lambda_http::Error::from("the task failed; its log says why"))
        }
    });
    lambda_http::lambda_runtime::run(handler).await.map_err(|fault| anyhow!(fault)).context("talking to Lambda")
}

fn logged() -> anyhow::Result<()> {
    let levels = log_levels().parse().unwrap_or_else(|_| Targets::new().with_default(Level::INFO));
    set_global_default(json_lines(levels, std::io::stdout)).context("setting up the log")
}

fn ended(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            tracing::error!(fault = format!("{fault:#}"), "the function cannot run");
            ExitCode::FAILURE
        }
    }
}

async fn serve(routes: Router<App>, app: impl Future<Output = anyhow::Result<App>>) -> anyhow::Result<()> {
    let app = app.await.context("building the service's parts")?;
    let routes = issuer::http::service(routes, app);
    lambda_http::run(service_fn(|request: Request| answer(routes.clone(), request)))
        .await
        .map_err(|fault| anyhow!(fault))
        .context("talking to Lambda")
}

async fn answer(routes: Router, mut request: Request) -> Result<Answer, lambda_http::Error> {
    if let Some(peer) = peer(&request) {
        request.extensions_mut().insert(peer);
    }
    let (head, body) = routes.oneshot(request).await?.into_parts();
    let bytes = Vec::from(to_bytes(body, usize::MAX).await?);
    let body = String::from_utf8(bytes).map_or_else(|fault| Body::Binary(fault.into_bytes()), Body::Text);
    Ok(Answer(Response::from_parts(head, body)))
}

/// Who called API Gateway, as it saw them itself.
fn peer(request: &Request) -> Option<Peer> {
    match request.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => context.http.source_ip.as_deref()?.parse().ok().map(Peer),
        _ => None,
    }
}

/// An answer with its whole body, as Lambda takes it: text as it is, other bytes in Base64. What `lambda_http` does with a body of another type brings the
/// tables of every text encoding into each function, for answers that are all UTF-8.
struct Answer(Response<Body>);

impl IntoResponse for Answer {
    fn into_response(self) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> {
        Box::pin(ready(self.0))
    }
}

/// Writes one JSON object a line, at the levels that `RUST_LOG` asks for (`info` unless said) as far as [`is_safe`] lets them.
fn json_lines<W>(levels: Targets, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let lines = fmt::layer().json().flatten_event(true).with_current_span(false).with_writer(writer);
    registry().with(levels).with(lines.with_filter(filter_fn(is_safe)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'writer> MakeWriter<'writer> for Lines {
        type Writer = Self;

        fn make_writer(&'writer self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn libraries_can_not_be_made_to_log_what_they_carry() {
        let lines = Lines::default();
        tracing::subscriber::with_default(json_lines(Targets::new().with_default(Level::TRACE), lines.clone()), || {
            tracing::trace!(target: "lambda_runtime::layers", body = "personal", "event");
            tracing::debug!(target: "aws_smithy_runtime", body = "personal", "request");
            tracing::warn!(target: "aws_smithy_runtime", "retrying");
            tracing::debug!(target: "issuer::certify", "signing");
        });
        let written = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let messages: Vec<_> = written.lines().map(|line| line.split("\"message\":").nth(1).unwrap()).collect();
        assert_eq!(messages.len(), 2, "{written}");
        assert!(messages[0].starts_with("\"retrying\"") && messages[1].starts_with("\"signing\""), "{written}");
    }
}
