//! `cenotaph receipt verify`: verifies a receipt offline.

use std::fs;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::cli::Exit;
use crate::cli::arguments::ReceiptCommand;
use crate::cli::output::Output;
use crate::erasure::{PublicKeys, VerifiedReceipt, verify};

/// Receipts have some kilobytes; larger files are not receipts.
const BYTES_MAX: u64 = 16 << 20;
const STDIN: &str = "-";

pub(super) fn run(command: &ReceiptCommand, output: &mut Output) -> Result<Exit> {
    let ReceiptCommand::Verify { file, key } = command;
    let keys = PublicKeys::from_text(&read(key)?);
    let keys = keys.with_context(|| {
        format!("{} contains no public key as JSON Web Keys, PEM or base64url", key.display())
    })?;
    let checked = verify(&read(file)?, &keys).with_context(|| format!("{}", file.display()))?;
    if output.json {
        output
            .line(&serde_json::json!({ "key_id": checked.key_id, "receipt": checked.receipt }))?;
    } else {
        output.say(&words(&checked))?;
    }
    Ok(Exit::Done)
}

fn read(path: &Path) -> Result<String> {
    let cannot = || format!("{} cannot be read", path.display());
    let mut text = String::new();
    if path == Path::new(STDIN) {
        std::io::stdin().take(BYTES_MAX).read_to_string(&mut text).with_context(cannot)?;
    } else {
        let file = fs::File::open(path).with_context(cannot)?;
        file.take(BYTES_MAX).read_to_string(&mut text).with_context(cannot)?;
    }
    Ok(text)
}

/// A receipt as text, one fact per line.
fn words(VerifiedReceipt { key_id, receipt }: &VerifiedReceipt) -> String {
    let text = |name: &str| receipt[name].as_str().unwrap_or("-").to_owned();
    let mut lines = vec![format!("The receipt is valid. It is signed with the key {key_id}.")];
    let named = if receipt["form"] == "plain" { "video" } else { "video_key" };
    lines.push(format!("video      {}", text(named)));
    lines.push(format!("deletion   {}", text("deletion")));
    lines.push(format!("reason     {}", text("reason")));
    lines.push(format!("requested  {}", text("requested_at")));
    lines.push(format!("complete   {}", text("complete_at")));
    for copy in receipt["copies"].as_array().into_iter().flatten() {
        lines.push(copy_words(copy));
    }
    lines.join("\n")
}

fn copy_words(copy: &Value) -> String {
    let text = |name: &str| copy[name].as_str().unwrap_or("-");
    let address = copy["uri"].as_str().or_else(|| copy["uri_key"].as_str()).unwrap_or("-");
    format!("{:<9}  {}  {address}: {}", text("kind"), text("gone_at"), text("verified"))
}
