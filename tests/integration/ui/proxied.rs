//! Behind a proxy that speaks https: cookies that only https carries, and addresses from its header.

use crate::support::http;
use crate::support::sandbox::Sandbox;
use crate::support::service::{Answer, Service, answer};
use crate::ui::people::{PASSWORD, add};

const PROXIED: [(&str, &str); 1] = [("CENOTAPH_SERVER__BEHIND_PROXY", "true")];

/// Tries to sign in, the proxy saying where from.
fn try_from(service: &Service<'_>, forwarded: &str, password: &str) -> Answer {
    let stays = reqwest::redirect::Policy::none();
    let client = http::client().redirect(stays).build().unwrap();
    let call = client
        .post(service.url("/review/sign-in"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-forwarded-for", forwarded)
        .body(format!("name=ada&password={}", password.replace(' ', "+")));
    service.block_on(answer(call)).unwrap()
}

#[test]
fn behind_a_proxy_cookies_are_secure_and_addresses_are_those_that_the_proxy_saw() {
    let s = Sandbox::new();
    let service = Service::start_with(&s, &PROXIED);
    add(&service, "Ada", "moderator");
    let signed_in = try_from(&service, "203.0.113.7", PASSWORD);
    let cookie = signed_in.header("set-cookie").unwrap().to_owned();
    assert!(cookie.starts_with("__Host-cenotaph_session="), "{cookie}");
    for part in ["; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    let pair = cookie.split(';').next().unwrap();
    let page = |cookie: &str| {
        service.call_as(None, "GET", "/review/tombstones").header("cookie", cookie).send().text()
    };
    assert!(page(pair).contains("Compare a file"));
    // Under its plain name, which anybody on the way could have set, it is none.
    assert!(page(pair.trim_start_matches("__Host-")).contains("Sign in"));
    // Who fails from one address locks that address, not another; what they write before it themselves is nothing.
    for n in 0..5 {
        let invented = format!("198.51.100.{n}, 203.0.113.9");
        assert_eq!(try_from(&service, &invented, "wrong").status, 422);
    }
    assert_eq!(try_from(&service, "198.51.100.77, 203.0.113.9", PASSWORD).status, 429);
    assert_eq!(try_from(&service, "203.0.113.9, 203.0.113.10", PASSWORD).status, 303);
}

#[test]
fn without_a_proxy_its_header_is_what_anybody_may_invent() {
    let s = Sandbox::new();
    let service = Service::start(&s);
    add(&service, "Ada", "moderator");
    let cookie = try_from(&service, "203.0.113.7", PASSWORD);
    let cookie = cookie.header("set-cookie").unwrap();
    assert!(cookie.starts_with("cenotaph_session=") && !cookie.contains("Secure"), "{cookie}");
    for n in 0..5 {
        assert_eq!(try_from(&service, &format!("203.0.113.{n}"), "wrong").status, 422);
    }
    assert_eq!(try_from(&service, "203.0.113.99", PASSWORD).status, 429, "all came from here");
}
