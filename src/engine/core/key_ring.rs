//! API keys that are valid, in memory, so that authenticating a caller costs a hash and a look-up and no database.
//!
//! All changes go through this process, which holds the data folder's lock, so the ring is never behind.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::engine::Result;
use crate::model::{ApiKeyId, TokenHash};
use crate::store::{ApiKey, Store};

/// The good keys by the hashes of their secrets.
#[derive(Default)]
pub(in crate::engine) struct KeyRing(ArcSwap<HashMap<[u8; 32], Arc<ApiKey>>>);

impl KeyRing {
    pub fn load(&self, store: &Store) -> Result<()> {
        let keys = store.valid_api_keys()?.into_iter().map(|key| (key.hash.0, Arc::new(key)));
        self.0.store(Arc::new(keys.collect()));
        Ok(())
    }

    /// The key with this hash; `None` if it never existed or was revoked.
    pub fn get(&self, hash: &TokenHash) -> Option<Arc<ApiKey>> {
        self.0.load().get(&hash.0).cloned()
    }

    /// Whether a key of this id is valid.
    pub fn holds(&self, id: ApiKeyId) -> bool {
        self.0.load().values().any(|key| key.id == id)
    }
}
