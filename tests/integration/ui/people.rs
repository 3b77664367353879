//! Signing in and out, and who may see what.

use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::browser::{Driver, ENTER};
use crate::support::sandbox::{Run, Sandbox};
use crate::support::service::{Service, answer};
use crate::support::{axe, http};

pub const PASSWORD: &str = "a long enough sentence";

/// Adds somebody who can sign in with `PASSWORD`.
pub fn add(service: &Service<'_>, name: &str, role: &str) -> String {
    let body = json!({ "name": name, "role": role, "password": PASSWORD });
    let made = service.post("/v1/users", &body).expect(201);
    made["id"].as_str().unwrap().to_owned()
}

#[test]
fn people_sign_in_and_out_and_pages_lead_there_and_back() {
    let Some(driver) = Driver::start() else { return };
    let s = Sandbox::new();
    let service = Service::start(&s);
    add(&service, "Ada", "lead");
    let base = service.url("");
    let tab = driver.tab(&base);
    tab.goto("/review/audit?action=user");
    assert!(tab.location().starts_with("/review/sign-in?next="), "{}", tab.location());
    tab.fill("[name=name]", "ada");
    tab.fill("[name=password]", "not the password");
    tab.keys(ENTER);
    assert!(tab.text(".notice.bad").contains("Wrong name or password"));
    tab.screenshots("sign-in-refused");
    axe::check(&tab, "sign-in");
    tab.fill("[name=password]", PASSWORD);
    tab.keys(ENTER);
    tab.until("location.pathname === '/review/audit'");
    assert_eq!(tab.location(), "/review/audit?action=user");
    assert!(tab.text(".who").contains("Ada"));
    // No script sees the cookie.
    assert_eq!(tab.run("return document.cookie"), "");
    // A lead looks after no people.
    tab.goto("/review/people");
    assert!(tab.text("main").contains("role admin"), "{}", tab.text("main"));
    // Signed out everywhere, another browser of the same person is out too.
    let other = driver.tab(&base);
    other.sign_in("Ada", PASSWORD);
    tab.click(".who summary");
    tab.click("[name=everywhere] + button");
    tab.until("location.pathname === '/review/sign-in'");
    other.goto("/review/tombstones");
    assert!(other.location().starts_with("/review/sign-in"), "{}", other.location());
    assert_eq!(tab.complaints(), Vec::<String>::new());
}

#[test]
fn failures_lock_out_and_a_form_from_elsewhere_does_nothing() {
    let s = Sandbox::new();
    let service = Service::start(&s);
    let id = add(&service, "Ada", "moderator");
    // The answer itself is looked at, not where it leads.
    let stays = reqwest::redirect::Policy::none();
    let client = http::client().redirect(stays).build().unwrap();
    let send = |path: &str, headers: &[(&str, &str)], body: &str| {
        let mut call = client.post(service.url(path)).body(body.to_owned());
        call = call.header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            call = call.header(*name, *value);
        }
        service.block_on(answer(call)).unwrap()
    };
    let right = format!("name=ada&password={}", PASSWORD.replace(' ', "+"));
    let foreign = send("/review/sign-in", &[("sec-fetch-site", "cross-site")], &right);
    assert_eq!(foreign.status, 403);
    let signed_in = send("/review/sign-in", &[], &right);
    let cookie = signed_in.header("set-cookie").unwrap().to_owned();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let cookie = cookie.split(';').next().unwrap();
    let page = service.call_as(None, "GET", "/review/tombstones").header("cookie", cookie).send();
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    // Without the form's token the cookie alone does nothing.
    let out = send("/review/sign-out", &[("cookie", cookie)], "everywhere=yes");
    assert_eq!(out.status, 403);
    let again = service.call_as(None, "GET", "/review/tombstones").header("cookie", cookie).send();
    assert_eq!(again.status, 200);
    for _ in 0..5 {
        assert_eq!(send("/review/sign-in", &[], "name=ADA&password=wrong").status, 422);
    }
    let locked = send("/review/sign-in", &[], &right);
    assert_eq!(locked.status, 429);
    assert!(locked.text().contains("Too many failed attempts"), "{}", locked.text());
    // An administrator's new password ends sessions.
    let body = json!({ "password": "another long sentence" });
    service.call("PATCH", &format!("/v1/users/{id}")).json(&body).send().expect(200);
    let gone = service.call_as(None, "GET", "/review/tombstones").header("cookie", cookie).send();
    assert!(gone.text().contains("Sign in"), "{}", gone.text());
    let audit = service.get("/v1/audit").expect(200).to_string();
    for action in ["user.create", "user.sign_in", "user.locked", "user.password"] {
        assert!(audit.contains(action), "{action}: {audit}");
    }
    // No password, and no secret of a session, is in any file.
    let secret = cookie.split('=').nth(1).unwrap().to_owned();
    drop(service);
    for entry in std::fs::read_dir(s.path("data")).unwrap().flatten() {
        if entry.file_type().unwrap().is_file() {
            let bytes = std::fs::read(entry.path()).unwrap();
            for word in [secret.as_bytes(), PASSWORD.as_bytes()] {
                assert!(!bytes.windows(word.len()).any(|w| w == word), "{entry:?}");
            }
        }
    }
}

#[test]
fn the_command_line_adds_people_with_and_without_the_service() {
    let s = Sandbox::new();
    let user = |words: &[&str], stdin: &str| {
        let words = ["user"].iter().chain(words).copied();
        run_with_input(&s, words, stdin)
    };
    let added = user(&["add", "Ada", "--role", "admin"], "a long enough sentence\n");
    assert_eq!(added.code, 0, "{added:?}");
    assert!(!format!("{added:?}").contains("a long enough"), "{added:?}");
    user(&["add", "ada"], "a long enough sentence\n").one_line_error();
    let short = user(&["add", "Bob"], "short\n");
    assert!(short.one_line_error().contains("12 characters"), "{short:?}");
    let service = Service::start(&s);
    assert_eq!(user(&["add", "Bob"], "a long enough sentence\n").code, 0);
    assert_eq!(user(&["disable", "bob"], "").code, 0);
    let list = user(&["list", "--json"], "").lines();
    let names: Vec<_> = list.iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Ada", "Bob"]);
    assert!(list[1]["disabled_at"].is_string() && list[0]["disabled_at"].is_null(), "{list:?}");
    drop(service);
}

/// Runs the program in the sandbox with something on its stdin.
fn run_with_input<'w>(s: &Sandbox, words: impl Iterator<Item = &'w str>, input: &str) -> Run {
    let stdin = s.write("stdin", input.as_bytes());
    let mut command = Command::new(env!("CARGO_BIN_EXE_cenotaph"));
    command.current_dir(s.path("")).env_clear().env("CENOTAPH_KEYS", s.path("keys"));
    command.args(["--data", "data"]).args(words).stdin(std::fs::File::open(&stdin).unwrap());
    let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
    std::fs::remove_file(stdin).unwrap();
    Run {
        code: output.status.code().expect("the program was killed"),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
