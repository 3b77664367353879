//! A running `cenotaph serve`, called over HTTP.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const PROGRAM: &str = env!("CARGO_BIN_EXE_cenotaph");

pub struct Served {
    child: Child,
    pub address: String,
    key: String,
    /// From the start to the first success of `/readyz`.
    pub ready: Duration,
}

impl Served {
    /// Starts the service and waits until it is ready.
    pub async fn start(dir: &Path, client: &reqwest::Client, variables: &[(&str, &str)]) -> Served {
        let begun = Instant::now();
        let mut command = Command::new(PROGRAM);
        command
            .current_dir(dir)
            .env("CENOTAPH_KEYS", dir.join("keys"))
            .envs(variables.iter().copied());
        command.args(["--data", "data", "serve", "--listen", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().expect("the service listens").unwrap();
            let value: Value = serde_json::from_str(&line).unwrap_or_default();
            if value["message"] == "listening" {
                break value["address"].as_str().unwrap().to_owned();
            }
        };
        // Nobody reads the log, and a full pipe would block the service.
        std::thread::spawn(move || lines.for_each(drop));
        let kept = key_file(dir);
        if !kept.exists() {
            let mut line = String::new();
            BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
            std::fs::write(&kept, line.trim()).unwrap();
        }
        let key = std::fs::read_to_string(kept).unwrap();
        let mut served = Served { child, address, key, ready: Duration::ZERO };
        while !served.is_ready(client).await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        served.ready = begun.elapsed();
        served
    }

    async fn is_ready(&self, client: &reqwest::Client) -> bool {
        let asked = client.get(self.url("/readyz")).send().await;
        asked.is_ok_and(|answer| answer.status().is_success())
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn post(
        &self,
        client: &reqwest::Client,
        path: &str,
        body: Vec<u8>,
    ) -> reqwest::RequestBuilder {
        client.post(self.url(path)).bearer_auth(&self.key).body(body)
    }

    pub async fn get(&self, client: &reqwest::Client, path: &str) -> String {
        let asked = client.get(self.url(path)).bearer_auth(&self.key).send().await;
        asked.unwrap().text().await.unwrap()
    }

    /// The value of a metric by its full name.
    pub async fn metric(&self, client: &reqwest::Client, name: &str) -> f64 {
        let text = self.get(client, "/metrics").await;
        let line = text.lines().find(|line| line.split(' ').next() == Some(name));
        line.map_or(0.0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
    }

    /// Resident memory of the service and its workers, bytes: in total, and without file pages (the index).
    pub fn resident(&self) -> (u64, u64) {
        // Workers are the children of a child.
        let (mut found, mut sum) = (vec![self.child.id()], (0, 0));
        while let Some(pid) = found.pop() {
            let one = of_process(pid);
            sum = (sum.0 + one.0, sum.1 + one.1);
            let tasks = std::fs::read_dir(format!("/proc/{pid}/task"));
            for task in tasks.into_iter().flatten().flatten() {
                let listed = std::fs::read_to_string(task.path().join("children"));
                let listed = listed.unwrap_or_default();
                found.extend(listed.split_whitespace().filter_map(|pid| pid.parse::<u32>().ok()));
            }
        }
        sum
    }
}

fn key_file(dir: &Path) -> PathBuf {
    dir.join("first-key")
}

fn of_process(pid: u32) -> (u64, u64) {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0)
            * 1024
    };
    (field("VmRSS:"), field("RssAnon:"))
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
