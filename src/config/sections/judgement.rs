//! Settings of what happens to an upload: decoding, thresholds, the record, the review.

use crate::config::draft::Draft;
use crate::config::forms::{Choice, Flag, Integer, List, Matching, Number, Optional, Time};
use crate::config::setting::settings;
use crate::engine::Effort;
use crate::media::Start;

/// Least memory in which FFmpeg decodes anything, bytes.
const DECODE_MEMORY_BYTES_MIN: i64 = 64 << 20;
/// Longest decode, seconds: a day.
const DECODE_S_MAX: f64 = 86_400.0;
/// Below 1, chance alone matches every tenth upload; no real match is as sure as 50.
const SCORE_MIN: f64 = 1.0;
const SCORE_MAX: f64 = 50.0;
/// Longest time in which a decision can be undone, seconds: nobody learns of it before.
const UNDO_S_MAX: i64 = 3600;
/// What one request can do before it times out.
const BULK_CASES_MAX: i64 = 10_000;

settings! {
    /// Limits on decoding one file. A file that exceeds them is judged `undecodable`.
    fn decode["decode"] -> Draft;

    /// Decode timeout, seconds of wall time.
    timeout_s = Number::between(0.1, DECODE_S_MAX) => engine.media.decode_timeout_s;

    /// Stall timeout, seconds without any output.
    stall_timeout_s = Number::between(0.1, DECODE_S_MAX) => engine.media.stall_timeout_s;

    /// Maximum CPU time, seconds.
    cpu_s_max = Integer::at_least(1) => engine.media.cpu_s_max;

    /// Maximum address space of the decoding process, bytes. 8K H.264 needs about 1.2 GB, 1080p 0.2 GB.
    memory_bytes_max = Integer::at_least(DECODE_MEMORY_BYTES_MIN) => engine.media.memory_bytes_max;

    /// Maximum size of a frame, pixels.
    pixels_max = Integer::at_least(1) => engine.media.pixels_max;

    /// Maximum number of frames that are examined, four per second of video.
    frames_max = Integer::at_least(1) => engine.media.frames_max;

    /// Maximum duration of a video, seconds.
    duration_s_max = Number::between(0.1, 1e7) => engine.media.duration_s_max;

    /// How decoding processes start. `forked`: from one process that has loaded FFmpeg's libraries; faster, but all of
    /// them share its address space layout until one crashes. `spawned`: each as a new program, which costs about
    /// 40 ms of CPU time per file.
    worker_start = Choice(&[("forked", Start::Forked), ("spawned", Start::Spawned)])
        => engine.media.start,
        was "decode.start";
}

settings! {
    /// Verdicts. A score is −log10 of the expected number of equally good chance matches for one upload: 8 means one
    /// false match in 10^8 uploads.
    fn policy["policy"] -> Draft;

    /// Minimum score of a match that blocks an upload; at least two distinct pictures must match as well.
    block_score = Number::between(SCORE_MIN, SCORE_MAX) => thresholds.block, was "policy.block";

    /// Minimum score of a match that sends an upload to review. A lower value finds more re-uploads and costs
    /// moderators more time.
    review_score = Number::between(SCORE_MIN, SCORE_MAX) => thresholds.review, was "policy.review";

    /// Minimum share of a deleted video that an upload must show to be blocked, 0 to 1, weighted by what there is to
    /// see. Less goes to review, reason `partial`, unless `block_shown_s` is reached.
    block_shown_share = Number::between(0.0, 1.0) => engine.policy.shares.block_share;

    /// The same in seconds of the deleted video; either suffices.
    block_shown_s = Number::between(0.0, 3600.0) => engine.policy.shares.block_s;

    /// Minimum share shown of a video that was deleted for other reasons than its owner's request, 0 to 1.
    ordered_block_shown_share = Number::between(0.0, 1.0) => engine.policy.shares.ordered_share;

    /// The same in seconds; either suffices.
    ordered_block_shown_s = Number::between(0.0, 3600.0) => engine.policy.shares.ordered_s;

    /// Length of a deleted video, seconds, from which a small part of it may be another person's work: it goes to review,
    /// reason `partial`, unless the deletion said that the owner is the author, or no earlier poster was found.
    long_video_s = Number::between(0.0, 1e7) => engine.policy.shares.long_s;

    /// Share of a long video from which the rule above does not apply, 0 to 1.
    long_video_share = Number::between(0.0, 1.0) => engine.policy.shares.long_share;

    /// Whether uploads are known to be their uploaders' own work, so that small parts of long videos may block.
    assume_original = Flag => engine.policy.assume_original;

    /// Share of a deleted video below which a part that other deleted videos have as well is allowed, reason `common`,
    /// 0 to 1. Larger parts go to review.
    common_shown_share = Number::between(0.0, 1.0) => engine.policy.common.deleted_share;

    /// The same in seconds; both must hold.
    common_shown_s = Number::between(0.0, 3600.0) => engine.policy.common.deleted_s;

    /// Share of the upload up to which such a part is allowed, 0 to 1.
    common_upload_share = Number::between(0.0, 1.0) => engine.policy.common.upload_share;

    /// Seconds of a deleted video outside its common parts from which a match counts in full.
    common_outside_s = Number::between(0.0, 3600.0) => engine.policy.common.outside_s;

    /// Number of other owners in whose deleted videos a deleted video must be a minor part to count as a template
    /// itself. Inside other uploads a template goes to review, reason `common`.
    template_owners = Integer::at_least(1) => engine.policy.common.template_owners;

    /// Share of the upload up to which a deleted template goes to review, 0 to 1.
    template_upload_share = Number::between(0.0, 1.0) => engine.policy.common.template_upload_share;

    /// Whether to run in shadow mode: verdicts are recorded, but every upload is answered with `allow`. For trying out
    /// thresholds on real traffic.
    shadow_mode = Flag => engine.policy.shadow, was "policy.shadow";

    /// Maximum number of tombstones with which every upload is compared directly. Above it, only the tombstones that
    /// the index finds are compared: faster, but the index misses a few.
    exhaustive_tombstones_max = Integer::at_least(0) => engine.exhaustive_max,
        was "policy.exhaustive_max";
}

settings! {
    /// Per-reason override for videos that their owner deleted. Only these may be re-uploaded by the owner and by
    /// uploaders whom the owner has permitted.
    fn owner_request["policy.owner_request"] -> Draft;

    /// Minimum score that blocks an upload.
    block_score = Optional(Number::between(SCORE_MIN, SCORE_MAX)) => owner_request.block,
        was "policy.owner_request.block", unset "`policy.block_score`", example "8.0";

    /// Minimum score that sends an upload to review.
    review_score = Optional(Number::between(SCORE_MIN, SCORE_MAX)) => owner_request.review,
        was "policy.owner_request.review", unset "`policy.review_score`", example "4.0";

    /// Days until a tombstone expires.
    expiry_days = Optional(Time::days(0.0)) => engine.expiry.owner_request_s,
        was "policy.owner_request.expire_days", unset "never", example "3650.0";
}

settings! {
    /// Per-reason override for videos that a court or an authority had deleted.
    fn legal["policy.legal"] -> Draft;

    /// Minimum score that blocks an upload.
    block_score = Optional(Number::between(SCORE_MIN, SCORE_MAX)) => legal.block,
        was "policy.legal.block", unset "`policy.block_score`", example "7.0";

    /// Minimum score that sends an upload to review.
    review_score = Optional(Number::between(SCORE_MIN, SCORE_MAX)) => legal.review,
        was "policy.legal.review", unset "`policy.review_score`", example "3.5";

    /// Days until a tombstone expires.
    expiry_days = Optional(Time::days(0.0)) => engine.expiry.legal_s,
        was "policy.legal.expire_days", unset "never", example "3650.0";
}

settings! {
    /// Per-reason override for videos that the platform's moderators deleted.
    fn moderation["policy.moderation"] -> Draft;

    /// Minimum score that blocks an upload.
    block_score = Optional(Number::between(SCORE_MIN, SCORE_MAX)) => moderation.block,
        was "policy.moderation.block", unset "`policy.block_score`", example "8.0";

    /// Minimum score that sends an upload to review.
    review_score = Optional(Number::between(SCORE_MIN, SCORE_MAX)) => moderation.review,
        was "policy.moderation.review", unset "`policy.review_score`", example "4.0";

    /// Days until a tombstone expires.
    expiry_days = Optional(Time::days(0.0)) => engine.expiry.moderation_s,
        was "policy.moderation.expire_days", unset "never", example "3650.0";
}

settings! {
    /// Uploads: what is accepted, and how long it is kept.
    fn uploads["uploads"] -> Draft;

    /// Maximum size of an upload, bytes.
    bytes_max = Integer::at_least(1) => uploads.bytes_max;

    /// Maximum number of uploads without a verdict, including those that are still arriving. Above it, clients get
    /// status 503 and retry later.
    pending_max = Integer::at_least(1) => uploads.undecided_max, was "uploads.undecided_max";

    /// How much of an upload is decoded: four frames per second (`thorough`), or key frames only, and the rest if these
    /// look suspicious (`fast`). Fast decoding takes 11 % of the CPU time of a plain FFmpeg decode at 720p and 6 % at
    /// 1080p, against 64 % and 54 %, and misses about one re-upload in eight.
    effort = Choice(&[("thorough", Effort::Thorough), ("fast", Effort::Fast)]) => uploads.effort;

    /// Allowed prefixes of the addresses from which uploads are fetched (`{"uri": …}`, S3 events), such as
    /// "s3://incoming/" or "file:///srv/in/". Each ends with a slash. Files must also be below one of
    /// `remote.file_roots`.
    uri_prefixes = List(Matching {
        accepts: "an address such as \"s3://incoming/\" that ends with /", check: is_prefix,
    }) => uploads.uri_prefixes;

    /// Maximum length of an uploader ID or a reference, bytes.
    id_bytes_max = Integer::at_least(1) => uploads.word_bytes_max, was "uploads.word_bytes_max";

    /// Maximum size of an upload's metadata, bytes of JSON.
    metadata_bytes_max = Integer::at_least(0) => uploads.metadata_bytes_max;

    /// Maximum size of the decode cache, bytes: fingerprints of recent uploads in memory. A file that is sent again is
    /// not decoded again while its fingerprint is cached.
    decode_cache_bytes_max = Integer::at_least(0) => uploads.prints_bytes_max,
        was "uploads.prints_bytes_max";

    /// Maximum number of attempts to fetch and check an upload. After the last one it goes to review unchecked.
    attempts_max = Integer::at_least(1) => uploads.attempts_max;

    /// Maximum number of matches recorded for an upload, best first.
    recorded_matches_max = Integer::at_least(1) => uploads.matches_max, was "uploads.matches_max";

    /// Days for which the bytes of an upload are kept after a verdict other than `allow`, for moderators and appeals.
    /// After `allow` they are erased at once.
    appeal_days = Time::days(0.0) => uploads.appeal_s;

    /// Days for which uploader, reference and metadata are kept after the verdict, and at least as long as the bytes.
    client_data_days = Time::days(0.0) => uploads.words_s, was "uploads.words_days";

    /// Days after the verdict until the record of an upload is erased.
    record_days = Time::days(0.0) => uploads.record_s;

    /// Days for which the fingerprints of accepted uploads are kept, so that a deletion can tell who posted something
    /// first. 0: none are kept.
    prints_days = Time::days(0.0) => engine.prints_s;

    /// Hours for which an `Idempotency-Key` is remembered.
    idempotency_hours = Time::hours(0.0) => uploads.idempotency_s;
}

settings! {
    /// Review by moderators.
    fn review["review"] -> Draft;

    /// Minutes for which a claimed case is reserved for the moderator who claimed it.
    claim_minutes = Time::minutes(0.05) => cases.lease_s, was "review.lease_minutes";

    /// Undo window of a decision, seconds. The decision takes effect, and subscribers learn of it, when the window
    /// ends.
    undo_s = Integer::between(0, UNDO_S_MAX) => cases.undo_s;

    /// Hours after its opening in which near-identical uploads join a case.
    group_window_hours = Time::hours(0.0) => cases.join_s, was "review.join_hours";

    /// Maximum number of uploads in one case.
    group_uploads_max = Integer::at_least(1) => cases.members_max, was "review.members_max";

    /// Share of cases that two moderators decide independently, which measures how far they agree. Use 0 if there is
    /// only one moderator.
    double_review_share = Number::between(0.0, 1.0) => cases.twice_share, was "review.twice_share";

    /// Hours to wait for the second decision; after that, the first one holds.
    double_review_timeout_hours = Time::hours(0.0) => cases.second_s, was "review.second_hours";

    /// Whether blocked uploads are reviewed as well. Otherwise their uploaders can appeal.
    include_blocked = Flag => cases.blocks, was "review.blocks";

    /// Hours until a new case is due.
    due_hours = Optional(Time::hours(0.0))
        => cases.due_s, unset "when a lead sets a due time", example "24.0";

    /// Maximum number of cases in one bulk action.
    bulk_cases_max = Integer::between(1, BULK_CASES_MAX) => cases.bulk_max, was "review.bulk_max";

    /// Minutes of viewing sensitive uploads in one day after which the pages suggest a break, and between further
    /// suggestions.
    break_after_minutes = Integer::at_least(0) => http.break_minutes, was "people.break_minutes";
}

/// Whether a prefix ends with a slash. Without one, `s3://in` would also allow `s3://internal/`.
fn is_prefix(text: &str) -> bool {
    text.ends_with('/') && text.contains("://")
}
