//! The outbox: sends signed events to their subscribers and retries with growing delays.
//!
//! Each subscriber has its own few delivery slots, so a receiver that hangs delays nobody else. When the retries are
//! used up, a delivery becomes a dead letter: it stays listed and can be resent. A receiver that answers 410 (Gone)
//! wants no more events, so its subscription is paused.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::engine::core::Engine;
use crate::engine::error::{Error, Result};
use crate::engine::jobs::{Claim, Job, Runner, Source, Take, Wake};
use crate::model::{
    Actor, AuditEntry, DAY_S, DeliverySeq, Environment, SubscriptionId, Topic, UnixSeconds, chain,
    rfc3339,
};
use crate::pools::Pools;
use crate::remote::signature::Secret;
use crate::remote::{self, Message, Remote};
use crate::store::{DeliveryOutcome, DueDelivery, Subscription, SubscriptionChange};
use crate::wire::{Audience, CaseDecided, Redact, Unredacted, UploadView};

/// Settings of the outbox.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Delays after failed attempts, seconds. After the attempt that follows the last delay, the delivery is dead.
    /// Default 5 s, 30 s, 2 min, 10 min, 1 h, 3 h, 8 h, 24 h: survives an outage of a day and a half.
    pub pauses_s: Vec<i64>,
    /// Maximum number of concurrent deliveries to one subscriber. Default 4. More drain a backlog faster and load the
    /// receiver more.
    pub at_once_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options { pauses_s: vec![5, 30, 120, 600, 3600, 10_800, 28_800, 86_400], at_once_max: 4 }
    }
}

/// Maximum number of concurrent deliveries in all.
const JOBS_MAX: usize = 64;
/// For this long after a rotation, messages are also signed with the previous secret, seconds.
const OVERLAP_S: i64 = DAY_S;
/// Longest `Retry-After` that is honoured, seconds.
const ASKED_PAUSE_S_MAX: u32 = 86_400;
/// The status by which a receiver unsubscribes.
const GONE: u16 = 410;

/// The dependencies of an [`Outbox`].
pub struct OutboxParts {
    pub engine: Arc<Engine>,
    pub pools: Pools,
    pub remote: Remote,
    pub environment: Environment,
    pub options: Options,
    /// Woken after each commit that adds a delivery.
    pub wake: Wake,
}

/// The outbox of a data folder. Share it by `Arc`.
pub struct Outbox {
    pub(super) engine: Arc<Engine>,
    pub(super) remote: Remote,
    pub(super) environment: Environment,
    pub(super) wake: Wake,
    pools: Pools,
    options: Options,
    /// The running deliveries and their subscriptions.
    under_way: Mutex<HashMap<DeliverySeq, SubscriptionId>>,
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outbox")
    }
}

impl Outbox {
    pub fn new(parts: OutboxParts) -> Outbox {
        let OutboxParts { engine, pools, remote, environment, options, wake } = parts;
        Outbox { engine, remote, environment, wake, pools, options, under_way: Mutex::default() }
    }

    /// Updates the gauges that cost a query. Called when metrics are scraped.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be read.
    pub fn measure(&self) -> Result<()> {
        let counts = self.engine.store().delivery_counts()?;
        metrics::gauge!("cenotaph_webhooks_due").set(counts.due as f64);
        metrics::gauge!("cenotaph_webhooks_dead").set(counts.dead as f64);
        Ok(())
    }

    pub(in crate::engine) fn url(&self, subscription: &Subscription) -> Result<String> {
        let url = self.engine.keys().identity.open(&subscription.url)?;
        Ok(String::from_utf8_lossy(&url).into_owned())
    }

    /// The current secret, which signs the subscriber's messages.
    pub(in crate::engine) fn secret(&self, subscription: &Subscription) -> Secret {
        let identity = &self.engine.keys().identity;
        Secret::new(identity.webhook_secret(subscription.id, subscription.secret))
    }

    /// The current secret and, for a while after a rotation, the previous one, which may be all the receiver knows.
    fn secrets(&self, subscription: &Subscription) -> Vec<Secret> {
        let mut secrets = vec![self.secret(subscription)];
        let now = self.environment.now();
        if subscription.rotated_at.is_some_and(|at| now < at + OVERLAP_S) {
            let before = Subscription { secret: subscription.secret - 1, ..subscription.clone() };
            secrets.push(self.secret(&before));
        }
        secrets
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<DeliverySeq, SubscriptionId>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The body of an event, redacted for its subscriber.
    ///
    /// # Errors
    /// - [`Error::DamagedEvent`] if the stored event does not parse as its topic requires. It must not be sent, because
    ///   it cannot be redacted;
    /// - [`Error::Sealed`] if it was sealed with another key.
    fn message(&self, parcel: &DueDelivery, subscription: &Subscription) -> Result<Vec<u8>> {
        let body = self.engine.keys().identity.open(&parcel.body)?;
        let audience = Audience::with_scope(subscription.scores);
        let topic = parcel.delivery.topic;
        let data = match topic {
            Topic::UploadVerdict => redacted::<UploadView>(&body, audience),
            Topic::CaseDecided | Topic::AppealDecided => redacted::<CaseDecided>(&body, audience),
            Topic::DeletionComplete | Topic::DeletionStuck => serde_json::from_slice(&body),
        };
        let data = data.map_err(|source| Error::DamagedEvent { topic, source })?;
        let timestamp = rfc3339(parcel.delivery.at);
        let message = json!({ "type": topic, "timestamp": timestamp, "data": data });
        Ok(message.to_string().into_bytes())
    }

    /// Attempts one delivery and records the outcome.
    async fn deliver(self: Arc<Self>, parcel: DueDelivery, subscription: Subscription) {
        let tried = match self.send(&parcel, &subscription).await {
            Ok(()) => DeliveryOutcome::Sent { at: self.environment.now() },
            Err(Refusal { error, retry_after_s, gone }) => {
                if gone {
                    self.pause(subscription.id).await;
                }
                self.failed(&parcel, error, retry_after_s, gone)
            }
        };
        let outcome = match &tried {
            DeliveryOutcome::Sent { .. } => "sent",
            DeliveryOutcome::Retry { .. } => "retry",
            DeliveryOutcome::Dead { .. } => "dead",
        };
        metrics::counter!("cenotaph_webhooks_total", "outcome" => outcome).increment(1);
        if let DeliveryOutcome::Dead { error, .. } = &tried {
            tracing::warn!(delivery = %parcel.delivery.id, error, "a webhook delivery is dead");
        }
        let (outbox, seq) = (self.clone(), parcel.delivery.seq);
        let noted = self.pools.blocking(move || outbox.engine.store().record_delivery(seq, tried));
        if let Err(error) = noted.await {
            let error = chain(&error);
            tracing::error!(%error, "cannot record a webhook delivery; it will be sent again");
        }
    }

    async fn send(
        &self,
        parcel: &DueDelivery,
        subscription: &Subscription,
    ) -> std::result::Result<(), Refusal> {
        let ours = |error: String| Refusal { error, retry_after_s: None, gone: false };
        let url = self.url(subscription).map_err(|e| ours(chain(&e)))?;
        let body = self.message(parcel, subscription).map_err(|e| ours(chain(&e)))?;
        let url = self.remote.webhooks().check(&url)?;
        let id = parcel.delivery.event.to_string();
        let message = Message { id: &id, timestamp: self.environment.now(), body: &body };
        self.remote.webhooks().send(&url, &self.secrets(subscription), message).await?;
        Ok(())
    }

    fn failed(
        &self,
        parcel: &DueDelivery,
        error: String,
        retry_after_s: Option<u32>,
        gone: bool,
    ) -> DeliveryOutcome {
        let now = self.environment.now();
        let pause_s = self.options.pauses_s.get(parcel.delivery.attempts as usize);
        match pause_s {
            Some(pause_s) if !gone => {
                let asked_s = retry_after_s.unwrap_or(0).min(ASKED_PAUSE_S_MAX);
                // Jitter, so that a receiver that recovers does not get all retries at once.
                let spread =
                    self.environment.random::<1>().map_or(0, |[byte]| i64::from(byte % 16));
                let pause_s = pause_s + pause_s * spread / 64;
                DeliveryOutcome::Retry { due_at: now + pause_s.max(i64::from(asked_s)), error }
            }
            _ => DeliveryOutcome::Dead { at: now, error },
        }
    }

    /// Pauses the subscription of a receiver that answered 410.
    async fn pause(self: &Arc<Self>, id: SubscriptionId) {
        tracing::warn!(subscription = %id, "the receiver answered 410; its subscription is paused");
        let at = self.environment.now();
        let paused_at = Some(Some(at));
        let change = SubscriptionChange { paused_at, ..SubscriptionChange::default() };
        let (actor, action, subject) = (Actor::Policy, "subscription.pause", id.to_string());
        let note = Some("the receiver answered 410".to_owned());
        let entry = AuditEntry { at, actor, action, subject, note };
        let outbox = self.clone();
        let paused = self
            .pools
            .blocking(move || outbox.engine.store().change_subscription(id, &change, &entry));
        if let Err(error) = paused.await {
            let error = chain(&error);
            tracing::error!(subscription = %id, %error, "cannot pause a subscription");
        }
    }
}

/// Redacts a stored event for an audience.
fn redacted<T: Redact + Serialize + DeserializeOwned>(
    body: &[u8],
    audience: Audience,
) -> serde_json::Result<Value> {
    serde_json::to_value(Unredacted::<T>::from_record(body)?.for_audience(audience))
}

/// A failed attempt.
struct Refusal {
    error: String,
    retry_after_s: Option<u32>,
    gone: bool,
}

impl From<remote::Error> for Refusal {
    fn from(error: remote::Error) -> Refusal {
        let gone = matches!(&error, remote::Error::Answered { status: GONE, .. });
        let retry_after_s = error.retry_after_s();
        Refusal { error: error.to_string(), retry_after_s, gone }
    }
}

struct OutboxSource(Arc<Outbox>);

/// Marks a delivery as running until dropped.
struct UnderWay {
    outbox: Arc<Outbox>,
    seq: DeliverySeq,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.outbox.under_way().remove(&self.seq);
    }
}

impl Source for OutboxSource {
    fn name(&self) -> &'static str {
        "outbox"
    }

    fn claim(self: Arc<Self>, take: Take) -> Result<Claim> {
        let outbox = &self.0;
        let mut jobs = Vec::new();
        for subscription in outbox.engine.store().open_subscriptions()? {
            let busy = {
                let under_way = outbox.under_way();
                under_way.values().filter(|id| **id == subscription.id).count()
            };
            let room = outbox.options.at_once_max.saturating_sub(busy);
            let room = room.min(take.limit - jobs.len());
            if room == 0 {
                continue;
            }
            // The running ones are still due in the store; ask for more and skip them.
            let due =
                outbox.engine.store().due_deliveries(subscription.id, take.now, room + busy)?;
            for parcel in due {
                let seq = parcel.delivery.seq;
                if jobs.len() == take.limit
                    || outbox.under_way().insert(seq, subscription.id).is_some()
                {
                    continue;
                }
                let under_way = UnderWay { outbox: outbox.clone(), seq };
                let delivered = outbox.clone().deliver(parcel, subscription.clone());
                let work = async move {
                    delivered.await;
                    // The slot is free: the subscriber may have more due deliveries.
                    let wake = under_way.outbox.wake.clone();
                    drop(under_way);
                    wake.wake();
                };
                jobs.push(Job { key: seq.0, work: Box::pin(work) });
            }
        }
        let next_due_at = outbox.engine.store().next_delivery_after(take.now)?;
        Ok(Claim { jobs, next_due_at })
    }

    fn extend(&self, _: &[i64], _: UnixSeconds) -> Result<()> {
        Ok(())
    }
}

/// Adds the outbox to the runner.
pub fn attend_outbox(outbox: &Arc<Outbox>, runner: &mut Runner) {
    let source = Arc::new(OutboxSource(outbox.clone()));
    runner.add_with(source, JOBS_MAX, outbox.wake.clone());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_and_sum_to_a_day_and_a_half() {
        let pauses = Options::default().pauses_s;
        assert!(pauses.is_sorted());
        let sum: i64 = pauses.iter().sum();
        assert!((30 * 3600..48 * 3600).contains(&sum), "{sum} s");
    }
}
