//! Subscriptions and deliveries, as the API manages them. `outbox` sends the deliveries.

use std::collections::BTreeSet;

use crate::engine::error::{Error, Result};
use crate::engine::webhooks::outbox::Outbox;
use crate::model::{
    Actor, AuditEntry, DeliveryId, DeliveryState, Sealed, SubscriptionId, Topic, UnixSeconds,
};
use crate::remote::signature::Secret;
use crate::store::{Delivery, Subscription, SubscriptionChange};

/// Maximum length of a URL, bytes.
const URL_BYTES_MAX: usize = 2048;
/// Maximum number of subscriptions: every event costs a step per subscription.
const SUBSCRIPTIONS_MAX: usize = 100;

/// A request for a new subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSubscription {
    pub url: String,
    pub topics: BTreeSet<Topic>,
    /// Whether events include scores and weak matches.
    pub scores: bool,
}

/// A change to a subscription. `None` leaves a field as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SubscriptionPatch {
    pub url: Option<String>,
    pub topics: Option<BTreeSet<Topic>>,
    pub scores: Option<bool>,
    /// `true` pauses delivery: events queue up until it is `false` again.
    pub paused: Option<bool>,
}

/// A subscription as the API shows it, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionShown {
    pub id: SubscriptionId,
    pub url: String,
    pub topics: BTreeSet<Topic>,
    pub scores: bool,
    pub created_at: UnixSeconds,
    pub paused_at: Option<UnixSeconds>,
}

impl Outbox {
    /// Creates a subscription. Returns it with the secret that signs its messages.
    ///
    /// # Errors
    /// - [`Error::Invalid`] if the URL is too long or not permitted, there are no topics, or there are too many
    ///   subscriptions;
    /// - [`Error::Store`] if the store cannot be read or written;
    /// - [`Error::NoEntropy`] if the system returns no random bytes.
    pub fn subscribe(
        &self,
        new: &NewSubscription,
        actor: Actor,
    ) -> Result<(SubscriptionShown, Secret)> {
        check_topics(&new.topics)?;
        let url = self.checked_url(&new.url)?;
        if self.engine.store().subscriptions(None, SUBSCRIPTIONS_MAX)?.len() == SUBSCRIPTIONS_MAX {
            let why = format!("there are already {SUBSCRIPTIONS_MAX}; remove one first");
            return Err(Error::Invalid { what: "subscriptions", why });
        }
        let id = SubscriptionId::make(&self.environment);
        let subscription = Subscription {
            id: id.map_err(|source| Error::NoEntropy { source })?,
            url,
            topics: new.topics.clone(),
            scores: new.scores,
            secret: 1,
            rotated_at: None,
            created_at: self.environment.now(),
            paused_at: None,
        };
        let entry = self.entry("subscription.create", subscription.id.to_string(), actor);
        self.engine.store().add_subscription(&subscription, &entry)?;
        let secret = self.secret(&subscription);
        Ok((self.shown(subscription)?, secret))
    }

    /// Changes a subscription. `None` if there is no such subscription.
    ///
    /// # Errors
    /// - [`Error::Invalid`] if the URL is too long or not permitted, or the set of topics is empty;
    /// - [`Error::Store`] if the store cannot be read or written;
    /// - [`Error::Sealed`] if the stored URL was sealed with another key;
    /// - [`Error::NoEntropy`] if the system returns no random bytes.
    pub fn change(
        &self,
        id: SubscriptionId,
        patch: &SubscriptionPatch,
        actor: Actor,
    ) -> Result<Option<SubscriptionShown>> {
        patch.topics.as_ref().map(check_topics).transpose()?;
        let change = SubscriptionChange {
            url: patch.url.as_deref().map(|url| self.checked_url(url)).transpose()?,
            topics: patch.topics.clone(),
            scores: patch.scores,
            paused_at: patch.paused.map(|paused| paused.then(|| self.environment.now())),
            rotated_at: None,
        };
        let entry = self.entry("subscription.change", id.to_string(), actor);
        let changed = self.engine.store().change_subscription(id, &change, &entry)?;
        self.wake.wake();
        changed.map(|changed| self.shown(changed)).transpose()
    }

    /// Rotates a subscription's secret. For a day, messages are also signed with the previous one. `None` if there is
    /// no such subscription.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be written.
    pub fn rotate(&self, id: SubscriptionId, actor: Actor) -> Result<Option<Secret>> {
        let rotated_at = Some(self.environment.now());
        let change = SubscriptionChange { rotated_at, ..SubscriptionChange::default() };
        let entry = self.entry("subscription.rotate", id.to_string(), actor);
        let changed = self.engine.store().change_subscription(id, &change, &entry)?;
        Ok(changed.map(|changed| self.secret(&changed)))
    }

    /// Removes a subscription and its deliveries. False if there is no such subscription.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be written.
    pub fn unsubscribe(&self, id: SubscriptionId, actor: Actor) -> Result<bool> {
        let entry = self.entry("subscription.remove", id.to_string(), actor);
        Ok(self.engine.store().remove_subscription(id, &entry)?)
    }

    /// The subscription with this id.
    ///
    /// # Errors
    /// - [`Error::Store`] if the store cannot be read;
    /// - [`Error::Sealed`] if the stored URL was sealed with another key.
    pub fn subscription(&self, id: SubscriptionId) -> Result<Option<SubscriptionShown>> {
        let found = self.engine.store().subscription(id)?;
        found.map(|found| self.shown(found)).transpose()
    }

    /// Up to `limit` subscriptions that follow `after`, oldest first.
    ///
    /// # Errors
    /// - [`Error::Store`] if the store cannot be read;
    /// - [`Error::Sealed`] if a stored URL was sealed with another key.
    pub fn subscriptions(
        &self,
        after: Option<SubscriptionId>,
        limit: usize,
    ) -> Result<Vec<SubscriptionShown>> {
        let found = self.engine.store().subscriptions(after, limit)?;
        found.into_iter().map(|found| self.shown(found)).collect()
    }

    /// Up to `limit` deliveries that precede `before`, newest first, in one state or any. `None` if `before` does not
    /// exist.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be read.
    pub fn deliveries(
        &self,
        state: Option<DeliveryState>,
        before: Option<DeliveryId>,
        limit: usize,
    ) -> Result<Option<Vec<Delivery>>> {
        let before = match before {
            Some(before) => match self.engine.store().delivery(before)? {
                Some(delivery) => Some(delivery.seq),
                None => return Ok(None),
            },
            None => None,
        };
        Ok(Some(self.engine.store().deliveries(state, before, limit)?))
    }

    /// Requeues a dead or sent delivery. `None` if there is no such delivery.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be written.
    pub fn resend(&self, id: DeliveryId, actor: Actor) -> Result<Option<Delivery>> {
        let entry = self.entry("delivery.resend", id.to_string(), actor);
        let found = self.engine.store().resend_delivery(id, self.environment.now(), entry)?;
        self.wake.wake();
        Ok(found)
    }

    /// Requeues a subscriber's dead deliveries. Returns their number, or `None` if there is no such subscription.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be read or written.
    pub fn resend_dead(&self, id: SubscriptionId, actor: Actor) -> Result<Option<usize>> {
        if self.engine.store().subscription(id)?.is_none() {
            return Ok(None);
        }
        let entry = self.entry("subscription.resend", id.to_string(), actor);
        let count = self.engine.store().resend_dead(id, self.environment.now(), entry)?;
        self.wake.wake();
        Ok(Some(count))
    }

    fn shown(&self, one: Subscription) -> Result<SubscriptionShown> {
        Ok(SubscriptionShown {
            id: one.id,
            url: self.url(&one)?,
            topics: one.topics,
            scores: one.scores,
            created_at: one.created_at,
            paused_at: one.paused_at,
        })
    }

    fn checked_url(&self, url: &str) -> Result<Sealed> {
        let invalid = |why| Error::Invalid { what: "url", why };
        if url.len() > URL_BYTES_MAX {
            return Err(invalid(format!("must be at most {URL_BYTES_MAX} bytes long")));
        }
        self.remote.webhooks().check(url).map_err(|error| invalid(error.to_string()))?;
        let sealed = self.engine.keys().identity.seal(url.as_bytes(), &self.environment);
        sealed.map_err(|source| Error::NoEntropy { source })
    }

    fn entry(&self, action: &'static str, subject: String, actor: Actor) -> AuditEntry {
        AuditEntry { at: self.environment.now(), actor, action, subject, note: None }
    }
}

fn check_topics(topics: &BTreeSet<Topic>) -> Result<()> {
    if topics.is_empty() {
        let why = "must name at least one event".to_owned();
        return Err(Error::Invalid { what: "events", why });
    }
    Ok(())
}
