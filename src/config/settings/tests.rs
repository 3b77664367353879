//! Claims about the settings: where they come from, what wins, what is refused; and that the example tells the truth.

use std::collections::BTreeSet;

use super::*;

const EXAMPLE: &str = crate::config::EXAMPLE;

fn environment() -> EnvironmentVariables {
    EnvironmentVariables { keys: Some("/keys".into()), ..EnvironmentVariables::default() }
}

fn typed(text: &str) -> Result<Settings> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.toml");
    std::fs::write(&path, text).unwrap();
    let flags = Flags { config: Some(path), ..Flags::default() };
    Settings::load(&flags, &environment())
}

/// The example as it would be with every default typed out.
fn uncommented() -> String {
    let is_setting = |line: &str| {
        if line.starts_with('[') && line.ends_with(']') {
            return true;
        }
        let name = line.split(" = ").next().unwrap_or_default();
        line.contains(" = ")
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    let mut text = String::new();
    for line in EXAMPLE.lines() {
        let setting = line.strip_prefix("# ").filter(|rest| is_setting(rest));
        text.push_str(setting.unwrap_or(line));
        text.push('\n');
    }
    text
}

fn names(prefix: &str, table: &toml::Table, into: &mut BTreeSet<String>) {
    for (name, value) in table {
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            toml::Value::Table(table) => names(&path, table, into),
            _ => drop(into.insert(path)),
        }
    }
}

#[test]
fn the_example_changes_nothing_as_it_stands() {
    let as_it_stands: File = toml::from_str(EXAMPLE).unwrap();
    assert_eq!(as_it_stands, File::default());
}

#[test]
fn the_example_tells_every_setting_with_its_default() {
    let typed: File = toml::from_str(&uncommented()).unwrap();
    // What has no default that could be typed is shown by an example; all else must be the default.
    let (data, keys, pools) = (typed.data.clone(), typed.keys.clone(), typed.pools.clone());
    let mut expected = File { data, keys, pools, ..File::default() };
    expected.policy.owner_request = typed.policy.owner_request.clone();
    expected.policy.legal = typed.policy.legal.clone();
    expected.policy.moderation = typed.policy.moderation.clone();
    expected.hooks.tusd_uploader_header = typed.hooks.tusd_uploader_header.clone();
    expected.hooks.tusd_uploader_field = typed.hooks.tusd_uploader_field.clone();
    expected.hooks.s3_uploader_field = typed.hooks.s3_uploader_field.clone();
    expected.remote.s3 = typed.remote.s3.clone();
    expected.remote.gs = typed.remote.gs.clone();
    expected.remote.az = typed.remote.az.clone();
    expected.remote.purge = typed.remote.purge.clone();
    expected.review.due_hours = typed.review.due_hours;
    assert_eq!(typed, expected);
    assert!(typed.data.is_some() && typed.keys.is_some());
    let (mut shown, mut known) = (BTreeSet::new(), BTreeSet::new());
    names("", &toml::from_str(&uncommented()).unwrap(), &mut shown);
    names("", &toml::Table::try_from(&typed).unwrap(), &mut known);
    assert_eq!(shown, known);
}

#[test]
fn no_file_is_needed() {
    let settings = Settings::load(&Flags::default(), &environment()).unwrap();
    assert_eq!(settings.data, Path::new("cenotaph-data"));
    assert_eq!(settings.keys, Path::new("/keys"));
    assert_eq!(settings.http, http::Options::default());
}

#[test]
fn a_flag_wins_over_a_variable_and_that_over_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.toml");
    std::fs::write(&path, "data = \"/file\"\nserver.listen = \"127.0.0.1:1\"\n").unwrap();
    let mut flags = Flags { config: Some(path), ..Flags::default() };
    let mut around = environment();
    let load =
        |flags: &Flags, around: &EnvironmentVariables| Settings::load(flags, around).unwrap();
    assert_eq!(load(&flags, &around).data, Path::new("/file"));
    around.data = Some("/variable".into());
    assert_eq!(load(&flags, &around).data, Path::new("/variable"));
    flags.data = Some("/flag".into());
    flags.listen = Some("127.0.0.1:2".into());
    let settings = load(&flags, &around);
    assert_eq!((settings.data.as_path(), settings.http.listen.port()), (Path::new("/flag"), 2));
}

#[test]
fn what_is_wrong_is_named_in_one_line() {
    let cases = [
        ("sever.listen = \"a\"", "sever"),
        ("server.listn = \"a\"", "listn"),
        ("server.listen = \"localhost\"", "server.listen"),
        ("server.listen = 8080", "server.listen"),
        ("server.metrics = \"all\"", "server.metrics"),
        ("server.connections_max = 0", "server.connections_max"),
        ("server.request_timeout_s = -1", "request_timeout_s"),
        ("policy.review = 9.0", "policy.owner_request"),
        ("policy.legal.review = 9.0", "policy.legal"),
        ("policy.moderation.block = 0.0", "policy.moderation"),
        ("policy.block = nan", "policy"),
        ("decode.timeout_s = 0.0", "decode.timeout_s"),
        ("rate.per_s = 0", "rate.per_s"),
        ("uploads.uri_prefixes = [\"s3://in\"]", "uploads.uri_prefixes"),
        ("hooks.wait_s = 30", "hooks.wait_s"),
        ("uploads.appeal_days = -1.0", "uploads.appeal_days"),
        ("review.twice_share = 5.0", "review.twice_share"),
        ("review.undo_s = -1", "review.undo_s"),
        ("review.lease_minutes = 0.0", "review.lease_minutes"),
        ("deletions.anonymity_min = 1", "deletions.anonymity_min"),
        ("deletions.retry_most_s = 1", "deletions.retry_most_s"),
        ("deletions.fingerprint_wait_hours = -1.0", "deletions.fingerprint_wait_hours"),
        ("deletions.copies_max = 0", "deletions.copies_max"),
        ("pages.links = [\"/v/\"]", "pages.links"),
        ("pages.links = [\"/watch?v={id}&a=b\"]", "pages.links"),
        ("server.visibility = \"all\"", "server.visibility"),
        ("remote.file_roots = [\"media\"]", "remote.file_roots"),
        ("remote.networks_allowed = [\"here\"]", "remote.networks_allowed"),
        ("remote.callback_secrets = [\"sesame\"]", "remote.callback_secrets"),
        ("remote.s3.key_id = \"a\"", "remote.s3"),
        ("[[remote.purge]]\ndoors = [\"here\"]", "remote.purge"),
        ("log.level = \"loud\"", "log.level"),
        ("[server", "c.toml"),
    ];
    for (text, part) in cases {
        let error = typed(text).unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
        assert!(!error.contains('\n'), "{text}: {error}");
    }
}

#[test]
fn a_file_that_was_named_and_is_not_there_is_an_error() {
    let flags = Flags { config: Some("/no/such.toml".into()), ..Flags::default() };
    let error = Settings::load(&flags, &environment()).unwrap_err().to_string();
    assert!(error.contains("/no/such.toml"), "{error}");
}
