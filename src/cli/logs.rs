//! The log: lines on stderr, JSON objects or plain text.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::config::{Format, Level, Log};

/// Starts writing what is logged.
pub(super) fn start(log: &Log) {
    let level = match log.level {
        Level::Error => "error",
        Level::Warn => "warn",
        Level::Info => "info",
        Level::Debug => "debug",
    };
    // Libraries log addresses and paths of requests at lower levels.
    let filter = EnvFilter::new(format!("error,cenotaph={level}"));
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    // A test may have set its own subscriber, which stays.
    let _ = match log.format {
        Format::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .try_init(),
        Format::Text => lines.try_init(),
    };
}
