//! The running service, as programs meet it: started on a sandbox, called over HTTP, ended or killed.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as loudly as the test")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::http;
use crate::support::sandbox::Sandbox;

/// What the slowest step may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A service that runs on a sandbox.
pub struct Service<'a> {
    pub sandbox: &'a Sandbox,
    pub address: String,
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
    /// Sent with every request unless `call` is told otherwise.
    pub key: String,
}

/// What the service answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// Asserts the status and returns the body.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// Asserts a problem of this status and kind, as every error must be, and returns its `detail`.
    #[track_caller]
    pub fn problem(&self, status: u16, kind: &str) -> String {
        let body = self.expect(status);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(body["type"], format!("/problems/{kind}"), "{body}");
        assert_eq!(body["status"], status, "{body}");
        assert_eq!(body["request_id"], self.header("x-request-id").unwrap(), "{body}");
        assert!(!body["title"].as_str().unwrap().is_empty(), "{body}");
        body["detail"].as_str().unwrap().to_owned()
    }
}

/// A request that is being put together.
pub struct Call<'s> {
    service: &'s Service<'s>,
    builder: reqwest::RequestBuilder,
}

impl Call<'_> {
    pub fn header(self, name: &str, value: &str) -> Self {
        Call { builder: self.builder.header(name, value), ..self }
    }

    pub fn json(self, body: &Value) -> Self {
        let call = self.header("content-type", "application/json");
        Call { builder: call.builder.body(body.to_string()), ..call }
    }

    pub fn body(self, body: impl Into<reqwest::Body>) -> Self {
        Call { builder: self.builder.body(body), ..self }
    }

    pub fn send(self) -> Answer {
        self.try_send().unwrap()
    }

    pub fn try_send(self) -> Result<Answer, reqwest::Error> {
        self.service.runtime.block_on(answer(self.builder))
    }
}

/// Sends a request that somebody else put together.
pub async fn answer(builder: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
    let response = builder.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.bytes().await?.to_vec();
    Ok(Answer { status, headers, body })
}

impl<'a> Service<'a> {
    /// Starts it on the sandbox, with the key of the first start.
    pub fn start(sandbox: &'a Sandbox) -> Service<'a> {
        Service::start_with(sandbox, &[])
    }

    /// The same with variables in its environment, such as `CENOTAPH_RATE_LIMIT__REQUESTS_PER_S`.
    pub fn start_with(sandbox: &'a Sandbox, variables: &[(&str, &str)]) -> Service<'a> {
        Service::begin(sandbox, variables).unwrap_or_else(|log| panic!("{log}")).with_key()
    }

    /// The same with a data folder that is a file system of its own, of this size, which only the service sees; `None`
    /// where that cannot be had.
    pub fn start_on_small_disk(sandbox: &'a Sandbox, size: &str) -> Option<Service<'a>> {
        let mount = format!("mount -t tmpfs -o size={size} tmpfs data && exec \"$0\" \"$@\"");
        let wrapper = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", &mount];
        Service::begin_by(&wrapper, sandbox, &[]).ok().map(Service::with_key)
    }

    fn with_key(mut self) -> Service<'a> {
        let service = &mut self;
        let sandbox = service.sandbox;
        // The first start shows a key; later ones use the same.
        let kept = sandbox.path("first-key");
        let mut stdout = service.child.stdout.take().unwrap();
        if !kept.exists() {
            let mut line = String::new();
            BufReader::new(&mut stdout).read_line(&mut line).unwrap();
            std::fs::write(&kept, line.trim()).unwrap();
        }
        service.key = std::fs::read_to_string(kept).unwrap();
        self
    }

    /// Starts it and waits until it listens; the log when it does not.
    pub fn begin(sandbox: &'a Sandbox, variables: &[(&str, &str)]) -> Result<Service<'a>, String> {
        Service::begin_by(&[], sandbox, variables)
    }

    /// The same by a program that runs it in its own place.
    fn begin_by(
        wrapper: &[&str],
        sandbox: &'a Sandbox,
        variables: &[(&str, &str)],
    ) -> Result<Service<'a>, String> {
        let program = env!("CARGO_BIN_EXE_cenotaph");
        let mut words = wrapper.iter().copied().chain([program]);
        let mut command = Command::new(words.next().unwrap_or(program));
        command.args(words);
        command.current_dir(sandbox.path("")).env_clear();
        command.env("CENOTAPH_KEYS", sandbox.path("keys")).envs(variables.iter().copied());
        command.args(["--data", "data", "serve", "--listen", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (stderr, lines) = (child.stderr.take().unwrap(), log.clone());
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                lines.lock().unwrap().push(line);
            }
        });
        let begun = Instant::now();
        let address = loop {
            let found = log.lock().unwrap().iter().find_map(|line| listening(line));
            if let Some(address) = found {
                break address;
            }
            if child.try_wait().unwrap().is_some() || begun.elapsed() > PATIENCE {
                reader.join().unwrap();
                return Err(log.lock().unwrap().join("\n"));
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let client = http::client().timeout(PATIENCE).build().unwrap();
        let (reader, key) = (Some(reader), String::new());
        Ok(Service { sandbox, address, child, log, reader, runtime, client, key })
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request with the service's key.
    pub fn call(&self, method: &str, path: &str) -> Call<'_> {
        self.call_as(Some(&self.key), method, path)
    }

    /// A request with another key, or none.
    pub fn call_as(&self, key: Option<&str>, method: &str, path: &str) -> Call<'_> {
        let mut builder = self.client.request(method.parse().unwrap(), self.url(path));
        if let Some(key) = key {
            builder = builder.header("authorization", format!("Bearer {key}"));
        }
        Call { service: self, builder }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.call("GET", path).send()
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.call("POST", path).json(body).send()
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path).send()
    }

    /// A key with these scopes, made by the API.
    pub fn key_for(&self, scopes: &[&str]) -> String {
        let body = serde_json::json!({ "name": "test", "scopes": scopes });
        let made = self.post("/v1/keys", &body).expect(201);
        made["secret"].as_str().unwrap().to_owned()
    }

    /// Runs something asynchronous beside it.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Begins something asynchronous and goes on.
    pub fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        self.runtime.spawn(future)
    }

    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// Asks again and again until the answer is there.
    #[track_caller]
    pub fn wait_for<T>(&self, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(found) = ask() {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "no {what}; the log:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; returns the exit code and the whole log.
    pub fn stop(mut self) -> (Option<i32>, String) {
        self.terminate();
        let status = self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        (status.code(), self.log())
    }

    /// Sends SIGTERM and goes on.
    pub fn terminate(&self) {
        let sent = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Service<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let mut rest = String::new();
            if let Some(stdout) = &mut self.child.stdout {
                let _ = stdout.read_to_string(&mut rest);
            }
            // So that a failed test shows what the service said.
            println!("the service's log:\n{}", self.log());
        }
    }
}

fn listening(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    let found = line["message"] == "listening";
    found.then(|| line["address"].as_str().unwrap().to_owned())
}
