//! Signing in and out, and the user of a session.

use crate::engine::access::passwords;
use crate::engine::core::Engine;
use crate::engine::core::SessionOptions;
use crate::engine::error::{Error, Result};
use crate::model::{Actor, AuditEntry, Environment, SessionSecret, UnixSeconds, UserId};
use crate::store::{SessionsEnd, SessionsOf, User};

/// Minimum time between two writes of a session's last use, seconds.
const SEEN_EVERY_S: i64 = 60;

/// The outcome of an attempt to sign in.
#[derive(Debug)]
pub enum SignIn {
    Done {
        user: Box<User>,
        secret: SessionSecret,
    },
    /// Unknown name, wrong password or disabled user. Deliberately one outcome: callers must not learn which.
    Wrong,
    /// Too many failures. Further attempts are refused for `wait_s` seconds.
    Locked {
        wait_s: i64,
    },
}

impl Engine {
    /// Starts a session if name and password are correct. `address` is the client's address, for the lock-out. Takes
    /// about 20 ms of a core, and equally long for an unknown name.
    ///
    /// # Errors
    /// - [`Error::Store`] if the store cannot be read or written;
    /// - [`Error::NoEntropy`] if the system returns no random bytes.
    pub fn sign_in(
        &self,
        name: &str,
        password: &str,
        address: &str,
        environment: &Environment,
    ) -> Result<SignIn> {
        let (name, now) = (name.trim(), environment.now());
        if let Some(wait_s) = self.lock_out().wait_s(name, address, now) {
            return Ok(SignIn::Locked { wait_s });
        }
        let user = self.store().user_by_name(name)?;
        let fits = match &user {
            Some(user) => passwords::fits(password, &user.password),
            None => {
                passwords::fits_nothing(password);
                false
            }
        };
        let good = user.as_ref().filter(|user| fits && user.disabled_at.is_none());
        let Some(good) = good else {
            let locks = self.lock_out().fail(name, address, now);
            if let Some(user) = user.filter(|_| locks) {
                let action = "user.locked";
                self.store().add_audit(&entry(user.id, Actor::Policy, action, now))?;
            }
            return Ok(SignIn::Wrong);
        };
        self.lock_out().succeed(name, address);
        let random = environment.random().map_err(|source| Error::NoEntropy { source })?;
        let secret = SessionSecret::new(random);
        let ended = self.sessions_end(now);
        let entry = entry(good.id, Actor::User(good.id), "user.sign_in", now);
        self.store().add_session(secret.hash(), good.id, ended, &entry)?;
        Ok(SignIn::Done { user: Box::new(good.clone()), secret })
    }

    /// The user of a session. `None` if the session has ended or never existed, or the user is disabled.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be read, or the time of last use cannot be written.
    pub fn signed_in(
        &self,
        secret: &SessionSecret,
        environment: &Environment,
    ) -> Result<Option<User>> {
        let Some(session) = self.store().session(secret.hash())? else { return Ok(None) };
        let now = environment.now();
        let ended = self.sessions_end(now);
        let over = session.created_at < ended.created_before || session.seen_at < ended.seen_before;
        if over || session.user.disabled_at.is_some() {
            return Ok(None);
        }
        // After the clock was set back, the time of last use stays until the clock has caught up.
        if now - session.seen_at >= SEEN_EVERY_S {
            self.store().touch_session(secret.hash(), session.user.id, now)?;
        }
        Ok(Some(session.user))
    }

    /// Ends one session.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be written.
    pub fn sign_out(
        &self,
        secret: &SessionSecret,
        user: UserId,
        environment: &Environment,
    ) -> Result<()> {
        let entry = entry(user, Actor::User(user), "user.sign_out", environment.now());
        self.store().end_sessions(SessionsOf::One(secret.hash()), &entry)?;
        Ok(())
    }

    /// Ends all sessions of a user. Returns how many there were.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be written.
    pub fn sign_out_everywhere(
        &self,
        user: UserId,
        actor: Actor,
        environment: &Environment,
    ) -> Result<usize> {
        let entry = entry(user, actor, "user.sign_out_everywhere", environment.now());
        Ok(self.store().end_sessions(SessionsOf::User(user), &entry)?)
    }

    fn sessions_end(&self, now: UnixSeconds) -> SessionsEnd {
        let SessionOptions { idle_s, whole_s } = self.options().sessions;
        SessionsEnd { created_before: now - whole_s, seen_before: now - idle_s }
    }
}

fn entry(user: UserId, actor: Actor, action: &'static str, at: UnixSeconds) -> AuditEntry {
    AuditEntry { at, actor, action, subject: user.to_string(), note: None }
}
