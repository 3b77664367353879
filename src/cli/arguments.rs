//! The commands and their options. The help texts are the reference: they give units, defaults and exit codes.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::engine::Effort;
use crate::model::{DeletionReason, Posted, StretchGround, StretchId};

/// Recognise re-uploads of deleted videos.
///
/// A deleted video leaves a tombstone: a keyed fingerprint that can recognise the video but not show it. Uploads are
/// checked against all tombstones.
#[derive(Debug, Parser)]
#[command(
    name = "cenotaph",
    version,
    after_help = "Start here:\n  \
        cenotaph tombstone add deleted.mp4     make a tombstone of a deleted video\n  \
        cenotaph check upload.mp4              check an upload against all tombstones\n\n\
        Exit codes:\n  \
        0   success; `check`: allow\n  \
        10  `check`: review\n  \
        11  `check`: block\n  \
        2   wrong usage, or an error"
)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Args)]
pub(super) struct Common {
    /// Settings file [default: $CENOTAPH_CONFIG, or cenotaph.toml in the working directory if it exists]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Data folder, created by the first `tombstone add` or `serve` [default: $CENOTAPH_DATA, or the setting `data`,
    /// or cenotaph-data]
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Folder of the secret keys [default: $CENOTAPH_KEYS, or the setting `keys`, or ~/.config/cenotaph]
    #[arg(long, global = true, value_name = "DIR")]
    pub keys: Option<PathBuf>,
    /// Print JSON, one object per line
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Manage tombstones of deleted videos
    #[command(subcommand)]
    Tombstone(TombstoneCommand),
    /// Check one upload: allow, review or block
    #[command(after_help = "Examples:\n  \
        cenotaph check upload.mp4\n  \
        cenotaph check --uploader user-17 --json upload.mp4\n\n\
        The score of a match is -log10 of the expected number of equally good chance matches for one upload against \
        all tombstones: 8 means one false match in 10^8 uploads.\n\n\
        Exit codes:\n  \
        0   allow\n  \
        10  review; also if the file can be read but not decoded\n  \
        11  block\n  \
        2   wrong usage, or the file, the keys or the data folder cannot be read")]
    Check(CheckCommand),
    /// Check many files and folders in parallel
    #[command(after_help = "Examples:\n  \
        cenotaph scan a.mp4 b.mp4                       print a table\n  \
        cenotaph scan library/ --output found.jsonl     write a JSON object per file, show progress\n\n\
        Folders are searched recursively; names that begin with a dot are skipped. A file that cannot be read is \
        reported in the output and does not end the scan.\n\n\
        Exit codes:\n  \
        0   all files were checked, whatever their verdicts\n  \
        2   wrong usage, or a file, the keys or the data folder could not be read")]
    Scan(ScanCommand),
    /// Measure recall and false positives on a benchmark
    #[command(after_help = "Example:\n  \
        cenotaph eval --clips corpus/clips.tsv --truth queries/truth.jsonl\n\n\
        The clips are a tab-separated table with the columns id, file and role; the role `ref` marks a deleted clip. \
        The truth has a JSON object per line:\n  \
        {\"query\": …, \"edit\": …, \"family\": …, \"expect\": [{\"ref\": …, \"segments\": [[q0, q1, r0, r1]]}]}\n\
        File names are relative to the file that lists them. Keys and data are temporary; the run starts without \
        knowledge of what many videos share.\n\n\
        Exit codes:\n  \
        0   all files were evaluated\n  \
        2   wrong usage, or a file could not be evaluated")]
    Eval(EvalCommand),
    /// Inspect or rebuild the index
    #[command(subcommand)]
    Index(IndexCommand),
    /// Run the service
    #[command(
        after_help = "The service listens on 127.0.0.1:8080 by default; a proxy terminates TLS. /docs describes the \
        API. The first start creates an API key with every scope and prints it on stdout; it is not shown again.\n\n\
        SIGTERM and SIGINT shut down gracefully: requests and jobs in progress may finish, the rest resumes at \
        the next start.\n\n\
        Exit codes:\n  \
        0   shut down gracefully\n  \
        2   the settings are wrong, or the port, the keys or the data folder cannot be used"
    )]
    Serve(ServeCommand),
    /// Manage API keys, through the running service if there is one
    #[command(subcommand)]
    Key(KeyCommand),
    /// Manage accounts for the review pages, through the running service if there is one
    #[command(subcommand)]
    User(UserCommand),
    /// Check or show the settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Back up the database, also while the service is running
    #[command(after_help = "Example:\n  \
        cenotaph backup /backup/cenotaph-2026-01-31.db\n\n\
        To restore, put the file into an empty data folder as cenotaph.db, with the keys that were in use at the time. \
        The next start rebuilds the index. The backup contains neither the keys nor the bytes of uploads that await \
        review; uploads without a verdict go to review.\n\n\
        Exit codes:\n  \
        0   the backup is complete\n  \
        2   wrong usage, or an error")]
    Backup(BackupCommand),
    /// Verify receipts of deletions
    #[command(subcommand)]
    Receipt(ReceiptCommand),
    /// Judge recorded uploads again with other thresholds, without changing anything
    #[command(after_help = "Examples:\n  \
        cenotaph replay --review 3.5                      count the verdicts that would change\n  \
        cenotaph replay --review 5 --block 10 --json      print each upload whose verdict would change, then the counts\n\n\
        An upload is judged by the matches that were recorded with it.\n\n\
        Exit codes:\n  \
        0   done\n  \
        2   wrong usage, or an error")]
    Replay(ReplayCommand),
    /// Run health checks on keys, data folder, database, index and decoder
    #[command(after_help = "Exit codes:\n  \
        0   all checks passed\n  \
        2   a check failed; the output says how to repair it")]
    Doctor,
}

#[derive(Debug, Subcommand)]
pub(super) enum TombstoneCommand {
    /// Make tombstones of video files
    #[command(after_help = "Examples:\n  \
        cenotaph tombstone add holiday.mp4                        the ID is `holiday`\n  \
        cenotaph tombstone add --id v-193 --owner user-17 x.mp4\n  \
        cenotaph tombstone add --manifest deleted.jsonl\n\n\
        A manifest has a JSON object per line:\n  \
        {\"id\": \"v-193\", \"owner\": \"user-17\", \"reason\": \"legal\", \"uploaded_at\": \"2026-01-31\", \
        \"original\": true, \"file\": \"x.mp4\"}\n\
        Only `file` is required; it is relative to the manifest.\n\n\
        Exit codes:\n  \
        0   all tombstones were made\n  \
        2   wrong usage, or at least one file failed; the others have their tombstones")]
    Add(AddCommand),
    /// List all tombstones
    List,
    /// Show what is stored for one deleted video, and how well it can be recognised
    Show {
        /// ID of the tombstone
        id: String,
    },
    /// Rule that a stretch of a deleted video is common: an ident, or not its owner's
    #[command(after_help = "Examples:\n  \
        cenotaph tombstone stretch v-193 0 3.2                     the ident at its start\n  \
        cenotaph tombstone stretch v-193 40 52 --ground not_owners\n  \
        cenotaph tombstone stretches v-193                         list them\n  \
        cenotaph tombstone stretch v-193 --undo str_0198c7f0a1b27c3d8e4f5a6b7c8d9e0f\n\n\
        The ruling holds for all uploads and is recorded in the audit log. All stretches of a tombstone\n\
        together may be at most 30 % of the video; to clear more of it, erase the tombstone.\n\n\
        Exit codes:\n  \
        0   done\n  \
        2   wrong usage, an error, or the tombstone or stretch does not exist")]
    Stretch(StretchCommand),
    /// List the stretches of a deleted video that were ruled common
    Stretches {
        /// ID of the tombstone
        id: String,
    },
    /// Erase tombstones, without a confirmation prompt; their videos are no longer recognised
    #[command(after_help = "Exit codes:\n  \
        0   all tombstones were erased\n  \
        2   wrong usage, an error, or a tombstone does not exist")]
    Remove {
        /// IDs of the tombstones
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(super) struct StretchCommand {
    /// ID of the tombstone
    pub id: String,
    /// Start in the deleted video, seconds
    #[arg(value_name = "FROM", required_unless_present = "undo", requires = "to_s")]
    pub from_s: Option<f64>,
    /// End in the deleted video, seconds
    #[arg(value_name = "TO", required_unless_present = "undo")]
    pub to_s: Option<f64>,
    /// Ground: `template` (many videos have it) or `not_owners`
    #[arg(long, default_value = "template", value_name = "GROUND")]
    pub ground: StretchGround,
    /// Undo the ruling with this ID
    #[arg(long, value_name = "STRETCH", conflicts_with_all = ["from_s", "to_s", "ground"])]
    pub undo: Option<StretchId>,
}

#[derive(Debug, Args)]
pub(super) struct ServeCommand {
    /// Address and port to listen on; with port 0 the system chooses a port, which the log shows
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Create an API key and print its secret on stdout; it is not shown again
    #[command(after_help = "Example:\n  \
        KEY=$(cenotaph key create --name ingest --scope upload)\n\n\
        Scopes:\n  \
        upload  submit uploads\n  \
        delete  request deletions and manage grants (permissions to re-upload)\n  \
        review  moderate, and list uploads\n  \
        scores  see scores and weak matches\n  \
        admin   manage keys, accounts, subscriptions, grants and tombstones; read the audit log\n  \
        all     every scope")]
    Create {
        /// Name of the key, shown in lists
        #[arg(long)]
        name: String,
        /// Scopes, separated by commas or given by several options
        #[arg(long = "scope", required = true, value_delimiter = ',')]
        scopes: Vec<String>,
        /// Rate limit, requests per second [default: the setting `rate_limit.requests_per_s`]
        #[arg(long, value_name = "N")]
        rate: Option<u32>,
    },
    /// List all API keys, including revoked ones
    List,
    /// Revoke an API key immediately
    Revoke {
        /// ID of the key, `key_…`
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Add an account; the password is prompted for, or read from stdin as one line
    #[command(after_help = "Examples:\n  \
        cenotaph user add ada --role lead\n  \
        pass show cenotaph/ada | cenotaph user add ada --role lead\n\n\
        Roles:\n  \
        moderator  work through the queue\n  \
        lead       also decide escalated cases, assign cases, act on many cases at once, read the audit log\n  \
        admin      also manage accounts")]
    Add {
        /// Name to sign in with; other users see it
        name: String,
        /// moderator, lead or admin
        #[arg(long, default_value = "moderator")]
        role: String,
    },
    /// List all accounts
    List,
    /// Disable an account and end its sessions
    Disable {
        /// Name of the account
        name: String,
    },
    /// Enable a disabled account
    Enable {
        /// Name of the account
        name: String,
    },
    /// Change the role of an account
    Role {
        /// Name of the account
        name: String,
        /// moderator, lead or admin
        role: String,
    },
    /// Set a new password, prompted for or read from stdin, and end the account's sessions
    Password {
        /// Name of the account
        name: String,
    },
    /// End all sessions of an account
    SignOut {
        /// Name of the account
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Report everything that is wrong with the settings
    #[command(after_help = "Exit codes:\n  \
        0   the settings are valid\n  \
        2   they are not; every fault is listed")]
    Check,
    /// List every setting with its value and where the value was set; secrets are hidden
    Show,
    /// Print a settings file that explains every setting
    #[command(after_help = "Example:\n  \
        cenotaph config example > cenotaph.toml")]
    Example,
}

#[derive(Debug, Subcommand)]
pub(super) enum ReceiptCommand {
    /// Verify offline that a deployment signed a receipt and that it has not been changed
    #[command(after_help = "Examples:\n  \
        curl -s https://video.example.com/.well-known/cenotaph-keys.json > keys.json\n  \
        cenotaph receipt verify receipt.json --key keys.json\n\n\
        Exit codes:\n  \
        0   the receipt is valid\n  \
        2   the receipt is invalid, or a file cannot be read")]
    Verify {
        /// Receipt, as returned by `GET /v1/deletions/{id}/receipt`; `-` for stdin
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Public key: the published cenotaph-keys.json, PEM, or base64url
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(super) struct BackupCommand {
    /// File to write; it must not exist
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct ReplayCommand {
    /// Minimum score for review [default: as in the settings]
    #[arg(long, value_name = "SCORE")]
    pub review: Option<f64>,
    /// Minimum score for a block [default: as in the settings]
    #[arg(long, value_name = "SCORE")]
    pub block: Option<f64>,
}

#[derive(Debug, Args)]
pub(super) struct AddCommand {
    /// ID of the tombstone, for one file only [default: the file name without its extension]
    #[arg(long, conflicts_with = "manifest")]
    pub id: Option<String>,
    /// ID of the owner, who may re-upload the videos; only a keyed hash of it is stored
    #[arg(long, conflicts_with = "manifest")]
    pub owner: Option<String>,
    /// Reason of the deletion: owner_request, legal or moderation; owners may re-upload videos only after
    /// owner_request
    #[arg(long, default_value = "owner_request", value_name = "REASON")]
    pub reason: DeletionReason,
    /// When the videos were posted: an RFC 3339 time, or a day such as 2026-01-31; who posted something first may
    /// re-upload it
    #[arg(long, value_name = "TIME", conflicts_with = "manifest")]
    pub uploaded_at: Option<Posted>,
    /// The owner is known to be the author, no matter who posted it first
    #[arg(long, conflicts_with = "manifest")]
    pub original: bool,
    /// File with a JSON object {"id", "owner", "reason", "uploaded_at", "original", "file"} per line
    #[arg(long, value_name = "F.jsonl", conflicts_with = "files")]
    pub manifest: Option<PathBuf>,
    /// Number of files decoded concurrently [default: one per CPU core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub workers: Option<u16>,
    /// Video files
    #[arg(value_name = "FILE", required_unless_present = "manifest")]
    pub files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct CheckCommand {
    /// ID of the uploader; owners may re-upload their own deleted videos
    #[arg(long, value_name = "ID")]
    pub uploader: Option<String>,
    /// When the video was posted, as the platform knows: an RFC 3339 time, or a day such as 2026-01-31
    #[arg(long, value_name = "TIME")]
    pub uploaded_at: Option<Posted>,
    /// How much of the video to decode
    #[arg(long, value_enum, default_value_t)]
    pub effort: EffortArgument,
    /// Video or image
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct ScanCommand {
    /// Write JSON lines to this file instead of printing a table; an existing file is replaced
    #[arg(long, short, value_name = "F.jsonl")]
    pub output: Option<PathBuf>,
    /// How much of each video to decode
    #[arg(long, value_enum, default_value_t)]
    pub effort: EffortArgument,
    /// Number of files checked concurrently [default: one per CPU core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub workers: Option<u16>,
    /// Files and folders
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct EvalCommand {
    /// Table of the original clips
    #[arg(long, value_name = "F.tsv")]
    pub clips: PathBuf,
    /// Content of each upload
    #[arg(long, value_name = "F.jsonl")]
    pub truth: PathBuf,
    /// How much of each upload to decode
    #[arg(long, value_enum, default_value_t)]
    pub effort: EffortArgument,
    /// Number of files decoded concurrently [default: one per CPU core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub workers: Option<u16>,
    /// Print a line for each edit as well as for each family of edits
    #[arg(long)]
    pub per_edit: bool,
    /// Write the answers to this file, one object {"query", "matches": [{"ref", "score", "flagged", "segments"}]} per
    /// line
    #[arg(long, value_name = "F.jsonl")]
    pub keep_results: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum IndexCommand {
    /// Rebuild the index from the tombstones; the old index stays in use until the new one is complete
    Rebuild,
    /// Show the size of the index
    Stats,
}

/// How much of an upload is decoded.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum EffortArgument {
    /// Key frames only, some 5 % of the work; the whole file if these look suspicious
    Fast,
    /// Four frames per second
    #[default]
    Thorough,
}

impl From<EffortArgument> for Effort {
    fn from(effort: EffortArgument) -> Effort {
        match effort {
            EffortArgument::Fast => Effort::Fast,
            EffortArgument::Thorough => Effort::Thorough,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    /// The commands that a help text shows as examples, without the comments behind them.
    fn examples(help: &str) -> Vec<String> {
        let command = |line: &str| {
            let line = &line[line.find("cenotaph ")?..];
            let ends = ["  ", ")", " > "].into_iter().filter_map(|end| line.find(end));
            Some(line[..ends.min().unwrap_or(line.len())].to_owned())
        };
        let indented = help.lines().filter(|line| line.starts_with("  "));
        indented.filter_map(command).collect()
    }

    #[test]
    fn every_example_in_the_help_parses() {
        let mut waiting = vec![Arguments::command()];
        let mut parsed = 0;
        while let Some(command) = waiting.pop() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for example in examples(&help) {
                let words = example.split(' ');
                let outcome = Arguments::try_parse_from(words);
                assert!(outcome.is_ok(), "{example}: {}", outcome.unwrap_err());
                parsed += 1;
            }
            waiting.extend(command.get_subcommands().cloned());
        }
        assert!(parsed > 15, "{parsed} examples");
    }
}
