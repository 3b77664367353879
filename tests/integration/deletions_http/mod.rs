//! Deletions over HTTP, on the real service: what the platform's button, its pages and proxies, its viewers and the
//! person who asked for the deletion meet. What happens within is tested in `deletion`, with a clock that can be turned.

mod bad_input;
mod deadlines;
mod endpoints;
mod killed;
mod load;
mod pages;
mod platform;
mod proxies;
mod stuck;
