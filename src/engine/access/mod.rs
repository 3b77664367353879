//! Who may do what: API keys, people and their passwords, sessions, the audit log.

pub mod api_keys;
pub mod audit;
pub mod passwords;
pub mod sign_in;
pub mod users;
