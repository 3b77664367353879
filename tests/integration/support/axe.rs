//! axe-core on the pages: what it calls serious or critical fails a test.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as loudly as the test")]

use std::path::PathBuf;

use crate::support::browser::{DARK, LIGHT, Tab};
use crate::support::skip::missing;

/// Checks the page as it is, light and dark; a listed skip where axe-core is not installed.
#[track_caller]
pub fn check(tab: &Tab<'_>, name: &str) {
    let axe = "target/test-tools/axe/node_modules/axe-core/axe.min.js";
    let axe = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(axe);
    let Ok(script) = std::fs::read_to_string(&axe) else {
        return missing("axe-core");
    };
    for view in [LIGHT, DARK] {
        tab.view(view);
        tab.settle();
        tab.run(&script);
        let found = tab.run_later(
            "const done = arguments[arguments.length - 1]; axe.run(document, { resultTypes: ['violations'] }).then(\
             (r) => done(r.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map(\
             (v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => `${n.html} ${n.failureSummary}`).join(' | ')}`)), \
             (e) => done([String(e)]))",
        );
        let found: Vec<String> =
            found.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect();
        assert!(found.is_empty(), "{name}, {}:\n{}", view.name, found.join("\n"));
    }
    tab.view(LIGHT);
}
