//! Lambda as far as a function sees it: its Runtime API, its environment variables as the template sets them, its events.

use lambda_simulator::Simulator;
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use tests::Answer;

type Yaml = serde_yaml_ng::Value;

/// `template.yaml`, as far as it says what a function is.
pub(crate) struct Template(Yaml);

impl Template {
    pub(crate) fn read() -> Self {
        Self(serde_yaml_ng::from_str(&fs::read_to_string(root().join("template.yaml")).unwrap()).unwrap())
    }

    /// The functions by the names of their binaries.
    pub(crate) fn functions(&self) -> BTreeMap<String, &Yaml> {
        let resources = self.0["Resources"].as_mapping().unwrap().values();
        let functions = resources.filter(|resource| resource["Type"] == "AWS::Serverless::Function");
        functions.map(|function| (text(&function["Metadata"]["BuildProperties"]["Binary"]), function)).collect()
    }

    /// What API Gateway sends to the function: `GET /health`. Nothing to one that a stream or a schedule starts.
    pub(crate) fn routes(&self, function: &str) -> Vec<String> {
        let functions = self.functions();
        let events = functions[function]["Properties"]["Events"].as_mapping().unwrap().values();
        let events = events.filter(|event| event["Type"] == "HttpApi");
        let route = |event: &Yaml| {
            let route = &event["Properties"];
            format!("{} {}", text(&route["Method"]), text(&route["Path"]))
        };
        events.map(route).collect()
    }

    /// The function's environment variables: those named there and no others; `deployed` has the values that a deployment finds out or is told.
    pub(crate) fn environment(&self, function: &str, deployed: &HashMap<&str, String>) -> BTreeMap<String, String> {
        let all = [&self.0["Globals"]["Function"], &self.functions()[function]["Properties"]];
        let variables = all.into_iter().filter_map(|place| place["Environment"]["Variables"].as_mapping()).flatten();
        let value = |(name, value): (&Yaml, &Yaml)| {
            let name = text(name);
            let value = deployed.get(name.as_str()).cloned().unwrap_or_else(|| self.default(value));
            (name, value)
        };
        variables.map(value).collect()
    }

    /// What a variable is when nobody says otherwise.
    fn default(&self, value: &Yaml) -> String {
        match value {
            Yaml::Tagged(reference) if reference.tag == "Ref" => {
                text(&self.0["Parameters"][text(&reference.value).as_str()]["Default"])
            }
            // A choice or a name that only a deployment knows: what it is empty for is not there.
            Yaml::Tagged(_) => String::new(),
            _ => text(value),
        }
    }
}

fn text(value: &Yaml) -> String {
    match value {
        Yaml::String(text) => text.clone(),
        Yaml::Number(number) => number.to_string(),
        _ => panic!("{value:?} is neither text nor number"),
    }
}

/// A function's process, waiting for invocations, for as long as this lives.
pub(crate) struct Function {
    lambda: Simulator,
    process: Child,
    log: PathBuf,
}

/// Functions started so far: tests run beside each other, and several may start the same one.
static STARTED: AtomicU64 = AtomicU64::new(0);

impl Function {
    /// Starts the binary `name` with these environment variables and those of Lambda itself, and nothing of ours.
    pub(crate) async fn start(name: &str, environment: BTreeMap<String, String>) -> Self {
        let lambda = Simulator::builder().function_name(name).build().await.unwrap();
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{number}.log"));
        let process = Command::new(binary(name))
            .env_clear()
            .envs(lambda.lambda_env_vars())
            .envs(environment)
            .stdout(File::create(&log).unwrap())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        Self { lambda, process, log }
    }

    /// What API Gateway would answer its caller. Only on a runtime of one thread: on more the simulator can miss the moment an invocation completes.
    pub(crate) async fn answer(&self, event: Value) -> Answer {
        let response = self.outcome(event).await.unwrap_or_else(|fault| panic!("{fault}: {}", self.log()));
        let body = response["body"].as_str().unwrap_or_default();
        let body = if response["isBase64Encoded"] == true { decode(body) } else { body.into() };
        let headers = response["headers"].as_object().unwrap().iter();
        let headers = headers.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
        Answer { status: response["statusCode"].as_u64().unwrap().try_into().unwrap(), headers, body }
    }

    /// What a task answers, or that it failed; as [`Function::answer`].
    pub(crate) async fn outcome(&self, event: Value) -> Result<Value, String> {
        let invocation = self.lambda.enqueue_payload(event).await;
        let done = self.lambda.wait_for_invocation_complete(&invocation, Duration::from_secs(29)).await;
        let done = done.map_err(|fault| fault.to_string())?;
        done.response.map(|response| response.payload).ok_or_else(|| format!("{:?}", done.error))
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn decode(base64: &str) -> Vec<u8> {
    base64::Engine::decode(&base64::prelude::BASE64_STANDARD, base64).unwrap()
}

/// A function's binary beside the test's own; `make test` builds it.
pub(crate) fn binary(name: &str) -> PathBuf {
    let binary = std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join(name);
    assert!(binary.exists(), "{} is not built: use `make test`", binary.display());
    binary
}

/// The project's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The function's sample event, with every mention of some texts in it replaced: texts that must be there.
pub(crate) fn event(function: &str, replaced: &[(&str, &str)]) -> Value {
    let mut event = fs::read_to_string(root().join(format!("events/{function}.json"))).unwrap();
    for (sample, real) in replaced {
        assert!(event.contains(sample), "the event of {function} does not mention {sample}");
        event = event.replace(sample, real);
    }
    serde_json::from_str(&event).unwrap()
}
