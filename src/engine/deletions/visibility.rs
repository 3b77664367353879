//! Visibility: whether a video may be shown, by its id, and whether bytes may be served, by their address.
//!
//! Platforms ask for every profile, search and byte they serve, so the answers come from memory: the keyed ids of all
//! videos with a deletion and the keyed addresses of their copies, about 50 bytes each. Only the remaining caches of a
//! video need the store. Everything is loaded before the service accepts requests, and updated after each commit.

use std::hash::Hash;
use std::sync::{Mutex, PoisonError, RwLock};

use rustc_hash::FxHashMap;

use crate::engine::deletions::Deletions;
use crate::engine::error::{Error, Result};
use crate::model::{
    CopyKind, CopyState, DeletionReason, DeletionSeq, Stage, StoredCopy, UriKey, VideoKey,
    Visibility,
};
use crate::remote::Address;
use crate::store;
use crate::store::{NewCopy, Store};

/// Rows read per page on opening.
const PAGE: usize = 10_000;
/// Most prefixes of a path checked.
const PREFIXES_MAX: usize = 64;

/// The state of a video with a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    visibility: Visibility,
    reason: DeletionReason,
    caches_left: bool,
}

/// How many copies close an address, exactly and as a prefix.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Closed {
    exact: u32,
    prefix: u32,
}

/// Everything that is hidden, in memory.
#[derive(Debug, Default)]
pub(in crate::engine) struct Hidden {
    videos: RwLock<FxHashMap<VideoKey, Known>>,
    uris: RwLock<FxHashMap<UriKey, Closed>>,
    /// Held from reading the store to updating the map, so that an older read never overwrites a newer one.
    refreshing: Mutex<()>,
}

impl Hidden {
    pub fn load(store: &Store) -> store::Result<Hidden> {
        let hidden = Hidden::default();
        let mut after = None;
        loop {
            let page = store.deleted_videos(after, PAGE)?;
            let Some((last, ..)) = page.last() else { break };
            after = Some(*last);
            let mut videos = hidden.videos.write().unwrap_or_else(PoisonError::into_inner);
            videos.extend(page.iter().filter_map(|(video, stage, reason, caches_left)| {
                known(*stage, *reason, *caches_left).map(|known| (*video, known))
            }));
        }
        let mut after = (DeletionSeq(0), u32::MAX);
        loop {
            let page = store.closed_uris(after, PAGE)?;
            let Some((last, ..)) = page.last() else { break };
            after = *last;
            page.iter().for_each(|(_, uri, prefix)| hidden.close(*uri, *prefix));
        }
        Ok(hidden)
    }

    /// Reloads a video from the store.
    pub fn refresh(&self, store: &Store, video: VideoKey) -> store::Result<()> {
        let _refreshing = self.refreshing.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = store.latest_deletion(video)?;
        let known = match latest {
            Some(deletion) => {
                let caches_left = caches(&store.copies(deletion.seq)?).next().is_some();
                known(deletion.stage, deletion.reason, caches_left)
            }
            None => None,
        };
        let mut videos = self.videos.write().unwrap_or_else(PoisonError::into_inner);
        match known {
            Some(known) => videos.insert(video, known),
            None => videos.remove(&video),
        };
        Ok(())
    }

    pub fn close_uris(&self, copies: &[NewCopy]) {
        let shown = copies.iter().filter(|copy| copy.kind != CopyKind::Callback);
        shown.for_each(|copy| self.close(copy.uri, copy.prefix));
    }

    pub fn open_uris(&self, copies: &[StoredCopy]) {
        let mut uris = self.uris.write().unwrap_or_else(PoisonError::into_inner);
        for copy in copies.iter().filter(|copy| copy.kind != CopyKind::Callback) {
            let Some(closed) = uris.get_mut(&copy.uri) else { continue };
            let count = if copy.prefix { &mut closed.prefix } else { &mut closed.exact };
            *count = count.saturating_sub(1);
            if *closed == Closed::default() {
                uris.remove(&copy.uri);
            }
        }
    }

    fn close(&self, uri: UriKey, prefix: bool) {
        let mut uris = self.uris.write().unwrap_or_else(PoisonError::into_inner);
        let closed = uris.entry(uri).or_default();
        let count = if prefix { &mut closed.prefix } else { &mut closed.exact };
        *count = count.saturating_add(1);
    }

    fn video(&self, video: VideoKey) -> Option<Known> {
        get(&self.videos, &video)
    }

    fn uri(&self, uri: UriKey) -> Closed {
        get(&self.uris, &uri).unwrap_or_default()
    }
}

/// The visibility of one video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub visibility: Visibility,
    /// Hosts of caches that may still serve the video.
    pub caches: Vec<String>,
}

impl Shown {
    /// Whether profiles, search and recommendations may list the video.
    pub fn listed(&self) -> bool {
        self.visibility == Visibility::Live
    }
}

impl Deletions {
    /// The visibility of several videos, in their order.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there are too many; as [`Deletions::visibility`].
    pub async fn visibilities(&self, videos: &[String]) -> Result<Vec<Shown>> {
        let most = self.options.visibility_batch_max;
        if videos.len() > most {
            let why = format!("there are {}; at most {most} are allowed", videos.len());
            return Err(Error::Invalid { what: "ids", why });
        }
        let mut shown = Vec::with_capacity(videos.len());
        for video in videos {
            shown.push(self.visibility(video).await?);
        }
        Ok(shown)
    }

    /// The visibility of a video.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an invalid id; [`Error::Store`] when the store cannot be read; [`Error::Sealed`] when an
    /// address does not open under this key.
    pub async fn visibility(&self, video: &str) -> Result<Shown> {
        self.check_id("id", video)?;
        let key = self.engine.keys().identity.video(video);
        let Some(known) = self.hidden.video(key) else {
            return Ok(Shown { visibility: Visibility::Live, caches: Vec::new() });
        };
        let mut shown = Shown { visibility: known.visibility, caches: Vec::new() };
        if known.caches_left {
            let engine = self.engine.clone();
            let left = self.pools.blocking(move || caches_left(engine.store(), key)).await?;
            for copy in left {
                let uri = copy.sealed.as_ref().map(|sealed| self.unseal(sealed)).transpose()?;
                let address = uri.and_then(|uri| Address::parse(&uri).ok());
                shown.caches.extend(address.and_then(|a| a.host().map(str::to_owned)));
            }
            shown.caches.sort();
            shown.caches.dedup();
        }
        Ok(shown)
    }

    /// Why a video may no longer be shown; `None` when it may. Reads memory only.
    pub fn dead_end(&self, video: &str) -> Option<DeletionReason> {
        let key = self.engine.keys().identity.video(video);
        self.hidden.video(key).map(|known| known.reason)
    }

    /// Whether the bytes at an address may be served. Reads memory only.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an invalid address.
    pub fn gate(&self, uri: &str) -> Result<bool> {
        let invalid = |why: String| Error::Invalid { what: "uri", why };
        if uri.len() > self.options.uri_bytes_max {
            return Err(invalid("it is too long".to_owned()));
        }
        let address = Address::parse(uri).map_err(|e| invalid(e.to_string()))?;
        let spellings = address.spellings(PREFIXES_MAX);
        let closed = |spelling: &String| self.hidden.uri(self.engine.keys().identity.uri(spelling));
        let shut = spellings.exact.iter().any(|spelling| closed(spelling).exact > 0)
            || spellings.prefixes.iter().any(|spelling| closed(spelling).prefix > 0);
        Ok(!shut)
    }
}

fn known(stage: Stage, reason: DeletionReason, caches_left: bool) -> Option<Known> {
    let visibility = stage.visibility();
    (visibility != Visibility::Live).then_some(Known { visibility, reason, caches_left })
}

fn caches(copies: &[StoredCopy]) -> impl Iterator<Item = &StoredCopy> {
    copies.iter().filter(|copy| copy.kind == CopyKind::Cache && copy.state != CopyState::Gone)
}

fn caches_left(store: &Store, video: VideoKey) -> store::Result<Vec<StoredCopy>> {
    let Some(deletion) = store.latest_deletion(video)? else { return Ok(Vec::new()) };
    let copies = store.copies(deletion.seq)?;
    Ok(caches(&copies).cloned().collect())
}

fn get<K: Eq + Hash, V: std::marker::Copy>(map: &RwLock<FxHashMap<K, V>>, key: &K) -> Option<V> {
    map.read().unwrap_or_else(PoisonError::into_inner).get(key).copied()
}
