//! The rate limit of each API key.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, PoisonError, RwLock};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::http::error::{Kind, Problem};
use crate::model::ApiKeyId;
use crate::store::ApiKey;

/// A token bucket for each key, filled at a steady rate up to the burst.
pub struct Limiter {
    rate_per_s: NonZeroU32,
    burst: NonZeroU32,
    buckets: RwLock<HashMap<ApiKeyId, Arc<DefaultDirectRateLimiter>>>,
}

impl Limiter {
    pub fn new(rate_per_s: u32, burst: u32) -> Limiter {
        let at_least_one = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        Limiter {
            rate_per_s: at_least_one(rate_per_s),
            burst: at_least_one(burst),
            buckets: RwLock::default(),
        }
    }

    /// Counts one request of this key.
    ///
    /// # Errors
    /// [`Kind::RateLimited`], with the seconds until the next request is allowed.
    pub fn take(&self, key: &ApiKey) -> Result<(), Problem> {
        let bucket =
            self.buckets.read().unwrap_or_else(PoisonError::into_inner).get(&key.id).cloned();
        let bucket = bucket.unwrap_or_else(|| {
            let mut buckets = self.buckets.write().unwrap_or_else(PoisonError::into_inner);
            buckets.entry(key.id).or_insert_with(|| Arc::new(self.bucket(key))).clone()
        });
        bucket.check().map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            let detail = "The API key has exceeded its rate limit.";
            Problem::new(Kind::RateLimited, detail).retry_after(wait.as_secs() + 1)
        })
    }

    /// Drops the bucket of a key.
    pub fn forget(&self, key: ApiKeyId) {
        self.buckets.write().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }

    fn bucket(&self, key: &ApiKey) -> DefaultDirectRateLimiter {
        let own = key.rate_per_s.and_then(NonZeroU32::new);
        let (rate, burst) = match own {
            // The burst of a key's own limit is two seconds' worth.
            Some(own) => (own, own.saturating_mul(NonZeroU32::MIN.saturating_add(1))),
            None => (self.rate_per_s, self.burst),
        };
        RateLimiter::direct(Quota::per_second(rate).allow_burst(burst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Scopes, TokenHash};

    fn key(name: u8, rate_per_s: Option<u32>) -> ApiKey {
        ApiKey {
            id: ApiKeyId([name; 16]),
            hash: TokenHash([name; 32]),
            name: name.to_string(),
            scopes: Scopes::all(),
            rate_per_s,
            created_at: 0,
            revoked_at: None,
        }
    }

    #[test]
    fn each_key_has_its_own_bucket() {
        let limiter = Limiter::new(1, 3);
        for _ in 0..3 {
            limiter.take(&key(1, None)).unwrap();
        }
        let refused = limiter.take(&key(1, None)).unwrap_err();
        assert_eq!((refused.kind, refused.retry_after_s), (Kind::RateLimited, Some(1)));
        limiter.take(&key(2, None)).unwrap();
        // A key with its own limit is not bound by the common one.
        for _ in 0..20 {
            limiter.take(&key(3, Some(10))).unwrap();
        }
        assert!(limiter.take(&key(3, Some(10))).is_err());
    }
}
