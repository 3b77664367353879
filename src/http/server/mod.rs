//! Connections: [`serve`] accepts them and shuts down gracefully, [`linger`] drains the bodies of refused requests.

pub mod linger;
pub mod serve;
