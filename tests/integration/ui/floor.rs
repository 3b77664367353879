//! A floor of moderators: the sample clips as tombstones, re-uploads of them as cases, people who sign in.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::support::browser::{ENTER, Tab};
use crate::support::sandbox::{Sandbox, sample};
use crate::support::service::Service;
use crate::ui::people::add;

const CLIPS: [&str; 6] = ["harbour", "city", "chess", "mountains", "coast", "aquarium"];

/// Makes the tombstones, which belong to `user-17`.
pub fn tombstones(s: &Sandbox) {
    let arguments = ["--owner", "user-17"].map(PathBuf::from).into_iter();
    s.add(arguments.chain(CLIPS.map(sample)));
}

/// Starts the service on them, with Bob and Cleo, moderators, and Dora, a lead.
pub fn open<'s>(s: &'s Sandbox, more: &[(&str, &str)]) -> Service<'s> {
    let service = reopen(s, more);
    for (name, role) in [("Bob", "moderator"), ("Cleo", "moderator"), ("Dora", "lead")] {
        add(&service, name, role);
    }
    service
}

/// The same with the people who are there already.
pub fn reopen<'s>(s: &'s Sandbox, more: &[(&str, &str)]) -> Service<'s> {
    let mut variables = vec![
        ("CENOTAPH_REVIEW__INCLUDE_BLOCKED", "true"),
        ("CENOTAPH_REVIEW__DOUBLE_REVIEW_SHARE", "0"),
    ];
    variables.extend(more);
    Service::start_with(s, &variables)
}

/// Hands in a file and waits for its verdict; what it is called and by whom are given as they are.
pub fn upload(
    service: &Service<'_>,
    file: &std::path::Path,
    reference: &str,
    uploader: &str,
    metadata: Option<&str>,
) -> Value {
    let mut url = url::Url::parse(&service.url("/v1/uploads")).unwrap();
    url.query_pairs_mut()
        .append_pair("wait", "60")
        .append_pair("reference", reference)
        .append_pair("uploader", uploader);
    if let Some(metadata) = metadata {
        url.query_pairs_mut().append_pair("metadata", metadata);
    }
    let path = format!("{}?{}", url.path(), url.query().unwrap());
    let answer = service.call("POST", &path).body(std::fs::read(file).unwrap()).send();
    answer.expect(200)
}

/// The re-uploads and innocent videos of `samples/edits.sh`, and four more.
pub fn edits(s: &Sandbox) -> Vec<PathBuf> {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("samples/edits.sh");
    let folder = s.path("edits");
    let done = Command::new(script).arg(&folder).status().expect("bash and ffmpeg are needed");
    assert!(done.success());
    let more = [
        ("11-chess-turned", "chess", "-vf rotate=0.12,crop=iw*0.85:ih*0.85"),
        ("12-mountains-mirrored", "mountains", "-vf hflip,scale=400:-2"),
        ("13-coast-brighter", "coast", "-vf eq=brightness=0.12:contrast=1.2,scale=420:-2"),
        ("14-aquarium-slower", "aquarium", "-vf setpts=PTS*1.2"),
    ];
    for (name, clip, filter) in more {
        let encode = "-an -c:v libx264 -preset veryfast -pix_fmt yuv420p";
        let clip = sample(clip).display().to_string();
        s.ffmpeg(format!("edits/{name}.mp4"), &format!("-i {clip} {filter} {encode}"));
    }
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Cases that wait.
pub fn waiting(service: &Service<'_>) -> Vec<Value> {
    service.get("/v1/cases?limit=100").expect(200)["items"].as_array().unwrap().clone()
}

/// Presses the key of a decision and Enter, and waits for another page.
#[track_caller]
pub fn decide(tab: &Tab<'_>, key: &str) {
    let before = tab.run("return document.querySelector('main').dataset.case");
    let before = before.as_str().unwrap().to_owned();
    tab.keys(key);
    tab.keys(ENTER);
    tab.until(&format!(
        "document.readyState === 'complete' && document.querySelector('main')?.dataset.case !== '{before}'"
    ));
}

/// Waits until a case is there that can be decided.
#[track_caller]
pub fn ready_to_decide(tab: &Tab<'_>) {
    tab.until("document.querySelector('[data-decide]') && document.readyState === 'complete'");
}

/// Puts all the edits in, of three uploaders.
pub fn upload_edits(service: &Service<'_>, s: &Sandbox) {
    for (n, file) in edits(s).iter().enumerate() {
        let name = file.file_name().unwrap().to_str().unwrap();
        upload(service, file, name, &format!("user-{}", 30 + n % 3), None);
    }
}
