//! Connections: `serve` accepts them and shuts down in order, `linger` drains the body of a refused request.

pub mod linger;
pub mod serve;
