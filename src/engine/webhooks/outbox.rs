//! The outbox: events go to whoever subscribed, signed, again and again with growing pauses, until they arrive or are
//! given up.
//!
//! Every subscriber has a few places of its own, so that one who hangs delays nobody else. What was given up is kept,
//! listed, and sent again when somebody asks. A receiver who answers 410 wants nothing more: it is paused.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::engine::jobs::{Claim, Job, Runner, Source, Take, Wake};
use crate::engine::{Engine, Error, Result};
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
    /// Pauses after failed tries, seconds; when there is no further one, the delivery is given up. Default 5 s, 30 s,
    /// 2 min, 10 min, 1 h, 3 h, 8 h, 24 h.
    pub pauses_s: Vec<i64>,
    /// Deliveries to one subscriber at once. Default 4.
    pub at_once_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options { pauses_s: vec![5, 30, 120, 600, 3600, 10_800, 28_800, 86_400], at_once_max: 4 }
    }
}

/// Deliveries at once in all.
const JOBS_MAX: usize = 64;
/// After a new secret, messages are signed with the one before too, for so long, seconds.
const OVERLAP_S: i64 = DAY_S;
/// Longest pause that a receiver may ask for, seconds.
const ASKED_PAUSE_S_MAX: u32 = 86_400;
/// The status by which a receiver asks to be sent nothing more.
const GONE: u16 = 410;

/// What the outbox needs.
pub struct OutboxParts {
    pub engine: Arc<Engine>,
    pub pools: Pools,
    pub remote: Remote,
    pub environment: Environment,
    pub options: Options,
    /// Whoever has something to tell wakes it.
    pub wake: Wake,
}

/// The outbox of a data folder. Share it by `Arc`.
pub struct Outbox {
    pub(in crate::engine) engine: Arc<Engine>,
    pub(in crate::engine) remote: Remote,
    pub(in crate::engine) environment: Environment,
    pub(in crate::engine) wake: Wake,
    pools: Pools,
    options: Options,
    /// Deliveries under way, by their numbers, and to whom.
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

    /// Sets the gauges that are only worth their look-up when somebody asks.
    ///
    /// # Errors
    /// The store's refusal.
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

    /// The secret that a subscriber's messages are signed with.
    pub(in crate::engine) fn secret(&self, subscription: &Subscription) -> Secret {
        let identity = &self.engine.keys().identity;
        Secret::new(identity.webhook_secret(subscription.id, subscription.secret))
    }

    /// That secret, and the one before while the receiver may still know that one only.
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

    /// An event as a subscriber may see it.
    ///
    /// # Errors
    /// [`Error::DamagedEvent`] when the stored event is not what its topic says. Nothing is sent then: an event that
    /// cannot be read cannot be redacted.
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

    /// One try to deliver, and what came of it.
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
            DeliveryOutcome::Retry { .. } => "again",
            DeliveryOutcome::Dead { .. } => "dead",
        };
        metrics::counter!("cenotaph_webhooks_total", "outcome" => outcome).increment(1);
        if let DeliveryOutcome::Dead { error, .. } = &tried {
            tracing::warn!(delivery = %parcel.delivery.id, error, "a webhook was given up");
        }
        let (outbox, seq) = (self.clone(), parcel.delivery.seq);
        let noted = self.pools.blocking(move || outbox.engine.store().record_delivery(seq, tried));
        if let Err(error) = noted.await {
            tracing::error!(error = %chain(&error), "what came of a webhook cannot be kept; it is sent again");
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
                // Spread out, so that receivers who come back are not met by all at once.
                let spread =
                    self.environment.random::<1>().map_or(0, |[byte]| i64::from(byte % 16));
                let pause_s = pause_s + pause_s * spread / 64;
                DeliveryOutcome::Retry { due_at: now + pause_s.max(i64::from(asked_s)), error }
            }
            _ => DeliveryOutcome::Dead { at: now, error },
        }
    }

    /// A receiver asked to be sent nothing more.
    async fn pause(self: &Arc<Self>, id: SubscriptionId) {
        tracing::warn!(subscription = %id, "a receiver answered 410 and is paused");
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
            tracing::error!(error = %chain(&error), "a subscription cannot be paused");
        }
    }
}

/// A stored event, as JSON for an audience.
fn redacted<T: Redact + Serialize + DeserializeOwned>(
    body: &[u8],
    audience: Audience,
) -> serde_json::Result<Value> {
    serde_json::to_value(Unredacted::<T>::from_record(body)?.for_audience(audience))
}

/// Why a message did not arrive.
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

/// A delivery that is under way until this is dropped.
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
            // Those under way are due too, and are passed over.
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
                    // There may be more for this one.
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

/// Has the runner deliver what is in the outbox.
pub fn attend_outbox(outbox: &Arc<Outbox>, runner: &mut Runner) {
    let source = Arc::new(OutboxSource(outbox.clone()));
    runner.add_with(source, JOBS_MAX, outbox.wake.clone());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_after_a_day_and_a_half() {
        let pauses = Options::default().pauses_s;
        assert!(pauses.is_sorted());
        let sum: i64 = pauses.iter().sum();
        assert!((30 * 3600..48 * 3600).contains(&sum), "{sum} s");
    }
}
