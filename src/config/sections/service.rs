//! Settings of the running service: where it listens, whom it serves, how much at a time.

use crate::config::draft::{Draft, Format, Level};
use crate::config::forms::{
    Choice, Flag, Folder, Integer, List, Matching, Optional, Parsed, Text, Time,
};
use crate::config::setting::settings;
use crate::http::MetricsAccess;

/// Longest delay between two deliveries of an event, seconds: 30 days.
const RETRY_DELAY_S_MAX: i64 = 2_592_000;
/// Smallest limit on a body of JSON, bytes: the longest requests with fixed fields fit.
const JSON_BYTES_MIN: i64 = 1024;

settings! {
    /// Where data and keys are.
    fn folders[""] -> Draft;

    /// Data folder: the database, the index and the bytes of uploads. Only the user who runs Cenotaph can read it.
    data = Folder { absolute: false } => data;

    /// Key folder: the secret keys. Keep it outside the data folder and back it up separately: without the keys, no
    /// tombstone ever matches again.
    keys = Optional(Folder { absolute: false }) => keys,
        unset "~/.config/cenotaph", example "\"/etc/cenotaph/keys\"";
}

settings! {
    /// The HTTP server.
    fn server["server"] -> Draft;

    /// Address and port to listen on. Cenotaph speaks plain HTTP: listen on this machine only and let a proxy
    /// terminate TLS.
    listen = Parsed::new("an address and port such as \"127.0.0.1:8080\"") => http.listen;

    /// Whether to open `control.sock` in the data folder, through which the command line of the same user reaches the
    /// running service without an API key.
    control_socket = Flag => http.control_socket;

    /// Whether people reach the review pages through a proxy that speaks HTTPS. Cookies are then sent over HTTPS only,
    /// and failed sign-ins are counted per last address in `X-Forwarded-For`.
    behind_proxy = Flag => http.behind_proxy, was "people.behind_proxy";

    /// Maximum number of open connections. Further ones wait in the kernel's queue.
    connections_max = Integer::at_least(1) => http.connections_max;

    /// Header read timeout, seconds; also the idle timeout of a connection between two requests.
    header_timeout_s = Integer::at_least(1) => http.head_timeout_s, was "server.head_timeout_s";

    /// Request timeout, seconds. Uploads and waiting for a verdict have limits of their own.
    request_timeout_s = Integer::at_least(1) => http.request_timeout_s;

    /// Idle timeout while the body of an upload arrives, seconds.
    upload_idle_timeout_s = Integer::at_least(1) => http.upload_pause_s,
        was "server.upload_pause_s";

    /// Maximum size of a JSON body, bytes.
    json_bytes_max = Integer::at_least(JSON_BYTES_MIN) => http.json_bytes_max;

    /// Maximum size of the JSON body that deletes all videos of an account, bytes.
    bulk_bytes_max = Integer::at_least(JSON_BYTES_MIN) => http.bulk_bytes_max;

    /// Maximum number of open event streams that follow a deletion.
    event_streams_max = Integer::at_least(0) => http.event_streams_max;

    /// Shutdown timeout, seconds: requests and jobs in progress may finish within it. Jobs that are cut off restart at
    /// the next start.
    shutdown_grace_s = Integer::between(0, 86_400) => http.shutdown_grace_s;

    /// Access to `/metrics`: from this machine and not through a proxy (`loopback`), for every client (`open`), or with an
    /// API key that has the scope `admin` (`key`).
    metrics_access = Choice(&[
        ("loopback", MetricsAccess::Loopback),
        ("open", MetricsAccess::Open),
        ("key", MetricsAccess::Key),
    ]) => http.metrics, was "server.metrics";

    /// Access to video visibility and the media gate: with any API key (`key`), or for every client that reaches this port
    /// (`open`).
    visibility_access = Choice(&[("key", false), ("open", true)]) => http.visibility_open,
        was "server.visibility";
}

settings! {
    /// Sessions of people who sign in to the review pages.
    fn sessions["sessions"] -> Draft;

    /// Idle timeout, minutes without a request.
    idle_timeout_minutes = Time::minutes(1.0) => engine.sessions.idle_s,
        was "people.session_idle_minutes";

    /// Absolute session lifetime, hours.
    lifetime_hours = Time::hours(0.1) => engine.sessions.whole_s, was "people.session_hours";
}

settings! {
    /// The log, written to stderr.
    fn log["log"] -> Draft;

    /// Least severe level that is logged. `info` has a line for each request.
    level = Choice(&[
        ("error", Level::Error),
        ("warn", Level::Warn),
        ("info", Level::Info),
        ("debug", Level::Debug),
    ]) => log.level;

    /// Format of a line: a JSON object or plain text.
    format = Choice(&[("json", Format::Json), ("text", Format::Text)]) => log.format;
}

settings! {
    /// The rate limit of an API key, for keys that have none of their own.
    fn rate_limit["rate_limit"] -> Draft;

    /// Sustained rate, requests per second.
    requests_per_s = Integer::at_least(1) => http.rate_per_s, was "rate.per_s";

    /// Burst, requests that may arrive at once.
    burst = Integer::at_least(1) => http.rate_burst, was "rate.burst";
}

settings! {
    /// Limits on concurrent work.
    fn pools["pools"] -> Draft;

    /// Maximum number of concurrent decodes, each in a process of its own. More decodes need more memory; more than
    /// one per core gains nothing.
    decodes_max = Integer::at_least(1) => pools.decode_max, was "pools.decodes",
        unset "one per CPU core", example "2";

    /// Maximum number of concurrent database calls.
    database_calls_max = Integer::at_least(1) => pools.blocking_max, was "pools.short";
}

settings! {
    /// Hooks that upload servers call.
    fn hooks["hooks"] -> Draft;

    /// Verdict timeout of tusd's `pre-finish` hook, seconds, below `server.request_timeout_s`. tusd gives up after 15.
    verdict_timeout_s = Integer::at_least(0) => http.hooks.wait_s, was "hooks.wait_s";

    /// Request header that names the uploader in tusd's hooks. Clients choose their headers: set this only if the proxy
    /// in front of tusd replaces the header.
    tusd_uploader_header = Optional(Text) => http.hooks.tusd_uploader_header,
        unset "none: the uploader is unknown", example "\"X-User-Id\"";

    /// Metadata field that names the uploader in tusd's hooks. Clients choose their metadata: set this only if the
    /// platform checks the field when an upload is created.
    tusd_uploader_field = Optional(Text) => http.hooks.tusd_uploader_field,
        unset "none: the uploader is unknown", example "\"user_id\"";

    /// User metadata of an S3 object that names the uploader (`user-id` for `x-amz-meta-user-id`), where notifications
    /// include it, as MinIO's do.
    s3_uploader_field = Optional(Text) => http.hooks.s3_uploader_field,
        unset "none: the uploader is unknown", example "\"user-id\"";
}

settings! {
    /// Delivery of events to webhook subscribers.
    fn webhooks["webhooks"] -> Draft;

    /// Retry delays, seconds: the pauses between the attempts to deliver an event. After the last attempt, the delivery
    /// is a dead letter: it is listed and can be requeued.
    retry_delays_s = List(Integer::between(1, RETRY_DELAY_S_MAX)) => outbox.pauses_s,
        was "webhooks.pauses_s";

    /// Maximum number of concurrent deliveries to one subscriber.
    concurrent_deliveries_max = Integer::at_least(1) => outbox.at_once_max,
        was "webhooks.at_once_max";
}

settings! {
    /// Pages that stand in for deleted videos.
    fn pages["pages"] -> Draft;

    /// Patterns of the platform's own video addresses, for oEmbed: the path, with the query if the query holds the ID.
    link_patterns = List(Matching {
        accepts: "a pattern such as \"/v/{id}\" or \"/watch?v={id}\"", check: is_link_pattern,
    }) => http.links, was "pages.links";
}

/// Whether text is a path with `{id}` in it, or with a query that is `{id}` alone.
fn is_link_pattern(link: &str) -> bool {
    let path = link.starts_with('/') && link.matches("{id}").count() == 1;
    let query = link.split_once('?').is_none_or(|(_, query)| {
        query.strip_suffix("={id}").is_some_and(|name| !name.contains(['&', '=']))
    });
    path && query
}
