//! HTTP clients of tests.

/// One that takes no proxy from the environment, to be built.
pub fn client() -> reqwest::ClientBuilder {
    // No client can be built before it is settled what does its cryptography.
    cenotaph::remote::use_ring();
    reqwest::Client::builder().no_proxy()
}
