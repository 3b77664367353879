//! Deletions running in this process on a data folder of their own: engine, way out, runner, and a clock that tests
//! move on.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as loudly as the test")]

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{fs, io};

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::support::pictures::mix;
use cenotaph::config::Keys as KeyFiles;
use cenotaph::engine::deletions::Options;
use cenotaph::engine::jobs::Runner;
use cenotaph::engine::{
    CopyRequest, DeletionParts, DeletionRequest, Deletions, Effort, Engine, Keys, attend, jobs,
};
use cenotaph::erasure::{Backoff, ReceiptKey};
use cenotaph::model::{
    Actor, Clock, CopyKind, CopyState, DeletionEventSeq, DeletionId, DeletionReason, DeletionState,
    Engagement, Environment, Posted, UnixSeconds, Visibility,
};
use cenotaph::pools::Pools;
use cenotaph::wire::DeletionDetails;
use cenotaph::{engine, erasure, media, pools, remote};

pub use crate::support::pictures::{file_path, file_uri, picture};

/// Nothing here takes longer.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// 2026-01-31T12:00:00Z.
pub const START: UnixSeconds = 1_769_860_800;

/// Goes on by itself, and further when it is told to.
pub struct TestClock {
    begun: Instant,
    ahead_s: AtomicI64,
}

impl TestClock {
    pub fn new() -> TestClock {
        TestClock { begun: Instant::now(), ahead_s: AtomicI64::new(START) }
    }

    pub fn skip(&self, seconds: i64) {
        self.ahead_s.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> UnixSeconds {
        self.ahead_s.load(Ordering::SeqCst) + self.begun.elapsed().as_secs().cast_signed()
    }
}

/// A place with keys and a folder for media; deletions may be running on it.
pub struct World {
    pub dir: TempDir,
    pub clock: Arc<TestClock>,
    pub runtime: tokio::runtime::Runtime,
    pub options: Options,
    pub remote: remote::Options,
}

/// Deletions at work on a world's data folder.
pub struct Running<'w> {
    pub world: &'w World,
    pub engine: Arc<Engine>,
    pub deletions: Arc<Deletions>,
    stop: CancellationToken,
    runner: Option<tokio::task::JoinHandle<()>>,
}

/// Options with which a failure is tried again after a second.
pub fn quick() -> Options {
    let erasure = erasure::Options {
        backoff: Backoff { first_s: 1, max_s: 1 },
        stuck_after: 3,
        ..erasure::Options::default()
    };
    Options { erasure, ..Options::default() }
}

impl World {
    pub fn new() -> World {
        World::at(tempfile::tempdir().unwrap())
    }

    pub fn at(dir: TempDir) -> World {
        let media = dir.path().join("media");
        fs::create_dir_all(&media).unwrap();
        let remote = remote::Options {
            file_roots: vec![media],
            networks_allowed: vec!["127.0.0.1".parse().unwrap()],
            ..remote::Options::default()
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        World { dir, clock: Arc::new(TestClock::new()), runtime, options: quick(), remote }
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Puts a picture that is not like any other of this number; returns its address.
    pub fn put_picture(&self, name: &str, number: u64) -> String {
        let path = self.path("media").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, picture(number)).unwrap();
        file_uri(&path)
    }

    pub fn put(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path("media").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        file_uri(&path)
    }

    /// Opens the data folder and starts the runner.
    pub fn start(&self) -> Running<'_> {
        let mut running = self.open();
        running.run();
        running
    }

    /// Opens the data folder; nothing is carried out yet.
    pub fn open(&self) -> Running<'_> {
        let mut fill = 0;
        let mut entropy = |buffer: &mut [u8]| {
            fill += 1;
            buffer.fill(fill);
            Ok(())
        };
        let (files, _) = KeyFiles::open_or_make(&self.path("keys"), &mut entropy).unwrap();
        let keys = Keys { fingerprint: files.fingerprint, identity: files.identity };
        let media = media::Options {
            worker_exe: PathBuf::from(env!("CARGO_BIN_EXE_cenotaph")),
            ..media::Options::default()
        };
        let options = engine::Options { media, ..engine::Options::default() };
        let engine =
            Engine::open_writing(&self.data(), keys, options, "test", &*self.clock).unwrap();
        let engine = Arc::new(engine);
        let pools = Pools::new(&pools::Options::default());
        let deletions = Deletions::open(DeletionParts {
            engine: engine.clone(),
            remote: remote::Remote::new(&self.remote, pools.clone()).unwrap(),
            pools,
            environment: self.environment(),
            receipt_key: ReceiptKey::from_seed(&[7; 32]),
            outbox: jobs::Wake::default(),
            options: self.options.clone(),
        });
        Running {
            world: self,
            engine,
            deletions: deletions.unwrap(),
            stop: CancellationToken::new(),
            runner: None,
        }
    }

    pub fn environment(&self) -> Environment {
        // Unlike in each process: ids must differ from those of the process before.
        let next = AtomicU64::new(u64::from(std::process::id()) << 32);
        let entropy = move |buffer: &mut [u8]| -> io::Result<()> {
            for piece in buffer.chunks_mut(8) {
                let bytes = mix(next.fetch_add(1, Ordering::SeqCst)).to_le_bytes();
                piece.copy_from_slice(&bytes[..piece.len()]);
            }
            Ok(())
        };
        Environment { clock: self.clock.clone(), entropy: Arc::new(entropy) }
    }
}

impl Running<'_> {
    pub fn run(&mut self) {
        let pools = Pools::new(&pools::Options::default());
        let clock: Arc<dyn Clock> = self.world.clock.clone();
        let options = jobs::Options { grace_s: 5, ..jobs::Options::default() };
        let mut runner = Runner::new(pools, clock, options);
        attend(&self.deletions, &mut runner);
        self.runner = Some(self.world.runtime.spawn(runner.run(self.stop.clone())));
    }

    /// Time passes, and the runner notices.
    pub fn skip(&self, seconds: i64) {
        self.world.clock.skip(seconds);
        self.deletions.wake().wake();
        self.deletions.forget_wake().wake();
    }

    #[track_caller]
    pub fn request(&self, request: &DeletionRequest) -> DeletionId {
        self.deletions.request(request, Actor::Local).unwrap().id
    }

    pub fn show(&self, id: DeletionId) -> DeletionDetails {
        self.deletions.show(id).unwrap().unwrap()
    }

    #[track_caller]
    pub fn visibility(&self, video: &str) -> Visibility {
        let shown = self.world.runtime.block_on(self.deletions.visibility(video));
        shown.unwrap().visibility
    }

    #[track_caller]
    pub fn wait_for(&self, id: DeletionId, state: DeletionState) -> DeletionDetails {
        self.wait(id, state.as_str(), |view| view.deletion.state() == state)
    }

    /// Waits until somebody should look after it.
    #[track_caller]
    pub fn wait_for_stuck(&self, id: DeletionId) -> DeletionDetails {
        self.hasten(id, "stuck", |view| view.deletion.state() == DeletionState::Stuck)
    }

    #[track_caller]
    pub fn wait(
        &self,
        id: DeletionId,
        what: &str,
        is: impl Fn(&DeletionDetails) -> bool,
    ) -> DeletionDetails {
        let begun = Instant::now();
        loop {
            let view = self.show(id);
            if is(&view) {
                return view;
            }
            assert!(begun.elapsed() < PATIENCE, "not {what}: {view:#?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for what comes after some failures, between which seconds would pass: they pass at once.
    #[track_caller]
    pub fn hasten(
        &self,
        id: DeletionId,
        what: &str,
        is: impl Fn(&DeletionDetails) -> bool,
    ) -> DeletionDetails {
        let last = Cell::new(u32::MAX);
        let tries = |view: &DeletionDetails| {
            view.deletion.failures + view.copies.iter().map(|(copy, _)| copy.attempts).sum::<u32>()
        };
        let seen = |view: &DeletionDetails| {
            // One try a second of the test's clock, as it would be without haste.
            if last.replace(tries(view)) != tries(view) {
                self.skip(1);
            }
            is(view)
        };
        self.wait(id, what, seen)
    }

    /// How a file is judged as somebody's upload.
    pub fn check(&self, bytes: &[u8], uploader: Option<&str>) -> cenotaph::model::Report {
        let path = self.world.path("upload");
        fs::write(&path, bytes).unwrap();
        self.engine.check(&path, uploader, Effort::Thorough).unwrap()
    }

    pub fn kinds(&self, id: DeletionId) -> Vec<&'static str> {
        let (events, _) =
            self.deletions.events(id, DeletionEventSeq::default(), 1000).unwrap().unwrap();
        events.iter().map(|event| event.kind.as_str()).collect()
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(runner) = self.runner.take() {
            let _ = self.world.runtime.block_on(runner);
        }
    }
}

pub fn request(video: &str, copies: Vec<CopyRequest>) -> DeletionRequest {
    DeletionRequest {
        video: video.to_owned(),
        owner: Some("owner-anna".to_owned()),
        reason: DeletionReason::OwnerRequest,
        uploaded_at: Some(Posted::at(START - 86_400 * 40)),
        original: false,
        engagement: Engagement { views: 1000, likes: 10, comments: 3, shares: 1 },
        copies,
        metadata: None,
    }
}

pub fn copy(kind: CopyKind, uri: &str) -> CopyRequest {
    CopyRequest { kind, uri: uri.to_owned(), prefix: false, delete_after: None }
}

pub fn main_copy(uri: &str) -> CopyRequest {
    copy(CopyKind::Main, uri)
}

pub fn prefix(kind: CopyKind, uri: &str) -> CopyRequest {
    CopyRequest { prefix: true, ..copy(kind, uri) }
}

pub fn all_gone(view: &DeletionDetails) -> bool {
    view.copies.iter().all(|(copy, _)| copy.state == CopyState::Gone)
}
