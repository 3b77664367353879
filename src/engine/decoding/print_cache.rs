//! A cache of the prints of recent uploads, so that identical bytes are not decoded twice. Only the decode is cached:
//! candidates and verdict are computed anew each time.
//!
//! In memory only, because a print contains small pictures. Evicts the least recently used print.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::engine::decoding::Effort;
use crate::engine::decoding::look::Look;
use crate::fingerprint::UploadPrint;
use crate::model::ByteDigest;

/// Content and effort of the decode.
type Key = (ByteDigest, Effort);

pub(in crate::engine) struct Prints {
    kept: Mutex<Kept>,
    bytes_max: usize,
}

#[derive(Default)]
struct Kept {
    by_key: HashMap<Key, Entry>,
    bytes: usize,
    /// Counts accesses; orders entries by last use.
    now: u64,
}

struct Entry {
    look: std::sync::Arc<Look>,
    bytes: usize,
    asked_at: u64,
}

impl Prints {
    pub fn new(bytes_max: usize) -> Prints {
        Prints { kept: Mutex::default(), bytes_max }
    }

    pub fn get(&self, digest: &ByteDigest, effort: Effort) -> Option<std::sync::Arc<Look>> {
        let mut kept = self.lock();
        kept.now += 1;
        let now = kept.now;
        let entry = kept.by_key.get_mut(&(*digest, effort))?;
        entry.asked_at = now;
        Some(entry.look.clone())
    }

    /// Caches a complete decode. An incomplete one is not cached, because the fault may have been ours.
    pub fn put(&self, digest: &ByteDigest, effort: Effort, look: &std::sync::Arc<Look>) {
        let (Some(print), None) = (&look.print, &look.trouble) else { return };
        let bytes = size(print);
        if bytes > self.bytes_max {
            return;
        }
        let mut kept = self.lock();
        kept.now += 1;
        let entry = Entry { look: look.clone(), bytes, asked_at: kept.now };
        kept.bytes += bytes;
        if let Some(before) = kept.by_key.insert((*digest, effort), entry) {
            kept.bytes -= before.bytes;
        }
        while kept.bytes > self.bytes_max {
            // A few hundred entries at most: scanning them all costs far less than the decode that led here.
            let oldest = kept.by_key.iter().min_by_key(|(_, entry)| entry.asked_at);
            let Some(key) = oldest.map(|(key, _)| *key) else { break };
            if let Some(gone) = kept.by_key.remove(&key) {
                kept.bytes -= gone.bytes;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Approximate size of a print in memory, bytes.
fn size(print: &UploadPrint) -> usize {
    let frames: usize = print.frames.iter().map(|f| f.thumb.pixels.len() + size_of_val(f)).sum();
    frames + size_of_val(&print.keypoints[..]) + size_of_val(&print.keyframes_s[..])
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::fingerprint::UploadFrame;
    use crate::model::{KeyId, Luma};

    fn look(pixels: u32) -> Arc<Look> {
        let thumb = Luma::new(pixels, 1, vec![0; pixels as usize]);
        let print = UploadPrint {
            duration_s: 1.0,
            frames: vec![UploadFrame { time_s: 0.0, views: [[0; 4]; 4], quality: 9, thumb }],
            ..UploadPrint::empty(KeyId([0; 8]))
        };
        Arc::new(Look { print: Some(print), duration_s: Some(1.0), trouble: None, damage: None })
    }

    #[test]
    fn the_least_recently_used_print_is_evicted_first() {
        let prints = Prints::new(25_000);
        let digest = |n| ByteDigest([n; 32]);
        for n in 1..=2 {
            prints.put(&digest(n), Effort::Thorough, &look(10_000));
        }
        assert!(prints.get(&digest(1), Effort::Thorough).is_some());
        prints.put(&digest(3), Effort::Thorough, &look(10_000));
        assert!(prints.get(&digest(2), Effort::Thorough).is_none());
        assert!(prints.get(&digest(1), Effort::Thorough).is_some());
        assert!(prints.get(&digest(1), Effort::Fast).is_none());
        prints.put(&digest(4), Effort::Thorough, &look(30_000));
        assert!(prints.get(&digest(4), Effort::Thorough).is_none(), "larger than the whole cache");
        let broken = Look { trouble: Some(crate::media::Error::Cancelled), ..clone(&look(10)) };
        prints.put(&digest(5), Effort::Thorough, &Arc::new(broken));
        assert!(prints.get(&digest(5), Effort::Thorough).is_none());
        assert!(prints.lock().bytes <= 25_000);
    }

    fn clone(look: &Look) -> Look {
        Look {
            print: look.print.clone(),
            duration_s: look.duration_s,
            trouble: None,
            damage: look.damage,
        }
    }
}
