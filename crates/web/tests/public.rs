//! The public site as a stranger meets it: every path by request and response.

mod requests;

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use countersign_core::id::{CustodianId, Digest};
use countersign_core::time::{Date, Timestamp};
use countersign_core::totals::{ClosedUntil, DailyTotals, Figures as TotalsFigures, KeptClosed, TotalsV1};
use countersign_log::FolderTiles;
use countersign_testkit::clock::FixedClock;
use countersign_tlog::checkpoint::Checkpoint;
use countersign_tlog::note::{KeyKind, KeyName, SigningKey};
use countersign_tlog::tile::encode_bundle;
use countersign_tlog::{empty_root, leaf_hash};
use countersign_web::{Figures, Head, PublicState, Site, StateError, StateFuture, Witness, router};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tower::ServiceExt as _;

const NOW: &str = "2026-11-20T12:00:00Z";

struct Fixed(Option<Figures>);

impl PublicState for Fixed {
    fn figures(&self) -> StateFuture<'_> {
        Box::pin(async { self.0.clone().ok_or_else(|| StateError("database is locked by 4711".to_owned())) })
    }
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(problem["status"], self.status.as_u16());
        problem["code"].as_str().unwrap().to_owned()
    }
}

async fn ask(site: &Router, method: &str, path: &str) -> Answer {
    let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    let response = site.clone().oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    Answer { status, headers, body: to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec() }
}

async fn get(site: &Router, path: &str) -> Answer {
    ask(site, "GET", path).await
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn figures() -> Figures {
    let witness = |name: &str, at: Option<&str>| Witness { name: name.to_owned(), cosigned: at.map(time) };
    Figures {
        custodian: "Bank & <Sons>".to_owned(),
        origin: "log.custodian.example".to_owned(),
        head: Some(Head { size: 1_234, root: empty_root() }),
        witnesses: vec![
            witness("north.example", Some("2026-11-20T11:50:00Z")),
            witness("south.example", Some("2026-11-20T11:40:00Z")),
            witness("west.example", None),
        ],
        quorum: 2,
        totals: Some(DailyTotals {
            v: TotalsV1,
            custodian: CustodianId([7; 16]),
            genesis: Digest([1; 32]),
            number: 12,
            day: Date::parse("2026-11-20").unwrap(),
            size: 1_230,
            root: Digest([2; 32]),
            figures: TotalsFigures {
                orders: 7,
                people: 9,
                cells: 21,
                closed: vec![ClosedUntil { until: time("2027-03-31T23:59:59Z"), orders: 4, people: 5 }],
                kept_closed: vec![KeptClosed { law: "<Act> of XA".to_owned(), orders: 1, people: 1 }],
            },
        }),
    }
}

fn parts(figures: Option<Figures>, log_folder: &Path) -> Site {
    let log = Arc::new(FolderTiles::new(log_folder));
    Site { state: Arc::new(Fixed(figures)), clock: Arc::new(FixedClock(time(NOW))), log, requests: None }
}

fn site(figures: Option<Figures>, log_folder: &Path) -> Router {
    router(parts(figures, log_folder))
}

#[tokio::test]
async fn the_page_shows_the_figures_and_escapes_foreign_text() {
    let folder = tempfile::tempdir().unwrap();
    let page = get(&site(Some(figures()), folder.path()), "/").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let html = page.text();
    assert!(!html.contains("<Sons>"), "{html}");
    for shown in [
        "<td>1234</td>",
        "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "2 of 3 cosigned the newest checkpoint; 2 must",
        "(20 min 0 s ago)",
        "has not cosigned",
        "opening by 2027-03-31</th><td class=\"number\">4 (people: 5)</td>",
        "Number 12, of <time datetime=\"2026-11-20\">2026-11-20</time>, over the first 1230 leaves",
        "kept closed by &#60;Act&#62; of XA",
        "href=\"/log/checkpoint\"",
    ] {
        assert!(html.contains(shown) || html.contains(&shown.replace('+', "&#43;")), "{shown} in {html}");
    }
}

#[tokio::test]
async fn a_log_without_checkpoint_quorum_or_totals_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let empty = Figures { head: None, witnesses: Vec::new(), totals: None, ..figures() };
    let page = get(&site(Some(empty), folder.path()), "/").await;
    for shown in ["no checkpoint published yet", "nothing may be released", "None yet."] {
        assert!(page.text().contains(shown), "{shown}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_strict_headers() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(Some(figures()), folder.path());
    for path in ["/", "/healthz", "/readyz", "/nothing", "/log/checkpoint", "/log/tile/0/x", "/log/"] {
        let answer = get(&site, path).await;
        assert!(answer.header("content-security-policy").starts_with("default-src 'none'; "), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
    }
}

#[tokio::test]
async fn the_style_is_named_by_its_content_and_kept_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(Some(figures()), folder.path());
    let page = get(&site, "/").await;
    let (_, rest) = page.text().split_once("rel=\"stylesheet\" href=\"").unwrap();
    let style = get(&site, rest.split('"').next().unwrap()).await;
    assert_eq!((style.status, style.header("content-type")), (StatusCode::OK, "text/css; charset=utf-8"));
    assert!(style.header("cache-control").contains("immutable"));
}

#[tokio::test]
async fn ready_means_readable_published_and_freshly_witnessed() {
    let folder = tempfile::tempdir().unwrap();
    let ask = async |figures: Option<Figures>| get(&site(figures, folder.path()), "/readyz").await;
    let ready = ask(Some(figures())).await;
    assert_eq!((ready.status, ready.text()), (StatusCode::OK, "ready\n"));
    let unreadable = ask(None).await;
    assert_eq!(
        (unreadable.status, unreadable.code()),
        (StatusCode::SERVICE_UNAVAILABLE, "state-unreadable".to_owned())
    );
    assert!(!unreadable.text().contains("4711"));
    assert_eq!(ask(Some(Figures { head: None, ..figures() })).await.code(), "log-empty");
    assert_eq!(ask(Some(Figures { quorum: 3, ..figures() })).await.code(), "quorum-missing");
    let mut stale = figures();
    stale.witnesses[1].cosigned = Some(time("2026-11-20T10:59:59Z"));
    assert_eq!(ask(Some(stale)).await.code(), "quorum-stale");
    assert_eq!(get(&site(None, folder.path()), "/").await.code(), "state-unreadable");
    assert_eq!(get(&site(None, folder.path()), "/healthz").await.text(), "ok\n");
}

#[tokio::test]
async fn the_log_is_served_as_written() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    };
    let hashes = |count: u16| (0..count).flat_map(|n| leaf_hash(&n.to_be_bytes()).0).collect::<Vec<u8>>();
    let bundle = encode_bundle([b"one".as_slice(), b"two"]).unwrap();
    let name = KeyName::new("log.custodian.example").unwrap();
    let key = SigningKey::from_seed(name.clone(), KeyKind::Ed25519, &[1; 32]).unwrap();
    let signed = Checkpoint { origin: name, size: 2, root: empty_root() }.sign(&key).unwrap().to_string();
    write("checkpoint", signed.as_bytes());
    write("vkey", format!("{}\n", key.verifier()).as_bytes());
    write("tile/0/000", &hashes(256));
    write("tile/0/x001/067.p/2", &hashes(2));
    write("tile/entries/000.p/2", &bundle);
    let site = site(Some(figures()), folder.path());

    let checkpoint = get(&site, "/log/checkpoint").await;
    assert_eq!((checkpoint.status, checkpoint.text()), (StatusCode::OK, signed.as_str()));
    assert_eq!(checkpoint.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(checkpoint.header("cache-control"), "no-cache");
    assert_eq!(checkpoint.header("access-control-allow-origin"), "*");
    let vkey = get(&site, "/log/vkey").await;
    assert_eq!((vkey.status, vkey.text()), (StatusCode::OK, format!("{}\n", key.verifier()).as_str()));
    for (path, bytes) in
        [("tile/0/000", hashes(256)), ("tile/0/x001/067.p/2", hashes(2)), ("tile/entries/000.p/2", bundle)]
    {
        let tile = get(&site, &format!("/log/{path}")).await;
        assert_eq!((tile.status, &tile.body), (StatusCode::OK, &bytes), "{path}");
        assert_eq!(tile.header("content-type"), "application/octet-stream");
        assert_eq!(tile.header("cache-control"), "public, max-age=31536000, immutable");
    }
    let head = ask(&site, "HEAD", "/log/tile/0/000").await;
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (StatusCode::OK, "8192", 0));
}

#[tokio::test]
async fn hostile_paths_reach_no_file() {
    let outside = tempfile::tempdir().unwrap();
    let log = outside.path().join("log");
    fs::create_dir_all(log.join("tile/0")).unwrap();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    fs::write(log.join("tile/0/000.tmp"), "half written").unwrap();
    let site = site(Some(figures()), &log);
    for path in [
        "/log/tile/../../secret",
        "/log/tile/0/../../../secret",
        "/log/tile/0/%2e%2e/%2e%2e/%2e%2e/secret",
        "/log/tile/0%2f000",
        "/log/tile/0/000.tmp",
        "/log/tile/00/000",
        "/log/tile/0/0",
        "/log/tile/0/x000/000",
        "/log/tile/0/000.p/0",
        "/log/tile/0/000.p/256",
        "/log/tile/0/000.p/01",
        "/log/tile/64/000",
        "/log/tile/entries/-01",
        "/log/tile/0/000%00",
        "/log/tile//etc/passwd",
    ] {
        let answer = get(&site, path).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::BAD_REQUEST, "not-a-tile".to_owned()), "{path}");
    }
    let long = format!("/log/tile/0/{}000", "x001/".repeat(2_000));
    assert_eq!(get(&site, &long).await.code(), "not-a-tile");
    assert_eq!(get(&site, "/log/tile/0/001").await.code(), "no-such-tile");
    assert_eq!(get(&site, "/log/checkpoint").await.code(), "log-empty");
    assert_eq!(get(&site, "/log/../secret").await.code(), "no-such-page");
}

#[tokio::test]
async fn a_damaged_tile_is_not_served() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("tile/0")).unwrap();
    fs::create_dir_all(folder.path().join("tile/entries/000.p")).unwrap();
    fs::write(folder.path().join("tile/0/000"), [0; 8_191]).unwrap();
    fs::write(folder.path().join("tile/entries/000.p/2"), b"\0\x03one\0\x03tw").unwrap();
    let site = site(Some(figures()), folder.path());
    fs::write(folder.path().join("checkpoint"), "log.custodian.example\n2\n").unwrap();
    fs::write(folder.path().join("vkey"), "log.custodian.example+00000000+AAAA\n").unwrap();
    for path in ["/log/tile/0/000", "/log/tile/entries/000.p/2", "/log/checkpoint", "/log/vkey"] {
        let answer = get(&site, path).await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::INTERNAL_SERVER_ERROR, "internal".to_owned()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn nothing_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let site = site(Some(figures()), folder.path());
    for path in ["/", "/log/checkpoint", "/log/tile/0/000"] {
        for method in ["POST", "PUT", "DELETE"] {
            let answer = ask(&site, method, path).await;
            assert_eq!(
                (answer.code(), answer.header("allow")),
                ("only-reading".to_owned(), "GET,HEAD"),
                "{method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn it_serves_on_a_socket_until_told_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let site = parts(Some(figures()), folder.path());
    let server = tokio::spawn(countersign_web::serve(listener, site, async { stopped.await.unwrap_or(()) }));
    let request = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let talk = tokio::task::spawn_blocking(move || {
        let mut connection = TcpStream::connect(address)?;
        connection.write_all(request)?;
        std::io::read_to_string(connection)
    });
    let answer = talk.await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nok\n"), "{answer}");
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
}
