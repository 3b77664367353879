//! The valid API keys, in memory: authentication costs a hash and a look-up, and no database access.
//!
//! Only this process changes keys, because it holds the data folder's lock, so the ring is never stale.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::engine::error::Result;
use crate::model::{ApiKeyId, TokenHash};
use crate::store::{ApiKey, Store};

/// The valid keys by the hashes of their secrets.
#[derive(Default)]
pub(in crate::engine) struct KeyRing(ArcSwap<HashMap<[u8; 32], Arc<ApiKey>>>);

impl KeyRing {
    pub fn load(&self, store: &Store) -> Result<()> {
        let keys = store.valid_api_keys()?.into_iter().map(|key| (key.hash.0, Arc::new(key)));
        self.0.store(Arc::new(keys.collect()));
        Ok(())
    }

    /// The key with this hash. `None` if it never existed or has been revoked.
    pub fn get(&self, hash: &TokenHash) -> Option<Arc<ApiKey>> {
        self.0.load().get(&hash.0).cloned()
    }

    /// Whether the key with this id is valid.
    pub fn holds(&self, id: ApiKeyId) -> bool {
        self.0.load().values().any(|key| key.id == id)
    }
}
