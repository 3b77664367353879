//! The index of accepted uploads' prints, beside that of the tombstones.
//!
//! A check does not need it. It is searched when a tombstone is made, so it is opened then, and catches up in batches:
//! then, and when retention runs. Like the other it is derived from the store, and may be deleted.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::core::Engine;
use crate::engine::error::{Error, Result};
use crate::fingerprint::Fingerprint;
use crate::index::{self, Index, TombstoneEntry};
use crate::model::{Slot, TombstoneId, UnixSeconds};
use crate::store::{ChangeKind, StoredPrint};

/// Log entries replayed at once. Bounds the fingerprints in memory.
const CHANGES_AT_ONCE: usize = 2000;
/// Prints erased at once.
const ERASED_AT_ONCE: usize = 1000;
/// Name of the store's state entry that holds the time since which prints are kept without a gap, seconds.
const SINCE_STATE: &str = "prints since";

/// The index, opened on first use.
#[derive(Default)]
pub(in crate::engine) struct PrintIndex(Mutex<Option<Arc<Index>>>);

impl Engine {
    /// The index of prints, with everything that the store has.
    ///
    /// # Errors
    /// - [`Error::Store`] if the store cannot be read;
    /// - [`Error::Index`] if the index cannot be opened or written;
    /// - [`Error::Fingerprint`] if a stored print is damaged.
    pub(in crate::engine) fn print_index(&self) -> Result<Arc<Index>> {
        let mut opened = self.prints().0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = match &*opened {
            Some(index) => index.clone(),
            None => opened.insert(Arc::new(self.open_prints()?)).clone(),
        };
        self.catch_up_prints(&index)?;
        Ok(index)
    }

    /// Opens the index of prints. One that is unusable, or ahead of the store, is made anew.
    fn open_prints(&self) -> Result<Index> {
        let path = self.store().folder().prints_path();
        let open = || Index::open(&path, self.options().index.clone());
        let head = self.store().print_log_head()?;
        match open() {
            Ok(index) if index.applied() <= head => return Ok(index),
            Err(error @ (index::Error::Locked { .. } | index::Error::Io { .. })) => {
                return Err(error.into());
            }
            Ok(_) | Err(_) => {}
        }
        fs::remove_dir_all(&path).map_err(|source| Error::File { path: path.clone(), source })?;
        Ok(open()?)
    }

    fn catch_up_prints(&self, index: &Index) -> Result<()> {
        loop {
            let changes = self.store().print_changes_after(index.applied(), CHANGES_AT_ONCE)?;
            let Some(last) = changes.last() else { return Ok(()) };
            let mut fate = BTreeMap::new();
            for change in &changes {
                fate.insert(change.slot, change.kind);
            }
            let slots = |kind| fate.iter().filter(move |f| *f.1 == kind).map(|f| *f.0);
            let added: Vec<Slot> = slots(ChangeKind::Added).collect();
            let removed: Vec<Slot> = slots(ChangeKind::Removed).collect();
            let stored = self.store().prints(&added)?;
            let fingerprints = stored.iter().map(parse_print).collect::<Result<Vec<_>>>()?;
            let pairs = stored.iter().zip(&fingerprints);
            let entries: Vec<TombstoneEntry<'_>> = pairs
                .map(|(print, fingerprint)| {
                    let group =
                        print.uploader.0.first_chunk().map_or(0, |b| u32::from_le_bytes(*b));
                    TombstoneEntry { slot: print.slot, group, fingerprint }
                })
                .collect();
            index.apply(&entries, &removed, last.seq)?;
        }
    }

    /// Notes that prints are kept from now on, or that they are not. To be called when the service starts.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be read or written.
    pub(in crate::engine) fn begin_prints(&self, now: UnixSeconds) -> Result<()> {
        let keeps = self.options().prints_s > 0;
        match (keeps, self.prints_since()?) {
            (true, None) => self.set_prints_since(Some(now)),
            (false, Some(_)) => self.set_prints_since(None),
            _ => Ok(()),
        }
    }

    /// The time since which the print of every accepted upload is there; `None` if none are kept.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be read.
    pub(in crate::engine) fn prints_since(&self) -> Result<Option<UnixSeconds>> {
        let stored = self.store().get_state(SINCE_STATE)?;
        Ok(stored.and_then(|bytes| bytes.try_into().ok()).map(i64::from_le_bytes))
    }

    fn set_prints_since(&self, since: Option<UnixSeconds>) -> Result<()> {
        let bytes = since.map_or(Vec::new(), |since| since.to_le_bytes().to_vec());
        Ok(self.store().put_state(SINCE_STATE, &bytes)?)
    }

    /// Erases the prints whose time is over.
    ///
    /// # Errors
    /// As [`Engine::print_index`].
    pub(in crate::engine) fn expire_prints(&self, now: UnixSeconds) -> Result<usize> {
        let before = now - self.options().prints_s;
        if self.prints_since()?.is_some_and(|since| since < before) {
            self.set_prints_since(Some(before))?;
        }
        if self.store().print_log_head()? == 0 {
            return Ok(self.store().erase_prints(before, 0, ERASED_AT_ONCE)?);
        }
        let mut gone = 0;
        loop {
            let erased =
                self.store().erase_prints(before, self.print_index()?.applied(), ERASED_AT_ONCE)?;
            gone += erased;
            if erased < ERASED_AT_ONCE {
                break;
            }
        }
        // What was erased with its upload's record leaves the index, too.
        self.print_index()?;
        Ok(gone)
    }
}

/// Parses the bytes of a stored print.
pub(in crate::engine) fn parse_print(stored: &StoredPrint) -> Result<Fingerprint> {
    let id = || TombstoneId(format!("print {}", stored.slot.0));
    Fingerprint::from_bytes(&stored.bytes).map_err(|source| Error::Fingerprint { id: id(), source })
}
