//! `cenotaph doctor`: health checks.

use anyhow::Result;

use crate::cli::arguments::Common;
use crate::cli::output::{Output, in_one_line};
use crate::cli::{Exit, session};
use crate::engine::{Finding, diagnose};
use crate::media;

pub(super) fn run(common: &Common, output: &mut Output) -> Result<Exit> {
    let mut findings = Vec::new();
    let versions = format!("cenotaph {}, {}", env!("CARGO_PKG_VERSION"), media::versions());
    findings.push(Finding { what: "versions", outcome: Ok(versions) });
    let settings = session::settings(common)?;
    let keys = session::keys(&settings.keys).map(|keys| (keys, &settings.keys));
    match keys {
        Ok((keys, folder)) => {
            let found = format!(
                "in {}, fingerprint {}, identity {}",
                folder.display(),
                keys.fingerprint.id(),
                keys.identity.id()
            );
            findings.push(Finding { what: "keys", outcome: Ok(found) });
            findings.extend(diagnose(&settings.data, Some(&keys), &settings.engine));
        }
        Err(error) => {
            findings.push(Finding { what: "keys", outcome: Err(in_one_line(&error)) });
            findings.extend(diagnose(&settings.data, None, &settings.engine));
        }
    }
    let well = findings.iter().all(|f| f.outcome.is_ok());
    for finding in &findings {
        let (mark, text) = match &finding.outcome {
            Ok(text) => ('✓', text),
            Err(text) => ('✗', text),
        };
        if output.json {
            let ok = finding.outcome.is_ok();
            output.line(&serde_json::json!({ "what": finding.what, "ok": ok, "found": text }))?;
        } else {
            output.say(&format!("{mark} {}: {text}", finding.what))?;
        }
    }
    Ok(if well { Exit::Done } else { Exit::Failed })
}
