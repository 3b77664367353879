//! A real Varnish in front of an origin.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail as loudly as the test")]

use std::path::Path;
use std::process::Command;

use crate::support::servers::{Process, free_port, program};
use crate::support::skip::missing;

/// What a purge must show.
pub const HEADER: &str = "x-purge-password";
pub const PASSWORD: &str = "sesame";

/// Varnish as a platform sets it up: PURGE from this machine only, with a password; everything is kept for a day.
const VCL: &str = r#"
vcl 4.1;
backend default { .host = "127.0.0.1"; .port = "ORIGIN"; }
acl purgers { "127.0.0.1"; }
sub vcl_recv {
    if (req.method == "PURGE") {
        if (!client.ip ~ purgers || req.http.x-purge-password != "sesame") { return (synth(405)); }
        return (purge);
    }
}
sub vcl_backend_response {
    if (beresp.status == 200) { set beresp.ttl = 1d; set beresp.grace = 1d; } else { set beresp.ttl = 0s; }
}
"#;

/// Starts it with its files in a folder; `None` when Varnish is not installed.
pub fn start(folder: &Path, origin_port: u16) -> Option<(Process, u16)> {
    let Some(varnishd) = program("varnishd") else {
        missing("varnishd");
        return None;
    };
    let vcl = folder.join("test.vcl");
    std::fs::write(&vcl, VCL.replace("ORIGIN", &origin_port.to_string())).unwrap();
    let port = free_port();
    let mut command = Command::new(varnishd);
    command.arg("-F").arg("-a").arg(format!("127.0.0.1:{port}")).arg("-f").arg(vcl);
    command.arg("-n").arg(folder.join("varnish")).args(["-s", "malloc,16m", "-j", "none"]);
    Some((Process::start(&mut command, port), port))
}
