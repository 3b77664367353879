//! Who may do what: API keys, people and their passwords, sessions, the audit log.

mod api_keys;
mod audit;
mod passwords;
mod sign_in;
mod users;

pub use api_keys::NewApiKey;
pub use sign_in::SignIn;
pub use users::{NewUser, UserPatch};
