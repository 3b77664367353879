//! Claims about the runner, with a source in memory and a clock that tests set.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use super::*;
use crate::pools;

#[derive(Default)]
struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> UnixSeconds {
        self.0.load(Ordering::SeqCst)
    }
}

#[derive(Debug, Clone, Default)]
struct Kept {
    due_at: i64,
    lease_until: i64,
    runs: usize,
}

/// How a test job behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Does {
    Ends,
    PanicsOnce,
    NeverEnds,
}

#[derive(Default)]
struct Memory {
    jobs: Mutex<BTreeMap<i64, (Kept, Option<Does>)>>,
    claims: AtomicUsize,
    extended: AtomicUsize,
    running: AtomicUsize,
    most: AtomicUsize,
}

impl Memory {
    fn put(&self, key: i64, due_at: i64, does: Does) {
        let kept = Kept { due_at, ..Kept::default() };
        self.jobs.lock().unwrap().insert(key, (kept, Some(does)));
    }

    fn runs(&self, key: i64) -> usize {
        self.jobs.lock().unwrap()[&key].0.runs
    }

    async fn work(self: Arc<Self>, key: i64, does: Does) {
        self.most.fetch_max(self.running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(10)).await;
        self.running.fetch_sub(1, Ordering::SeqCst);
        if does == Does::NeverEnds {
            std::future::pending::<()>().await;
        }
        let runs = self.jobs.lock().unwrap()[&key].0.runs;
        assert!(does != Does::PanicsOnce || runs > 1, "as asked");
        self.jobs.lock().unwrap().get_mut(&key).unwrap().1 = None;
    }
}

impl Source for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn claim(self: Arc<Self>, take: Take) -> Result<Claim> {
        self.claims.fetch_add(1, Ordering::SeqCst);
        let mut jobs = self.jobs.lock().unwrap();
        let mut claim = Claim::default();
        for (key, (kept, does)) in jobs.iter_mut() {
            let Some(does) = *does else { continue };
            if kept.due_at > take.now
                || kept.lease_until > take.now
                || claim.jobs.len() == take.limit
            {
                let next = kept.due_at.max(kept.lease_until);
                claim.next_due_at = Some(claim.next_due_at.map_or(next, |at: i64| at.min(next)));
                continue;
            }
            kept.lease_until = take.lease_until;
            kept.runs += 1;
            claim.jobs.push(Job { key: *key, work: Box::pin(self.clone().work(*key, does)) });
        }
        Ok(claim)
    }

    fn extend(&self, keys: &[i64], lease_until: UnixSeconds) -> Result<()> {
        self.extended.fetch_add(1, Ordering::SeqCst);
        let mut jobs = self.jobs.lock().unwrap();
        keys.iter().for_each(|key| jobs.get_mut(key).unwrap().0.lease_until = lease_until);
        Ok(())
    }
}

struct Rig {
    memory: Arc<Memory>,
    clock: Arc<TestClock>,
    wake: Wake,
    stop: CancellationToken,
    runner: tokio::task::JoinHandle<()>,
}

fn start(jobs_max: usize) -> Rig {
    let (memory, clock) = (Arc::new(Memory::default()), Arc::new(TestClock::default()));
    let options = Options { lease_s: 30, idle_s: 60, grace_s: 1 };
    let mut runner = Runner::new(Pools::new(&pools::Options::default()), clock.clone(), options);
    let wake = runner.add(memory.clone(), jobs_max);
    let stop = CancellationToken::new();
    let runner = tokio::spawn(runner.run(stop.clone()));
    Rig { memory, clock, wake, stop, runner }
}

async fn until(what: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if what() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("the condition never became true");
}

#[tokio::test]
async fn every_job_runs_once_and_at_most_jobs_max_at_a_time() {
    let rig = start(3);
    (0..40).for_each(|key| rig.memory.put(key, 0, Does::Ends));
    rig.wake.wake();
    until(|| (0..40).all(|key| rig.memory.runs(key) == 1)).await;
    assert_eq!(rig.memory.most.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn a_job_runs_when_it_is_due_and_not_before() {
    let rig = start(3);
    rig.memory.put(1, 5, Does::Ends);
    rig.wake.wake();
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(rig.memory.runs(1), 0);
    rig.clock.0.store(5, Ordering::SeqCst);
    until(|| rig.memory.runs(1) == 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_job_that_panics_runs_again_when_its_lease_has_expired() {
    let rig = start(3);
    rig.memory.put(1, 0, Does::PanicsOnce);
    rig.wake.wake();
    until(|| rig.memory.runs(1) == 1).await;
    tokio::time::sleep(Duration::from_secs(70)).await;
    assert_eq!(rig.memory.runs(1), 1, "its lease holds");
    rig.clock.0.store(31, Ordering::SeqCst);
    rig.wake.wake();
    until(|| rig.memory.runs(1) == 2).await;
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_extended_while_its_job_runs() {
    let rig = start(3);
    rig.memory.put(1, 0, Does::NeverEnds);
    rig.wake.wake();
    until(|| rig.memory.runs(1) == 1).await;
    for now in (10..200).step_by(10) {
        rig.clock.0.store(now, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
    assert_eq!(rig.memory.runs(1), 1);
    assert!(rig.memory.extended.load(Ordering::SeqCst) >= 10);
}

#[tokio::test(start_paused = true)]
async fn an_idle_runner_claims_once_a_minute() {
    let rig = start(3);
    tokio::time::sleep(Duration::from_secs(600)).await;
    let claims = rig.memory.claims.load(Ordering::SeqCst);
    assert!((10..=12).contains(&claims), "{claims}");
}

#[tokio::test(start_paused = true)]
async fn shutdown_waits_for_running_jobs_only_for_the_grace_period() {
    let rig = start(3);
    rig.memory.put(1, 0, Does::NeverEnds);
    rig.memory.put(2, 0, Does::Ends);
    rig.wake.wake();
    until(|| rig.memory.runs(1) == 1).await;
    rig.stop.cancel();
    rig.runner.await.unwrap();
    assert_eq!(rig.memory.jobs.lock().unwrap()[&2].1, None, "it was running and has ended");
}
