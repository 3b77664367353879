//! Settings of deletion: its pace, what it may reach, and how.

use crate::config::draft::Draft;
use crate::config::forms::{
    Flag, Folder, Hidden, Integer, List, Optional, Parsed, SigningSecret, Tables, Text, TextTable,
    Time,
};
use crate::config::setting::settings;
use crate::remote::PurgeRule;

settings! {
    /// Deletion of videos.
    fn deletions["deletions"] -> Draft;

    /// Hours for which the main copy is kept if it cannot be fingerprinted. After that it is erased, and the tombstone
    /// recognises at most the identical bytes.
    fingerprint_timeout_hours = Time::hours(0.0) => deletions.erasure.fingerprint_wait_s,
        was "deletions.fingerprint_wait_hours";

    /// The same for legal deletions, hours; `fingerprint_timeout_hours` applies if it is shorter.
    fingerprint_timeout_legal_hours = Time::hours(0.0)
        => deletions.erasure.fingerprint_wait_legal_s,
        was "deletions.fingerprint_wait_legal_hours";

    /// Grace period between the tombstone and the first erasure, seconds. A deletion can be cancelled until it ends.
    grace_s = Integer::at_least(0) => deletions.erasure.grace_s;

    /// Delay before the first retry of a failed erasure, seconds. It doubles after each failure.
    retry_delay_s_min = Integer::at_least(1) => deletions.erasure.backoff.first_s,
        was "deletions.retry_first_s";

    /// Maximum delay between retries, seconds.
    retry_delay_s_max = Integer::at_least(1) => deletions.erasure.backoff.max_s,
        was "deletions.retry_most_s";

    /// Number of consecutive failures after which a deletion counts as stuck and subscribers are notified. Retries
    /// continue.
    stuck_after_failures = Integer::at_least(1) => deletions.erasure.stuck_after,
        was "deletions.stuck_after";

    /// Days after completion until IDs, owners, metadata, the plain receipt and the video's own statistics are erased.
    retention_days = Time::days(0.0) => deletions.erasure.retention_s;

    /// Minimum number of videos in a published aggregate. A higher value hides individual videos better, and publishes
    /// later.
    aggregate_videos_min = Integer::at_least(2) => deletions.erasure.anonymity_min,
        was "deletions.anonymity_min";

    /// Seconds after completion in which an identical request is a repetition. Later it deletes a new video with the
    /// same ID.
    repeat_window_s = Integer::at_least(0) => deletions.repeat_s, was "deletions.repeat_s";

    /// Maximum number of concurrent deletions.
    concurrent_deletions_max = Integer::at_least(1) => deletions.jobs_max, was "deletions.jobs_max";

    /// Maximum number of copies of one deletion that are erased concurrently.
    concurrent_copies_max = Integer::at_least(1) => deletions.erasure.copies_at_once,
        was "deletions.copies_at_once";

    /// Maximum number of main copies in the spool at once. Each takes up to `uploads.bytes_max` on disk.
    concurrent_fetches_max = Integer::at_least(1) => deletions.fetches_max,
        was "deletions.fetches_max";

    /// Maximum number of copies in one deletion.
    copies_max = Integer::at_least(1) => deletions.copies_max;

    /// Maximum length of the ID of a video or an owner, bytes.
    id_bytes_max = Integer::at_least(1) => deletions.id_bytes_max;

    /// Maximum length of an address, bytes.
    uri_bytes_max = Integer::at_least(1) => deletions.uri_bytes_max;

    /// Maximum size of a deletion's metadata, bytes of JSON.
    metadata_bytes_max = Integer::at_least(0) => deletions.metadata_bytes_max;

    /// Maximum number of videos in a request that deletes a whole account.
    bulk_videos_max = Integer::at_least(1) => deletions.bulk_max, was "deletions.bulk_max";

    /// Maximum number of videos in one visibility request.
    visibility_videos_max = Integer::at_least(1) => deletions.visibility_batch_max,
        was "deletions.visibility_batch_max";
}

settings! {
    /// Outgoing requests: webhooks, callbacks, purges and object stores.
    fn remote["remote"] -> Draft;

    /// Connect timeout, milliseconds.
    connect_timeout_ms = Integer::at_least(1) => remote.limits.connect_timeout_ms;

    /// Request timeout, milliseconds.
    request_timeout_ms = Integer::at_least(1) => remote.limits.request_timeout_ms;

    /// Maximum number of bytes read from a response.
    response_bytes_max = Integer::at_least(0) => remote.limits.answer_bytes_max,
        was "remote.answer_bytes_max";

    /// Maximum number of objects under a prefix that is erased. If there are more, none is erased.
    prefix_objects_max = Integer::at_least(1) => remote.limits.objects_max,
        was "remote.objects_max";

    /// Private networks that webhooks, callbacks and purges may reach, such as "10.2.0.0/16" or "127.0.0.1". Public
    /// addresses are always allowed. Every client that may create a subscription can make the service send requests into
    /// these networks.
    networks_allowed = List(Parsed::new("a network such as \"10.2.0.0/16\" or \"fd00::/8\""))
        => remote.networks_allowed;

    /// Folders below which `file://` addresses may be read and erased.
    file_roots = List(Folder { absolute: true }) => remote.file_roots;

    /// Secrets (`whsec_…`) that sign callbacks. List the old and the new one while you rotate them.
    callback_secrets = List(SigningSecret) => remote.callback_secrets;

    /// Rules for purging caches: the first rule for the address applies. Without a rule, PURGE is sent to the address
    /// itself. Each rule is a table `[[remote.purge]]`.
    purge = Tables(purge_rule()) => remote.purge_rules;
}

settings! {
    /// How to purge the caches of some hosts.
    fn purge_rule["remote.purge"] -> PurgeRule;

    /// Hosts to whose addresses the rule applies; all hosts if empty.
    hosts = List(Text) => hosts, example "[\"cdn.example.com\"]";

    /// HTTP method.
    method = Text => method, example "\"PURGE\"";

    /// Extra request headers, such as a password.
    headers = TextTable => headers, example "{ \"X-Purge-Key\" = \"…\" }";

    /// Base addresses of the cache nodes, if they are not reached by the host's own address. The original host is sent
    /// in the `Host` header.
    endpoints = List(Parsed::new("an address such as \"http://10.0.0.7:6081\"")) => endpoints,
        was "remote.purge.doors", example "[\"http://10.0.0.7:6081\"]";
}

settings! {
    /// The S3 server of `s3://` addresses. Set secrets by environment variables.
    fn s3["remote.s3"] -> Draft;

    /// Address of the server.
    endpoint = Optional(Text)
        => s3.endpoint, unset "Amazon's for the region", example "\"https://s3.example.com\"";

    /// Region.
    region = Text => s3.region;

    /// Whether bucket names are part of the path and not of the host name. Most servers other than Amazon's need this.
    path_style = Flag => s3.path_style;

    /// Access key ID.
    access_key_id = Optional(Text) => s3.access_key_id,
        was "remote.s3.key_id", unset "unsigned requests", example "\"AKIA0000000000000000\"";

    /// Secret access key.
    secret_access_key = Optional(Hidden(Text)) => s3.secret_access_key,
        was "remote.s3.secret", unset "unsigned requests", example "\"…\"";

    /// Session token of temporary credentials.
    session_token = Optional(Hidden(Text)) => s3.session_token, unset "none", example "\"…\"";
}

settings! {
    /// Google Cloud Storage, for `gs://` addresses.
    fn gs["remote.gs"] -> Draft;

    /// Address of the server.
    endpoint = Optional(Text) => gs.endpoint,
        unset "Google's", example "\"https://storage.googleapis.com\"";

    /// Service account key: the JSON itself, not its path.
    service_account_key = Optional(Hidden(Text)) => gs.service_account_key,
        unset "the machine's identity", example "\"{…}\"";
}

settings! {
    /// Azure Blob Storage, for `az://` addresses.
    fn az["remote.az"] -> Draft;

    /// Storage account.
    account = Optional(Text) => az.account, unset "no Azure", example "\"media\"";

    /// Access key of the account.
    access_key = Optional(Hidden(Text)) => az.access_key, unset "no Azure", example "\"…\"";

    /// Address of the server.
    endpoint = Optional(Text) => az.endpoint,
        unset "Azure's for the account", example "\"https://media.blob.core.windows.net\"";
}
