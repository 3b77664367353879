//! Lock-out after failed sign-ins.
//!
//! Failures are counted three ways:
//!
//! - by name and address together, so that guessing at a colleague's password does not lock the colleague out;
//! - by address, against one client that tries many names;
//! - by name, with a far higher limit, against many clients that try one name.
//!
//! The counts are in memory only. A restart clears them, but only the operator can restart the service. And text typed
//! into the name field by mistake (perhaps a password) never reaches the disk.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::model::UnixSeconds;

/// Failures within the window that lock a pair of name and address, an address, or a name.
const PAIR_MAX: u32 = 5;
const ADDRESS_MAX: u32 = 30;
const NAME_MAX: u32 = 100;
/// Window in which failures add up, and duration of a lock, seconds.
const WINDOW_S: i64 = 15 * 60;
/// Entries kept, about 40 bytes each. Beyond this, the older half is dropped.
const ENTRIES_MAX: usize = 30_000;

type Key = [u8; 16];

/// Failed sign-ins, counted by hashed key.
#[derive(Default)]
pub(in crate::engine) struct LockOut(Mutex<HashMap<Key, Failures>>);

#[derive(Clone, Copy)]
struct Failures {
    since: UnixSeconds,
    count: u32,
}

impl LockOut {
    /// Seconds until the lock on this name and address ends. `None` if there is no lock.
    pub fn wait_s(&self, name: &str, address: &str, now: UnixSeconds) -> Option<i64> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = keys(name, address).into_iter().filter_map(|(key, most)| {
            let failures = counts.get(&key)?;
            let passed = now - failures.since;
            // Setting the clock back must not prolong a lock.
            let counts = failures.count >= most && (0..WINDOW_S).contains(&passed);
            counts.then_some(WINDOW_S - passed)
        });
        waits.max()
    }

    /// Counts a failure. Returns true if this failure triggers a lock.
    pub fn fail(&self, name: &str, address: &str, now: UnixSeconds) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() > ENTRIES_MAX {
            let mut times: Vec<UnixSeconds> = counts.values().map(|f| f.since).collect();
            times.sort_unstable();
            let middle = times[times.len() / 2];
            counts.retain(|_, failures| failures.since > middle);
        }
        let mut locks = false;
        for (key, most) in keys(name, address) {
            let failures = counts.entry(key).or_insert(Failures { since: now, count: 0 });
            if !(0..WINDOW_S).contains(&(now - failures.since)) {
                *failures = Failures { since: now, count: 0 };
            }
            failures.count += 1;
            if failures.count == most {
                failures.since = now;
                locks = true;
            }
        }
        locks
    }

    /// Clears the count for this name at this address after a successful sign-in.
    pub fn succeed(&self, name: &str, address: &str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.remove(&keys(name, address)[0].0);
    }
}

fn keys(name: &str, address: &str) -> [(Key, u32); 3] {
    let name = name.to_lowercase();
    let key = |kind: &str, parts: [&str; 2]| {
        let mut hasher = blake3::Hasher::new();
        for part in [kind, parts[0], parts[1]] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let mut short = [0; 16];
        short.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        short
    };
    [
        (key("pair", [&name, address]), PAIR_MAX),
        (key("address", [address, ""]), ADDRESS_MAX),
        (key("name", [&name, ""]), NAME_MAX),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_lock_a_name_at_one_address_only() {
        let locks = LockOut::default();
        let fails = (0..5).map(|at| locks.fail("Ada", "10.0.0.1", at)).collect::<Vec<_>>();
        assert_eq!(fails, [false, false, false, false, true]);
        assert_eq!(locks.wait_s("ada", "10.0.0.1", 10), Some(WINDOW_S - 6));
        assert_eq!(locks.wait_s("ada", "10.0.0.2", 10), None);
        assert_eq!(locks.wait_s("bob", "10.0.0.1", 10), None);
        assert_eq!(locks.wait_s("ada", "10.0.0.1", 5 + WINDOW_S), None);
        // Setting the clock back does not prolong a lock.
        assert_eq!(locks.wait_s("ada", "10.0.0.1", -5000), None);
    }

    #[test]
    fn trying_many_names_locks_the_address_and_a_success_clears_only_its_own_pair() {
        let locks = LockOut::default();
        for n in 0..ADDRESS_MAX {
            locks.fail(&format!("user{n}"), "10.0.0.1", 0);
        }
        locks.succeed("user3", "10.0.0.1");
        assert!(locks.wait_s("somebody", "10.0.0.1", 1).is_some());
        assert_eq!(locks.wait_s("somebody", "10.0.0.2", 1), None);
    }

    #[test]
    fn memory_is_bounded() {
        let locks = LockOut::default();
        for n in 0..ENTRIES_MAX as i64 {
            locks.fail(&format!("user{n}"), &format!("a{n}"), n);
        }
        assert!(locks.0.lock().unwrap().len() <= ENTRIES_MAX + 3);
    }
}
