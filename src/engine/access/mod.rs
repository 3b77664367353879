//! Access: API keys for programs; users, passwords and sessions for people; the audit log.
//!
//! A request authenticates with an API key ([`Engine::authenticate`](crate::engine::Engine::authenticate), from memory)
//! or a session ([`Engine::signed_in`](crate::engine::Engine::signed_in), from the store). The callers decide what each
//! scope or role may do.
//!
//! - Secrets are shown once and stored as hashes: tokens by a fast hash, passwords by Argon2id.
//! - Every change is committed together with its entry in the audit log, which is append-only.

mod api_keys;
mod audit;
mod passwords;
mod sign_in;
mod users;

pub use api_keys::NewApiKey;
pub use sign_in::SignIn;
pub use users::{NewUser, UserPatch};
