//! What can be typed. Help texts are the reference for newcomers, so they say units, defaults and exit codes.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::engine::Effort;
use crate::model::DeletionReason;

/// Recognises re-uploads of deleted videos.
///
/// A deleted video becomes a tombstone: a keyed fingerprint that can recognise the video but not show it. Uploads are
/// checked against the tombstones.
#[derive(Debug, Parser)]
#[command(
    name = "cenotaph",
    version,
    after_help = "Start here:\n  \
        cenotaph tombstone add deleted.mp4     make a tombstone of a deleted video\n  \
        cenotaph check upload.mp4              is this upload a copy of one?\n\n\
        Exit codes: 0 done (check: allow), 10 check: review, 11 check: block, 2 wrong usage or something could not be \
        read or written."
)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Args)]
pub(super) struct Common {
    /// File of the settings. Default: $CENOTAPH_CONFIG, else cenotaph.toml in this folder when it is there.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of the tombstones and their index; the first `tombstone add` or `serve` makes it. Default:
    /// $CENOTAPH_DATA, else as the settings say, else cenotaph-data.
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Folder of the secret keys. Default: $CENOTAPH_KEYS, else as the settings say, else ~/.config/cenotaph.
    #[arg(long, global = true, value_name = "DIR")]
    pub keys: Option<PathBuf>,
    /// Print JSON, one object a line, instead of words.
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make, list, show and remove tombstones of deleted videos.
    #[command(subcommand)]
    Tombstone(TombstoneCommand),
    /// Give the verdict for one upload: allow, review or block.
    #[command(after_help = "Examples:\n  \
        cenotaph check upload.mp4\n  \
        cenotaph check --uploader user-17 --json upload.mp4\n\n\
        Exit codes: 0 allow, 10 review (also: the file was read but cannot be decoded), 11 block, 2 wrong usage, or \
        the file, the keys or the data folder cannot be read.\n\n\
        The score is -log10 of the chance matches as good as this one that are to be expected for one upload against \
        all tombstones: 8 means one false match in 10^8 uploads.")]
    Check(CheckCommand),
    /// Check many files and folders in parallel.
    #[command(after_help = "Examples:\n  \
        cenotaph scan library/ --output found.jsonl     a JSON line a file, a progress bar on a terminal\n  \
        cenotaph scan a.mp4 b.mp4                       a table\n\n\
        Folders are entered; names that begin with a dot are passed over. A file that cannot be read is a line with \
        `error`, and the scan goes on.\n\n\
        Exit codes: 0 all files were checked, whatever their verdicts (these are in the lines); 2 wrong usage, or at \
        least one file, the keys or the data folder could not be read.")]
    Scan(ScanCommand),
    /// Measure recall and false positives on a benchmark.
    #[command(after_help = "Example:\n  \
        cenotaph eval --clips corpus/clips.tsv --truth queries/truth.jsonl\n\n\
        CLIPS is a tab-separated table with the columns id, file and role (ref: deleted), TRUTH a JSON object a line: \
        {\"query\", \"edit\", \"family\", \"expect\": [{\"ref\", \"segments\": [[q0, q1, r0, r1]]}]}. Files are \
        relative to the table or the truth that names them. Keys and data are made for the occasion and thrown away; \
        what is common starts empty.")]
    Eval(EvalCommand),
    /// Look after the index, which is made from the tombstones and can be made again.
    #[command(subcommand)]
    Index(IndexCommand),
    /// Run the service.
    #[command(
        after_help = "Listens on 127.0.0.1:8080 unless told otherwise; TLS is the proxy's. The API is described at \
        /docs. The first start makes an API key with every scope and prints it on stdout, this once.\n\n\
        SIGTERM and SIGINT end it in order: what is under way is finished, the rest is begun anew at the next start.\n\n\
        Exit codes: 0 ended in order; 2 wrong settings, or the port, the keys or the data folder cannot be used."
    )]
    Serve(ServeCommand),
    /// Make, list and revoke API keys; goes through the running service when there is one.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Add, list and change people who sign in to the review pages; goes through the running service when there is one.
    #[command(subcommand)]
    User(UserCommand),
    /// Look at the settings.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Write a backup of the database, also beside the running service.
    #[command(after_help = "Example:\n  \
        cenotaph backup /backup/cenotaph-2026-01-31.db\n\n\
        To restore: put the file into an empty data folder as cenotaph.db, with the keys of that time in place (they are \
        not in the backup); the next start makes the index from it. Bytes of uploads that wait for a moderator are not in \
        it; uploads that had no verdict yet go to review.")]
    Backup(BackupCommand),
    /// Check receipts of deletions.
    #[command(subcommand)]
    Receipt(ReceiptCommand),
    /// Tell what other thresholds would have made of the uploads that were recorded.
    #[command(after_help = "Examples:\n  \
        cenotaph replay --review 3.5\n  \
        cenotaph replay --review 5 --block 10 --json      a line for each upload that would change, then the counts\n\n\
        An upload is judged by the matches that were found at the time.")]
    Replay(ReplayCommand),
    /// Look whether all is well: keys, data folder, database, index, decoding. Exit code 0, or 2 when something is not.
    Doctor,
}

#[derive(Debug, Subcommand)]
pub(super) enum TombstoneCommand {
    /// Make tombstones of video files.
    #[command(after_help = "Examples:\n  \
        cenotaph tombstone add holiday.mp4                        its id is `holiday`\n  \
        cenotaph tombstone add --id v-193 --owner user-17 x.mp4\n  \
        cenotaph tombstone add --manifest deleted.jsonl\n\n\
        A manifest has an object a line: {\"id\": \"v-193\", \"owner\": \"user-17\", \"reason\": \"legal\", \
        \"file\": \"x.mp4\"}; all but file may be absent, files are relative to the manifest.\n\n\
        Exit codes: 0 all were made, 2 at least one was not (the others are kept).")]
    Add(AddCommand),
    /// List all tombstones.
    List,
    /// Show what is kept of one deleted video and what it is good for.
    Show {
        /// Its id.
        id: String,
    },
    /// Erase tombstones: their videos are not recognised any more. Asks nothing.
    Remove {
        /// Their ids.
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(super) struct ServeCommand {
    /// Address and port to listen on; port 0 takes any that is free, and the log says which.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Make an API key. Its secret is printed on stdout, this once.
    #[command(after_help = "Example:\n  \
        KEY=$(cenotaph key create --name ingest --scope upload)\n\n\
        Scopes: upload (hand in uploads), delete (request deletions, ask what may be shown), review (moderate), scores \
        (see scores and weak matches), admin (keys, subscriptions, grants, retiring tombstones), all.")]
    Create {
        /// What people call it.
        #[arg(long)]
        name: String,
        /// What it may do; may be given several times or with commas.
        #[arg(long = "scope", required = true, value_delimiter = ',')]
        scopes: Vec<String>,
        /// Requests a second. Default: as the settings say.
        #[arg(long, value_name = "N")]
        rate: Option<u32>,
    },
    /// List all keys, revoked ones too.
    List,
    /// Take a key back: it opens nothing from now on.
    Revoke {
        /// Its id, `key_…`.
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Add somebody. The password is asked for, or read from stdin: one line.
    #[command(after_help = "Examples:\n  \
        cenotaph user add ada --role lead\n  \
        pass show cenotaph/ada | cenotaph user add ada --role lead\n\n\
        Roles: moderator (works the queue), lead (also assigns, acts on many cases, reads the audit log), admin (also \
        looks after people).")]
    Add {
        /// What they sign in with, and what colleagues see.
        name: String,
        /// moderator, lead or admin.
        #[arg(long, default_value = "moderator")]
        role: String,
    },
    /// List everybody.
    List,
    /// Let somebody sign in no more, and end their sessions.
    Disable {
        /// Their name.
        name: String,
    },
    /// Let somebody sign in again.
    Enable {
        /// Their name.
        name: String,
    },
    /// Give somebody another role.
    Role {
        /// Their name.
        name: String,
        /// moderator, lead or admin.
        role: String,
    },
    /// Give somebody a new password, asked for or read from stdin, and end their sessions.
    Password {
        /// Their name.
        name: String,
    },
    /// End all sessions of somebody.
    SignOut {
        /// Their name.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Say whether the settings are sound, or what is wrong with them. Exit code 0, or 2 when they are not.
    Check,
    /// Print a settings' file in which every setting is explained.
    Example,
}

#[derive(Debug, Subcommand)]
pub(super) enum ReceiptCommand {
    /// Check offline that a receipt was signed by a deployment and not changed since.
    #[command(after_help = "Examples:\n  \
        curl -s https://video.example.com/.well-known/cenotaph-keys.json > keys.json\n  \
        cenotaph receipt verify receipt.json --key keys.json\n\n\
        Exit codes: 0 it holds, 2 it does not, or a file cannot be read.")]
    Verify {
        /// The receipt, as `GET /v1/deletions/{id}/receipt` gave it; `-` for stdin.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The public key: the published `cenotaph-keys.json`, PEM, or base64url.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(super) struct BackupCommand {
    /// Where to; nothing may be there yet.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct ReplayCommand {
    /// Score from which an upload goes to review. Default: as the settings say.
    #[arg(long, value_name = "SCORE")]
    pub review: Option<f64>,
    /// Score from which an upload is blocked. Default: as the settings say.
    #[arg(long, value_name = "SCORE")]
    pub block: Option<f64>,
}

#[derive(Debug, Args)]
pub(super) struct AddCommand {
    /// Id of the tombstone, for one file only. Default: the file's name without its extension.
    #[arg(long, conflicts_with = "manifest")]
    pub id: Option<String>,
    /// Id of the videos' owner, who may upload them again. It is kept as a keyed hash.
    #[arg(long, conflicts_with = "manifest")]
    pub owner: Option<String>,
    /// Why they were deleted: owner_request, legal or moderation. Owners may upload again only what they deleted
    /// themselves.
    #[arg(long, default_value = "owner_request", value_name = "REASON")]
    pub reason: DeletionReason,
    /// File with an object {"id", "owner", "reason", "file"} a line.
    #[arg(long, value_name = "F.jsonl", conflicts_with = "files")]
    pub manifest: Option<PathBuf>,
    /// Files decoded at once. Default: one a core.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub workers: Option<u16>,
    /// Video files.
    #[arg(value_name = "FILE", required_unless_present = "manifest")]
    pub files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct CheckCommand {
    /// Id of the uploader: whose own deleted video it is may post it again.
    #[arg(long, value_name = "ID")]
    pub uploader: Option<String>,
    /// How much of the video is decoded.
    #[arg(long, value_enum, default_value_t)]
    pub effort: EffortArgument,
    /// Video or picture.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct ScanCommand {
    /// Write JSON lines to this file instead of a table to stdout. It is replaced when it is there.
    #[arg(long, short, value_name = "F.jsonl")]
    pub output: Option<PathBuf>,
    /// How much of each video is decoded.
    #[arg(long, value_enum, default_value_t)]
    pub effort: EffortArgument,
    /// Files checked at once. Default: one a core.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub workers: Option<u16>,
    /// Files and folders.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct EvalCommand {
    /// Table of the original clips.
    #[arg(long, value_name = "F.tsv")]
    pub clips: PathBuf,
    /// What each upload shows.
    #[arg(long, value_name = "F.jsonl")]
    pub truth: PathBuf,
    /// How much of each upload is decoded.
    #[arg(long, value_enum, default_value_t)]
    pub effort: EffortArgument,
    /// Files decoded at once. Default: one a core.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub workers: Option<u16>,
    /// A line for each edit, not only for each family of edits.
    #[arg(long)]
    pub per_edit: bool,
    /// Keep the answers: {"query", "matches": [{"ref", "score", "flagged", "segments"}]} a line.
    #[arg(long, value_name = "F.jsonl")]
    pub keep_results: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum IndexCommand {
    /// Make the index anew from the tombstones; the old one serves until the new one is complete.
    Rebuild,
    /// Show the index in numbers.
    Stats,
}

/// How much of an upload is decoded.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum EffortArgument {
    /// Intra frames only, some 5 % of the work; all of it when these look suspicious
    Fast,
    /// Four frames a second
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
}
