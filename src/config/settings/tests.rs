//! Claims about the settings: where they come from, which source wins, and what is refused.

use std::path::Path;

use super::*;
use crate::config::typed::variable_name;

fn environment() -> EnvironmentVariables {
    EnvironmentVariables { keys: Some("/keys".into()), ..EnvironmentVariables::default() }
}

fn with_variables(variables: &[(&str, &str)]) -> EnvironmentVariables {
    let settings = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    EnvironmentVariables { settings: settings.collect(), ..environment() }
}

/// The settings from a file `c.toml` with this text.
fn typed(text: &str) -> Result<Settings> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.toml");
    std::fs::write(&path, text).unwrap();
    let flags = Flags { config: Some(path), ..Flags::default() };
    Settings::load(&flags, &environment())
}

fn refusal(loaded: Result<Settings>) -> String {
    loaded.unwrap_err().to_string()
}

#[test]
fn no_file_is_needed() {
    let settings = Settings::load(&Flags::default(), &environment()).unwrap();
    assert_eq!(settings.data, Path::new("cenotaph-data"));
    assert_eq!(settings.keys, Path::new("/keys"));
    assert_eq!(settings.http, http::Options::default());
    assert_eq!(settings.engine.policy, engine::Policy::default());
    assert!(settings.remote.s3.is_none() && settings.remote.az.is_none());
}

#[test]
fn every_default_is_accepted_when_it_is_written_out() {
    // Also through a variable, whose text is not TOML for settings that are text.
    let mut draft = Draft::default();
    for setting in settings(&sections::all()) {
        let Some(default) = setting.slot.get(&mut draft) else { continue };
        let (section, key) = setting.name.rsplit_once('.').unwrap_or(("", &setting.name));
        let head = if section.is_empty() { String::new() } else { format!("[{section}]\n") };
        let loaded = typed(&format!("{head}{key} = {default}\n"));
        assert!(loaded.is_ok(), "{}: {}", setting.name, refusal(loaded));
        let bare = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
        let variable = variable_name(&setting.name);
        let loaded = Settings::load(&Flags::default(), &with_variables(&[(&variable, &bare)]));
        let in_force = loaded.unwrap().in_force;
        let one = in_force.iter().find(|one| one.name == setting.name).unwrap();
        assert_eq!(one.origin.as_deref(), Some(variable.as_str()));
    }
}

#[test]
fn a_setting_with_a_default_does_not_describe_what_applies_without_one() {
    // The documents would show the description and not the default. One default depends on the machine.
    let mut draft = Draft::default();
    for setting in settings(&sections::all()).filter(|one| one.name != "pools.decodes_max") {
        let Some(unset) = setting.unset else { continue };
        let default = setting.slot.get(&mut draft);
        assert_eq!(default, None, "{}: remove `unset {unset:?}`", setting.name);
    }
}

#[test]
fn every_example_is_accepted() {
    for setting in settings(&sections::all()) {
        let Some(example) = setting.example else { continue };
        let value = format!("value = {example}").parse::<toml::Table>().unwrap()["value"].clone();
        let accepted = setting.slot.set(&mut Draft::default(), &value);
        assert_eq!(accepted, Ok(()), "{}", setting.name);
    }
}

#[test]
fn a_former_name_is_answered_with_the_new_one() {
    let mut names = 0;
    for setting in settings(&sections::all()) {
        for former in setting.former {
            names += 1;
            let expected = format!("is now called `{}`", setting.name);
            let error = refusal(typed(&format!("{former} = 1")));
            assert!(error.contains(former) && error.contains(&expected), "{former}: {error}");
            let variable = variable_name(former);
            let around = with_variables(&[(&variable, "1")]);
            let error = refusal(Settings::load(&Flags::default(), &around));
            let now = variable_name(&setting.name);
            assert_eq!(error, format!("{variable}: is now called {now}"));
        }
    }
    assert!(names > 30, "{names} former names");
    let error = refusal(typed("[[remote.purge]]\ndoors = []"));
    assert!(error.contains("`doors` is now called `endpoints`"), "{error}");
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
    let listen = |settings: &Settings| {
        let one = settings.in_force.iter().find(|one| one.name == "server.listen").unwrap();
        (settings.http.listen.port(), one.origin.clone().unwrap())
    };
    let of_file = load(&flags, &around);
    assert_eq!(of_file.data, Path::new("/file"));
    assert_eq!((listen(&of_file).0, listen(&of_file).1.ends_with("c.toml")), (1, true));
    around.data = Some("/variable".into());
    around.settings = vec![("CENOTAPH_SERVER__LISTEN".into(), "127.0.0.1:2".into())];
    let of_variable = load(&flags, &around);
    assert_eq!(of_variable.data, Path::new("/variable"));
    assert_eq!(listen(&of_variable), (2, "CENOTAPH_SERVER__LISTEN".into()));
    flags.data = Some("/flag".into());
    flags.listen = Some("127.0.0.1:3".into());
    let of_flag = load(&flags, &around);
    assert_eq!(of_flag.data, Path::new("/flag"));
    assert_eq!(listen(&of_flag), (3, "--listen".into()));
}

#[test]
fn variables_of_others_are_ignored_and_slips_are_not() {
    // Kubernetes sets such variables for a service named `cenotaph`.
    let theirs = [("CENOTAPH_PORT", "tcp://10.0.0.1:80"), ("CENOTAPH_SERVICE_HOST", "10.0.0.1")];
    Settings::load(&Flags::default(), &with_variables(&theirs)).unwrap();
    let slips = [
        ("CENOTAPH_SERVER_LISTEN", "did you mean CENOTAPH_SERVER__LISTEN?"),
        ("CENOTAPH_SERVER__LISTN", "did you mean CENOTAPH_SERVER__LISTEN?"),
        ("CENOTAPH_SOMETHING__ELSE_ENTIRELY", "there is no such setting"),
    ];
    for (name, part) in slips {
        let error = refusal(Settings::load(&Flags::default(), &with_variables(&[(name, "1")])));
        assert!(error.starts_with(name) && error.ends_with(part), "{error}");
    }
}

#[test]
fn a_fault_is_one_line_that_names_what_was_set() {
    let cases = [
        ("sever.listen = \"a\"", "sever"),
        ("[sever]", "sever"),
        ("server.listn = \"a\"", "did you mean `server.listen`?"),
        ("server.listen = \"localhost\"", "`server.listen` in "),
        ("server.listen = 8080", "server.listen"),
        ("server = 1", "server"),
        ("server.metrics_access = \"all\"", "expected \"loopback\" or \"open\" or \"key\""),
        ("server.connections_max = 0", "expected an integer of at least 1, found 0"),
        ("server.request_timeout_s = -1", "request_timeout_s"),
        ("server.shutdown_grace_s = 99999999999", "shutdown_grace_s"),
        ("policy.review_score = 9.0", "`policy.review_score` in "),
        ("policy.legal.review_score = 9.0", "`policy.legal.review_score` in "),
        ("policy.legal.block_score = 2.0", "`policy.legal.block_score` in "),
        ("policy.moderation.block_score = 0.0", "policy.moderation.block_score"),
        ("policy.block_score = nan", "policy.block_score"),
        ("decode.timeout_s = 0.0", "decode.timeout_s"),
        ("rate_limit.requests_per_s = 0", "rate_limit.requests_per_s"),
        ("rate_limit.burst = 5000000000", "too large"),
        ("uploads.uri_prefixes = [\"s3://in\"]", "uploads.uri_prefixes"),
        ("hooks.verdict_timeout_s = 30", "`hooks.verdict_timeout_s` in "),
        ("server.request_timeout_s = 5", "`server.request_timeout_s` in "),
        ("uploads.appeal_days = -1.0", "a number of days from 0 to 36525, found -1"),
        ("review.double_review_share = 5.0", "review.double_review_share"),
        ("review.undo_s = -1", "review.undo_s"),
        ("review.claim_minutes = 0.0", "review.claim_minutes"),
        ("deletions.aggregate_videos_min = 1", "deletions.aggregate_videos_min"),
        ("deletions.retry_delay_s_max = 1", "`deletions.retry_delay_s_max` in "),
        ("deletions.fingerprint_timeout_hours = -1.0", "deletions.fingerprint_timeout_hours"),
        ("deletions.copies_max = 0", "deletions.copies_max"),
        (
            "webhooks.retry_delays_s = [1, 0]",
            "entry 2: expected an integer from 1 to 2592000, found 0",
        ),
        ("pages.link_patterns = [\"/v/\"]", "pages.link_patterns"),
        ("pages.link_patterns = [\"/watch?v={id}&a=b\"]", "pages.link_patterns"),
        ("remote.file_roots = [\"media\"]", "an absolute path"),
        ("remote.networks_allowed = [\"here\"]", "remote.networks_allowed"),
        ("remote.callback_secrets = [\"sesame\"]", "remote.callback_secrets"),
        ("remote.s3.access_key_id = \"a\"", "must be set together"),
        ("remote.az.endpoint = \"https://a\"", "must be set together"),
        ("[[remote.purge]]\nendpoints = [\"here\"]", "remote.purge"),
        ("log.level = \"loud\"", "log.level"),
        ("[server\n", "c.toml, line 1: "),
        ("\n\nserver = [", "c.toml, line 3: "),
    ];
    for (text, part) in cases {
        let error = refusal(typed(text));
        assert!(error.contains(part), "{text}: {error}");
        assert!(!error.contains('\n'), "{text}: {error}");
    }
}

#[test]
fn all_faults_are_reported_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.toml");
    std::fs::write(&path, "server.listn = 1\nrate_limit.burst = 0\npolicy.review_score = 9\n")
        .unwrap();
    let flags = Flags { config: Some(path), listen: Some("here".into()), ..Flags::default() };
    let around = with_variables(&[("CENOTAPH_LOG__LEVEL", "loud")]);
    let error = refusal(Settings::load(&flags, &around));
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines[0], "5 settings are wrong:");
    for part in [
        "`server.listn`",
        "`rate_limit.burst`",
        "`policy.review_score`",
        "--listen: ",
        "CENOTAPH_LOG__LEVEL: ",
    ] {
        assert_eq!(lines.iter().filter(|line| line.contains(part)).count(), 1, "{part}: {error}");
    }
}

#[test]
fn secrets_are_not_shown() {
    let secrets = [
        (
            "remote.s3",
            "access_key_id = \"id\"\nsecret_access_key = \"sesame\"\nsession_token = \"sesame\"",
        ),
        ("remote.gs", "service_account_key = \"sesame\""),
        ("remote.az", "account = \"a\"\naccess_key = \"sesame\""),
    ];
    for (section, text) in secrets {
        let settings = typed(&format!("[{section}]\n{text}\n")).unwrap();
        assert!(!format!("{:?}", settings.in_force).contains("sesame"), "{section}");
        assert!(!format!("{settings:?}").contains("sesame"), "{section}");
    }
    let rule = "[[remote.purge]]\nheaders = { \"X-Purge-Key\" = \"sesame\" }\n";
    assert!(!format!("{:?}", typed(rule).unwrap().in_force).contains("sesame"));
    for wrong in [
        "remote.callback_secrets = \"sesame\"",
        "remote.callback_secrets = [\"sesame\"]",
        "remote.s3.secret_access_key = [\"sesame\"]",
        "[[remote.purge]]\nheaders = [\"sesame\"]",
    ] {
        let error = refusal(typed(wrong));
        assert!(!error.contains("sesame"), "{error}");
    }
}

#[test]
fn a_file_that_was_named_and_is_not_there_is_an_error() {
    let flags = Flags { config: Some("/no/such.toml".into()), ..Flags::default() };
    let error = refusal(Settings::load(&flags, &environment()));
    assert!(error.contains("/no/such.toml"), "{error}");
}
