//! Variables and sample events of every function.

use super::*;

#[test]
fn a_function_that_lacks_a_variable_ends_and_names_it() {
    let template = Template::read();
    for name in template.functions().keys() {
        let mut environment = template.environment(name, &nowhere());
        environment.remove("TABLE_NAME").unwrap();
        let ended = Command::new(binary(name)).env_clear().envs(environment).env("AWS_REGION", "us-east-1").output();
        let ended = ended.unwrap();
        let log = String::from_utf8(ended.stdout).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{name}: {log}");
        let mut last: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
        last.as_object_mut().unwrap().remove("timestamp").unwrap();
        assert_eq!(
            last,
            json!({
                "level": "ERROR", "target": "functions", "message": "the function cannot run",
                "fault": "building the service's parts: TABLE_NAME is not set",
            }),
            "{name}"
        );
    }
}

#[test]
fn every_function_of_the_template_has_a_sample_event_that_api_gateway_could_send() {
    let template = Template::read();
    for name in template.functions().keys() {
        let event = event(name, &[]);
        if event["Records"][0]["eventSource"] == "aws:sqs" {
            let attributes = &event["Records"][0]["attributes"];
            assert!(attributes["MessageGroupId"].is_string() && attributes["ApproximateReceiveCount"] == "1", "{name}");
            continue;
        }
        if event["Records"][0]["eventSource"] == "aws:sqs" {
            assert!(event["Records"][0]["attributes"]["MessageGroupId"].is_string());
            continue;
        }
        if name.ends_with("_worker") {
            assert_eq!((&event["source"], &event["detail-type"]), (&json!("aws.events"), &json!("Scheduled Event")));
            continue;
        }
        if name == "login_challenge" {
            assert_eq!(event["triggerSource"], "VerifyAuthChallengeResponse_Authentication");
            continue;
        }
        if name == "post_bounces" {
            let record = &event["Records"][0];
            assert_eq!((&record["EventSource"], &record["Sns"]["Type"]), (&json!("aws:sns"), &json!("Notification")));
            continue;
        }
        if template.routes(name).is_empty() {
            let record = &event["Records"][0];
            assert_eq!((&record["eventSource"], &record["eventName"]), (&json!("aws:dynamodb"), &json!("INSERT")));
            let start = if name == "analytics_count" { "B#" } else { "J#" };
            assert!(record["dynamodb"]["Keys"]["PK"]["S"].as_str().unwrap().starts_with(start));
            continue;
        }
        let route = event["routeKey"].as_str().unwrap();
        assert!(template.routes(name).iter().any(|known| known == route), "{name} has no route {route}");
        let http = &event["requestContext"]["http"];
        assert_eq!(event["requestContext"]["routeKey"], route);
        assert_eq!(event["rawPath"], http["path"]);
        let parameters = event["pathParameters"].as_object().into_iter().flatten();
        let path = parameters.fold(route.to_owned(), |path, (parameter, value)| {
            path.replace(&format!("{{{parameter}}}"), value.as_str().unwrap())
        });
        assert_eq!(path, format!("{} {}", http["method"].as_str().unwrap(), http["path"].as_str().unwrap()));
    }
    let body = fs::read_to_string(root().join("events/certify/one-dose.json")).unwrap();
    let certify = event("certify", &[]);
    assert_eq!(certify["body"], body);
    assert_eq!(certify["headers"]["content-length"], body.len().to_string());
}
