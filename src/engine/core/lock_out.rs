//! Who failed to sign in how often, and may not try again for a while.
//!
//! Failures are counted three ways: by name and address together, so that somebody who guesses at a colleague's name
//! does not lock out the colleague; by address, against one who tries many names; and by name, with a far higher bound,
//! against many addresses that try one name. In memory: a restart forgets them, which is the operator's doing, and no
//! name that was typed by mistake (a password, perhaps) is ever written down.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::model::UnixSeconds;

/// Failures within the window after which nobody may try.
const PAIR_MAX: u32 = 5;
const ADDRESS_MAX: u32 = 30;
const NAME_MAX: u32 = 100;
/// Seconds in which failures count together, and for which a lock holds.
const WINDOW_S: i64 = 15 * 60;
/// Entries kept; beyond, the oldest go. Each takes some 40 bytes.
const ENTRIES_MAX: usize = 30_000;

type Key = [u8; 16];

/// The counts of failures.
#[derive(Default)]
pub(in crate::engine) struct LockOut(Mutex<HashMap<Key, Failures>>);

#[derive(Clone, Copy)]
struct Failures {
    since: UnixSeconds,
    count: u32,
}

impl LockOut {
    /// Seconds until this name may be tried from this address again; `None`: now.
    pub fn wait_s(&self, name: &str, address: &str, now: UnixSeconds) -> Option<i64> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = keys(name, address).into_iter().filter_map(|(key, most)| {
            let failures = counts.get(&key)?;
            let passed = now - failures.since;
            // A clock that was set back must not lock anybody out for longer.
            let counts = failures.count >= most && (0..WINDOW_S).contains(&passed);
            counts.then_some(WINDOW_S - passed)
        });
        waits.max()
    }

    /// Counts a failure; true when it is the one that locks.
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

    /// The right password was given: what was mistyped before does not count.
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
    fn five_failures_lock_a_name_at_an_address_and_nowhere_else() {
        let locks = LockOut::default();
        let fails = (0..5).map(|at| locks.fail("Ada", "10.0.0.1", at)).collect::<Vec<_>>();
        assert_eq!(fails, [false, false, false, false, true]);
        assert_eq!(locks.wait_s("ada", "10.0.0.1", 10), Some(WINDOW_S - 6));
        assert_eq!(locks.wait_s("ada", "10.0.0.2", 10), None);
        assert_eq!(locks.wait_s("bob", "10.0.0.1", 10), None);
        assert_eq!(locks.wait_s("ada", "10.0.0.1", 5 + WINDOW_S), None);
        // A clock that was set back does not lock for longer.
        assert_eq!(locks.wait_s("ada", "10.0.0.1", -5000), None);
    }

    #[test]
    fn an_address_that_tries_many_names_is_locked_and_a_right_password_clears_only_its_pair() {
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
