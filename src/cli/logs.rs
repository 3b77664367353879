//! The log: lines on stderr, JSON objects or plain text.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Format, Level, Log};

/// Starts writing what is logged.
pub(super) fn start(log: &Log) {
    let level = match log.level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
    };
    // Libraries log addresses and paths of requests at lower levels.
    let filter = Targets::new().with_default(LevelFilter::ERROR).with_target("cenotaph", level);
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let lines = match log.format {
        Format::Json => {
            let json = lines.json().flatten_event(true).with_current_span(true);
            json.with_span_list(false).boxed()
        }
        Format::Text => lines.boxed(),
    };
    // A test may have set its own subscriber, which stays.
    let _ = tracing_subscriber::registry().with(lines).with(filter).try_init();
}
