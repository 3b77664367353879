//! The fork server, while it, its workers and its parent are killed. Tests run one at a time, because they share the
//! one fork server of this process and kill it.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as loudly as the test")]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cenotaph::media::{
    Error, Failure, Item, Limit, Options, Plan, Sound, Start, decode, decode_items, fork_server,
};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

static ALONE: Mutex<()> = Mutex::new(());

/// A clip whose frames fill the pipe: a worker waits for its reader after two of them.
struct Scene {
    folder: TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl Scene {
    fn new() -> Scene {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        fork_server::shut_down();
        assert!(
            children_of(std::process::id()).is_empty(),
            "processes of an earlier test are left"
        );
        let folder = tempfile::tempdir().expect("a temporary folder");
        let scene = Scene { folder, _alone: alone };
        scene.draw("a.mp4", "testsrc2=s=320x180:r=10:d=5");
        scene
    }

    fn draw(&self, name: &str, source: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        let made = Command::new("ffmpeg")
            .args(["-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", source])
            .args(["-f", "lavfi", "-i", "sine=d=2", "-c:v", "libx264", "-preset", "ultrafast"])
            .args(["-pix_fmt", "yuv420p"])
            .arg(&path)
            .status()
            .expect("the ffmpeg command is needed for these tests");
        assert!(made.success());
        path
    }

    fn file(&self) -> File {
        File::open(self.folder.path().join("a.mp4")).unwrap()
    }

    fn script(&self, body: &str) -> Options {
        let path = self.folder.path().join("script");
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Options { worker_exe: path, stall_timeout_s: 0.4, ..Options::default() }
    }

    /// Decodes the whole clip and calls `at_first` when the first frame arrives.
    fn decode(&self, options: &Options, at_first: impl FnOnce()) -> Result<u64, Error> {
        let mut at_first = Some(at_first);
        let summary = decode(&self.file(), &Plan::thorough(), options, &mut |_| {
            if let Some(act) = at_first.take() {
                act();
            }
            ControlFlow::Continue(())
        })?;
        Ok(summary.frames_sent)
    }
}

fn options() -> Options {
    Options { worker_exe: PathBuf::from(env!("CARGO_BIN_EXE_cenotaph")), ..Options::default() }
}

/// The children of a process that run or wait to be reaped.
fn children_of(parent: u32) -> Vec<u32> {
    let field = |stat: &str, number: usize| {
        // The name, second, may hold anything.
        stat.rsplit(')').next()?.split_whitespace().nth(number)?.parse::<u32>().ok()
    };
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        if field(&stat, 1) == Some(parent) {
            found.push(entry.file_name().into_string().unwrap().parse().unwrap());
        }
    }
    found
}

/// The only child of this process.
fn the_server() -> u32 {
    let children = children_of(std::process::id());
    assert_eq!(children.len(), 1, "one fork server, and no worker beside it: {children:?}");
    children[0]
}

/// The only child of the only child.
fn the_worker() -> u32 {
    let workers = children_of(the_server());
    assert_eq!(workers.len(), 1, "{workers:?}");
    workers[0]
}

fn send(signal: Signal, process: u32) {
    let pid = Pid::from_raw(i32::try_from(process).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

fn is_gone(process: u32) -> bool {
    // The process that adopts an orphan may be slow to reap it.
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.is_empty() || stat.contains(") Z ")
}

#[track_caller]
fn wait_until(what: &str, fulfilled: impl Fn() -> bool) {
    let begun = Instant::now();
    while !fulfilled() {
        assert!(begun.elapsed() < Duration::from_secs(10), "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[track_caller]
fn how(outcome: Result<u64, Error>) -> Failure {
    match outcome {
        Err(Error::WorkerFailed { how }) => how,
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_server_forks_the_workers_of_many_decodes_and_outlives_them() {
    let scene = Scene::new();
    assert_eq!(scene.decode(&options(), || {}).unwrap(), 20);
    let first = the_server();
    std::thread::scope(|scope| {
        let decodes: Vec<_> =
            (0..8).map(|_| scope.spawn(|| scene.decode(&options(), || {}))).collect();
        for decode in decodes {
            assert_eq!(decode.join().unwrap().unwrap(), 20);
        }
    });
    assert_eq!(the_server(), first);
    assert!(children_of(first).is_empty(), "every worker was reaped before its decode returned");
    fork_server::shut_down();
    assert!(is_gone(first));
}

#[test]
fn a_forked_worker_sends_the_same_items_as_a_spawned_one() {
    let scene = Scene::new();
    let plan = Plan { sound: Sound::On, ..Plan::thorough() };
    let items = |start| {
        let mut items: Vec<Item> = Vec::new();
        let options = Options { start, ..options() };
        let summary = decode_items(&scene.file(), &plan, &options, &mut |item| {
            items.push(item);
            ControlFlow::Continue(())
        })
        .unwrap();
        (items, summary)
    };
    let forked = items(Start::Forked);
    assert!(forked.0.iter().any(|item| matches!(item, Item::Sound(_))));
    assert!(forked == items(Start::Spawned));
}

#[test]
fn a_server_that_was_killed_between_two_decodes_is_replaced() {
    let scene = Scene::new();
    assert_eq!(scene.decode(&options(), || {}).unwrap(), 20);
    let first = the_server();
    send(Signal::KILL, first);
    assert_eq!(scene.decode(&options(), || {}).unwrap(), 20);
    assert_ne!(the_server(), first, "the first one was reaped, too");
}

#[test]
fn a_server_that_is_killed_during_a_decode_fails_that_decode_only() {
    let scene = Scene::new();
    let mut victims = Vec::new();
    let begun = Instant::now();
    let outcome = scene.decode(&options(), || {
        victims = vec![the_worker(), the_server()];
        send(Signal::KILL, the_server());
    });
    assert!(matches!(how(outcome), Failure::Killed));
    assert!(begun.elapsed() < Duration::from_secs(5));
    wait_until("the worker dies with the server", || victims.iter().all(|&pid| is_gone(pid)));
    assert_eq!(scene.decode(&options(), || {}).unwrap(), 20);
}

#[test]
fn a_parent_that_is_killed_leaves_no_process_behind() {
    let scene = Scene::new();
    let long = scene.draw("long.mp4", "testsrc2=s=640x360:r=25:d=60");
    let mut parent = Command::new(env!("CARGO_BIN_EXE_cenotaph"))
        .env_clear()
        .env("CENOTAPH_KEYS", scene.folder.path().join("keys"))
        .current_dir(scene.folder.path())
        .args(["--data", "data", "tombstone", "add"])
        .arg(&long)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let workers = || children_of(parent.id()).into_iter().flat_map(children_of);
    wait_until("a decode begins", || workers().next().is_some());
    let family: Vec<u32> = children_of(parent.id()).into_iter().chain(workers()).collect();
    assert_eq!(family.len(), 2);
    parent.kill().unwrap();
    parent.wait().unwrap();
    wait_until("no process is left", || family.iter().all(|&pid| is_gone(pid)));
}

#[test]
fn a_command_that_ends_has_shut_down_its_server() {
    let scene = Scene::new();
    let (keys, data) = (scene.folder.path().join("keys"), scene.folder.path().join("data"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_cenotaph"));
    command.env_clear().env("CENOTAPH_KEYS", &keys).arg("--data").arg(&data);
    let made = command.args(["tombstone", "add"]).arg(scene.folder.path().join("a.mp4")).output();
    assert!(made.unwrap().status.success());
    let exe = Path::new(env!("CARGO_BIN_EXE_cenotaph")).canonicalize().unwrap();
    let runs = |entry: &fs::DirEntry| {
        let words = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        words.ends_with(b"fork-server\0")
            && fs::read_link(entry.path().join("exe")).is_ok_and(|link| link == exe)
    };
    // Programs of other tests may have running servers. Only an orphan's parent is process 1.
    let orphans = fs::read_dir("/proc").unwrap().flatten().filter(runs).filter(|entry| {
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)) == Some("1")
    });
    assert_eq!(orphans.count(), 0);
}

#[test]
fn a_worker_has_its_file_and_its_pipes_and_nothing_else() {
    let scene = Scene::new();
    scene.decode(&options(), || {}).unwrap();
    // The outer decode's worker is alive during the inner one, whose worker must not hold the other's descriptors.
    let outcome = scene.decode(&options(), || {
        let elder = the_worker();
        let inner = scene.decode(&options(), || {
            let younger = children_of(the_server()).into_iter().find(|&pid| pid != elder);
            let proc = PathBuf::from(format!("/proc/{}", younger.unwrap()));
            assert_eq!(fs::read(proc.join("environ")).unwrap(), b"");
            let mut held = BTreeSet::new();
            for entry in fs::read_dir(proc.join("fd")).unwrap() {
                held.insert(fs::read_link(entry.unwrap().path()).unwrap());
            }
            let file = scene.folder.path().join("a.mp4");
            assert!(held.remove(&file), "{held:?}");
            let is_pipe = |path: &PathBuf| path.to_str().unwrap().starts_with("pipe:");
            assert!(held.len() == 2 && held.iter().all(is_pipe), "stdout and stderr: {held:?}");
        });
        assert_eq!(inner.unwrap(), 20);
    });
    assert_eq!(outcome.unwrap(), 20);
}

#[test]
fn each_failure_has_its_error_and_a_crash_retires_the_server() {
    let scene = Scene::new();
    scene.decode(&options(), || {}).unwrap();
    let first = the_server();
    let limits = Options { stall_timeout_s: 0.4, ..options() };
    assert!(matches!(
        how(scene.decode(&limits, || send(Signal::KILL, the_worker()))),
        Failure::Killed
    ));
    assert!(matches!(
        how(scene.decode(&limits, || send(Signal::STOP, the_worker()))),
        Failure::Hung
    ));
    let starved = Options { memory_bytes_max: 100 << 20, ..options() };
    let outcome = scene.decode(&starved, || {});
    assert!(matches!(outcome, Err(Error::LimitReached { which: Limit::Memory })), "{outcome:?}");
    assert!(children_of(first).is_empty(), "each worker was reaped");
    assert_eq!(the_server(), first);
    assert!(matches!(
        how(scene.decode(&limits, || send(Signal::ILL, the_worker()))),
        Failure::Crashed
    ));
    assert!(is_gone(first), "no worker was left to wait for");
    assert_eq!(scene.decode(&options(), || {}).unwrap(), 20);
    assert_ne!(the_server(), first);
}

#[test]
fn a_crash_does_not_disturb_concurrent_decodes() {
    let scene = Scene::new();
    let outcome = scene.decode(&options(), || {
        let server = the_server();
        let elder = the_worker();
        let inner = scene.decode(&options(), || {
            let younger = children_of(server).into_iter().find(|&pid| pid != elder);
            send(Signal::ILL, younger.unwrap());
        });
        assert!(matches!(how(inner), Failure::Crashed));
    });
    assert_eq!(outcome.unwrap(), 20);
}

#[test]
fn a_cancelled_decode_leaves_no_worker() {
    let scene = Scene::new();
    let plan = Plan::thorough();
    let outcome = decode(&scene.file(), &plan, &options(), &mut |_| ControlFlow::Break(()));
    assert!(matches!(outcome, Err(Error::Cancelled)));
    assert!(children_of(the_server()).is_empty());
}

#[test]
fn a_program_that_is_no_fork_server_is_an_error_within_the_limit() {
    let scene = Scene::new();
    for body in ["exit 0", "kill -SEGV $$", "exec sleep 60"] {
        let begun = Instant::now();
        let outcome = scene.decode(&scene.script(body), || {});
        assert!(matches!(how(outcome), Failure::NotStarted(_)), "{body}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{body}");
        assert!(children_of(std::process::id()).is_empty(), "{body}");
    }
    let missing = Options { worker_exe: scene.folder.path().join("none"), ..Options::default() };
    assert!(matches!(how(scene.decode(&missing, || {})), Failure::NotStarted(_)));
    assert_eq!(scene.decode(&options(), || {}).unwrap(), 20);
}

/// User and system time of all reaped children, seconds.
#[expect(unsafe_code, reason = "getrusage has no safe wrapper in the standard library")]
fn cpu_of_children_s() -> f64 {
    // SAFETY: an all-zero rusage is valid, and the call fills the one it is given.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        assert_eq!(libc::getrusage(libc::RUSAGE_CHILDREN, &mut usage), 0);
        usage
    };
    let seconds = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 * 1e-6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

#[test]
fn a_forked_worker_costs_less_than_half_of_a_spawned_one_and_leaks_no_descriptor() {
    let scene = Scene::new();
    // So short that the start is most of the cost; the decoding itself costs both the same.
    let clip = File::open(scene.draw("short.mp4", "testsrc2=s=64x64:r=10:d=0.2")).unwrap();
    let descriptors = || fs::read_dir("/proc/self/fd").unwrap().count();
    let before = descriptors();
    let cost_s = |start| {
        let begun = cpu_of_children_s();
        for _ in 0..30 {
            let options = Options { start, ..options() };
            decode(&clip, &Plan::thorough(), &options, &mut |_| ControlFlow::Continue(())).unwrap();
        }
        fork_server::shut_down();
        (cpu_of_children_s() - begun) / 30.0
    };
    let (spawned, forked) = (cost_s(Start::Spawned), cost_s(Start::Forked));
    println!("a decode of 0.2 s: {:.1} ms forked, {:.1} ms spawned", forked * 1e3, spawned * 1e3);
    assert!(forked < 0.5 * spawned, "{forked} s, {spawned} s");
    assert_eq!(descriptors(), before);
}
