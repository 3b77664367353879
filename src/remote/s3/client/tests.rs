//! Addresses of buckets and objects, and signatures that a server verifies.

use axum::Router;
use axum::body::Body;
use axum::extract::Request as HttpRequest;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tower::ServiceExt;

use super::*;
use crate::remote::options::S3Credentials;

fn url(options: &S3Options, bucket: &str, key: Option<&str>) -> Result<String> {
    crate::remote::client::use_ring();
    let client = Client::new(options, &Limits::default()).unwrap();
    let request = Request::new(Method::GET, bucket).query("versionId", "a/b");
    let request = request.query("prefix", None);
    client.url(&Request { key, ..request }).map(String::from)
}

#[test]
fn a_bucket_stands_in_the_hosts_name_where_it_can() {
    let amazon = S3Options { region: "eu-central-1".into(), ..S3Options::default() };
    assert_eq!(
        url(&amazon, "videos", Some("in/\u{e4} +.mp4")).unwrap(),
        "https://videos.s3.eu-central-1.amazonaws.com/in/%C3%A4%20%2B.mp4?versionId=a%2Fb"
    );
    assert_eq!(
        url(&amazon, "videos", None).unwrap(),
        "https://videos.s3.eu-central-1.amazonaws.com/?versionId=a%2Fb"
    );
    assert_eq!(
        url(&amazon, "old.videos", Some("a")).unwrap(),
        "https://s3.eu-central-1.amazonaws.com/old.videos/a?versionId=a%2Fb"
    );
    let own = |endpoint: &str, path_style| S3Options {
        endpoint: Some(endpoint.to_owned()),
        path_style,
        ..S3Options::default()
    };
    assert_eq!(
        url(&own("http://127.0.0.1:9000", false), "videos", None).unwrap(),
        "http://127.0.0.1:9000/videos?versionId=a%2Fb"
    );
    assert_eq!(
        url(&own("https://store.example.com/s3/", true), "videos", Some("/a//b")).unwrap(),
        "https://store.example.com/s3/videos//a//b?versionId=a%2Fb"
    );
    assert_eq!(amazons("cn-north-1"), "https://s3.cn-north-1.amazonaws.com.cn");
}

#[test]
fn a_name_that_a_url_would_change_is_refused() {
    for key in ["a/../b", "..", "./a", "a/.", "a/%2e%2e/b"] {
        let refused = url(&S3Options::default(), "videos", Some(key));
        assert_eq!(refused.is_err(), !key.contains('%'), "{key}: {refused:?}");
    }
}

/// An S3 server that verifies signatures and implements nothing else: it answers 501 to a request that is signed
/// right. It sends the requests' headers to the test. Returns its endpoint.
async fn verifier(seen: tokio::sync::mpsc::UnboundedSender<reqwest::header::HeaderMap>) -> String {
    struct Nothing;
    impl s3s::S3 for Nothing {}

    let mut service = S3ServiceBuilder::new(Nothing);
    service.set_auth(SimpleAuth::from_single("AKTEST", "sesame/+ ="));
    let service = service.build();
    let router = Router::new().fallback(move |request: HttpRequest| {
        let _ = seen.send(request.headers().clone());
        let answer = service.clone().oneshot(request);
        async move { answer.await.unwrap().map(Body::new) }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

#[tokio::test]
async fn a_server_that_verifies_signatures_accepts_ours() {
    crate::remote::client::use_ring();
    let (sender, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let endpoint = verifier(sender).await;
    let client = |secret: &str, session_token: Option<&str>| {
        let credentials = S3Credentials {
            key_id: "AKTEST".to_owned(),
            secret: secret.to_owned(),
            session_token: session_token.map(str::to_owned),
        };
        let options = S3Options {
            endpoint: Some(endpoint.clone()),
            region: "eu-central-1".to_owned(),
            credentials: Some(credentials),
            ..S3Options::default()
        };
        Client::new(&options, &Limits::default()).unwrap()
    };
    let status = async |client: &Client, request: Request<'_>| match client.send(request).await {
        Err(Error::Answered { status, code, .. }) => (status, code.unwrap_or_default()),
        other => panic!("{other:?}"),
    };

    let names =
        ["a.mp4", "in/\u{e4} b+c%20&d=e;~*'(!).mp4", "//a//", "%", "+", "a\nb", "\u{1f3ac}?#"];
    let (right, with_token) = (client("sesame/+ =", None), client("sesame/+ =", Some("a+/b==")));
    let wrong = client("sesame", None);
    for name in names {
        let delete = Request::new(Method::DELETE, "videos").key(name).query("versionId", name);
        // Not in the order in which the parameters are signed.
        let list = Request::new(Method::GET, "videos").query("versions", "");
        let list = list.query("prefix", name).query("key-marker", name);
        let batch = Request::new(Method::POST, "videos").query("delete", "");
        let batch = batch.body(format!("<Delete><!--{name}--></Delete>").into_bytes());
        for request in [delete, list] {
            for client in [&right, &with_token] {
                let answer = status(client, request.clone()).await;
                assert_eq!(answer, (501, "NotImplemented".to_owned()), "{request:?}");
            }
            let answer = status(&wrong, request.clone()).await;
            assert_eq!(answer, (403, "SignatureDoesNotMatch".to_owned()), "{request:?}");
        }
        let (answer, _) = status(&with_token, batch.clone()).await;
        assert_ne!(answer, 403, "{batch:?}");
        let answer = status(&wrong, batch.clone()).await;
        assert_eq!(answer, (403, "SignatureDoesNotMatch".to_owned()), "{batch:?}");
    }

    let with_token = std::iter::from_fn(|| seen.try_recv().ok())
        .filter(|headers| headers.contains_key(SESSION_TOKEN));
    let mut count = 0;
    for headers in with_token {
        count += 1;
        assert_eq!(headers[SESSION_TOKEN], "a+/b==");
        let authorization = headers["authorization"].to_str().unwrap();
        assert!(authorization.contains(SESSION_TOKEN), "it is signed: {authorization}");
        assert_ne!(headers["x-amz-content-sha256"], "UNSIGNED-PAYLOAD");
    }
    assert_eq!(count, 3 * names.len());
}

#[test]
fn credentials_that_no_header_can_carry_are_refused() {
    crate::remote::client::use_ring();
    let client = |region: &str, key_id: &str, session_token: Option<&str>| {
        let credentials = S3Credentials {
            key_id: key_id.to_owned(),
            secret: "a\nb".to_owned(),
            session_token: session_token.map(str::to_owned),
        };
        let (region, credentials) = (region.to_owned(), Some(credentials));
        let options = S3Options { region, credentials, ..S3Options::default() };
        let endpoint = Some("http://127.0.0.1:9000".to_owned());
        Client::new(&S3Options { endpoint, ..options }, &Limits::default())
    };
    assert!(client("eu", "key", Some("token")).is_ok());
    for (region, key, token) in
        [("e\nu", "key", None), ("eu", "k\ney", None), ("eu", "key", Some("\0"))]
    {
        let refused = client(region, key, token);
        assert!(matches!(refused, Err(Error::NotAllowed { .. })), "{refused:?}");
    }
}

#[test]
fn only_the_short_name_of_a_fault_is_kept() {
    let error = |code: &str| {
        let xml = format!("<Error><Code>{code}</Code><Message>secret.mp4</Message></Error>");
        super::code(xml.as_bytes())
    };
    assert_eq!(error("NoSuchBucket").as_deref(), Some("NoSuchBucket"));
    assert_eq!(error("no such secret.mp4"), None);
    assert_eq!(super::code(b"<html>"), None);
}
