//! Real servers for a test: S3 in this process, programs of others as processes that go with the test, and small web
//! servers that answer as they are told.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as loudly as the test")]

use std::net::{SocketAddr, TcpListener as StdListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use cenotaph::remote::{S3Credentials, S3Options};
use tower::ServiceExt;

/// Long enough for a Python program on a busy machine.
const STARTING: Duration = Duration::from_secs(60);

/// A program in the folder that `make test-tools` fills.
pub fn tool(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-tools").join(path);
    path.exists().then_some(path)
}

/// A program of the system.
pub fn program(name: &str) -> Option<PathBuf> {
    let folders = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];
    folders.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.exists())
}

/// Node: the one that `make test-tools` installs, or the system's.
pub fn node() -> Option<PathBuf> {
    tool("node/bin/node").or_else(|| program("node"))
}

/// A port that nobody has at the moment.
pub fn free_port() -> u16 {
    StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A process that goes with the test.
pub struct Process(Child);

impl Process {
    /// Starts a program and waits until it takes connections.
    pub fn start(command: &mut Command, port: u16) -> Process {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = Process(command.spawn().unwrap());
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(process.0.try_wait().unwrap().is_none(), "it ended: {command:?}");
            assert!(begun.elapsed() < STARTING, "it does not listen: {command:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        process
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Gently, so that a program with children of its own ends these too.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(5) {
            if self.0.try_wait().is_ok_and(|ended| ended.is_some()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A web server in this process whose answers are made by a function.
pub struct Web {
    pub address: SocketAddr,
    /// Methods and paths with queries, as they came.
    pub seen: Arc<Mutex<Vec<String>>>,
}

impl Web {
    pub fn start(
        runtime: &tokio::runtime::Runtime,
        answer: impl Fn(&Request) -> Response + Send + Sync + 'static,
    ) -> Web {
        let answer = Arc::new(answer);
        Web::start_async(runtime, move |request| {
            let answer = answer.clone();
            async move { answer(&request) }
        })
    }

    pub fn start_async<F>(
        runtime: &tokio::runtime::Runtime,
        answer: impl Fn(Request) -> F + Clone + Send + Sync + 'static,
    ) -> Web
    where
        F: Future<Output = Response> + Send + 'static,
    {
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = seen.clone();
        let router = Router::new().fallback(move |request: Request| {
            log.lock().unwrap().push(format!("{} {}", request.method(), request.uri()));
            answer(request)
        });
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move { axum::serve(listener, router).await });
        Web { address, seen }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn count(&self, method: &str) -> usize {
        self.seen.lock().unwrap().iter().filter(|line| line.starts_with(method)).count()
    }
}

pub fn status(code: u16) -> Response {
    StatusCode::from_u16(code).unwrap().into_response()
}

/// An S3 server on a folder, over HTTP, in this process; it can be told to fail.
pub struct S3 {
    pub web: Web,
    root: PathBuf,
    faults: Arc<AtomicI64>,
}

impl S3 {
    pub const KEY: &str = "AKTESTKEY";
    pub const SECRET: &str = "test-secret";

    pub fn start(runtime: &tokio::runtime::Runtime, root: &Path, bucket: &str) -> S3 {
        let auth = s3s::auth::SimpleAuth::from_single(S3::KEY, S3::SECRET);
        S3::start_with(runtime, root, bucket, |builder| builder.set_auth(auth))
    }

    /// One that asks for no signature.
    pub fn start_open(runtime: &tokio::runtime::Runtime, root: &Path, bucket: &str) -> S3 {
        S3::start_with(runtime, root, bucket, |_| {})
    }

    fn start_with(
        runtime: &tokio::runtime::Runtime,
        root: &Path,
        bucket: &str,
        set_up: impl FnOnce(&mut s3s::service::S3ServiceBuilder),
    ) -> S3 {
        std::fs::create_dir_all(root.join(bucket)).unwrap();
        let files = s3s_fs::FileSystem::new(root).unwrap();
        let mut builder = s3s::service::S3ServiceBuilder::new(files);
        set_up(&mut builder);
        let service = builder.build();
        let faults = Arc::new(AtomicI64::new(0));
        let left = faults.clone();
        let web = Web::start_async(runtime, move |mut request| {
            let service = service.clone();
            // Bearer tokens are checked by whatever stands in front of a store.
            let headers = request.headers_mut();
            if headers.get("authorization").is_some_and(|a| a.as_bytes().starts_with(b"Bearer")) {
                headers.remove("authorization");
            }
            let fault = left.fetch_sub(1, Ordering::SeqCst) > 0;
            async move {
                if fault {
                    return status(500);
                }
                match service.oneshot(request).await {
                    Ok(response) => response.map(Body::new).into_response(),
                    Err(_) => status(500),
                }
            }
        });
        S3 { web, root: root.to_path_buf(), faults }
    }

    /// The next so many requests are answered with 500.
    pub fn fail(&self, requests: i64) {
        self.faults.store(requests, Ordering::SeqCst);
    }

    pub fn options(&self) -> S3Options {
        S3Options {
            endpoint: Some(self.web.url("")),
            path_style: true,
            credentials: Some(S3Credentials {
                key_id: S3::KEY.to_owned(),
                secret: S3::SECRET.to_owned(),
                session_token: None,
            }),
            ..S3Options::default()
        }
    }

    pub fn put(&self, bucket: &str, key: &str, bytes: &[u8]) -> String {
        let path = self.root.join(bucket).join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        format!("s3://{bucket}/{key}")
    }

    pub fn has(&self, bucket: &str, key: &str) -> bool {
        self.root.join(bucket).join(key).exists()
    }
}
