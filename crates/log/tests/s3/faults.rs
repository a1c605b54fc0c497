//! What networks and servers do to requests.

use super::proxy::Fault::{After, Before, Endless, HangAfter, HangBefore, Redirect, Truncated};
use super::{KEY_ID, Rented, SECRET, credentials, on_a_thread, quick};
use axum::http::Method;
use countersign_log::{BucketTiles, S3Limits, S3Settings, TileStore};
use countersign_tlog::tile::TilePath;
use std::io::{self, ErrorKind};
use std::time::Duration;

/// With the fewest tries: the request itself and two more, in each of three rounds.
const MOST_PUTS: usize = 9;

fn tile(name: &str) -> (TilePath, Vec<u8>) {
    let path: TilePath = name.parse().unwrap();
    (path, vec![7; usize::from(path.width()) * 32])
}

fn stops(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::InvalidData)
}

fn impatient(rented: &Rented) -> BucketTiles {
    let limits = S3Limits { request: Duration::from_secs(1), ..quick() };
    BucketTiles::connect(&rented.settings(), credentials(), limits).unwrap()
}

/// A passing fault, named so that it may be tried again, with where it happened and nothing of the credentials.
fn may_pass<T: std::fmt::Debug>(result: io::Result<T>, says: &str) {
    let error = result.unwrap_err();
    let text = error.to_string();
    assert!(!stops(&error), "{text}");
    assert!(text.contains("bucket `log-") && text.contains("key `of/xa/") && text.contains(says), "{text}");
    assert!(!text.contains(KEY_ID) && !text.contains(SECRET) && !text.contains("Signature="), "{text}");
}

#[test]
fn a_put_comes_out_right_whatever_is_answered() {
    let kinds = [
        Before(500, "InternalError"),
        After(500, "InternalError"),
        Before(503, "SlowDown"),
        After(503, "SlowDown"),
        After(502, ""),
        Before(429, ""),
        Before(409, "ConditionalRequestConflict"),
        After(409, "ConditionalRequestConflict"),
        Before(400, "RequestTimeout"),
        After(404, ""),
    ];
    for rented in Rented::everywhere() {
        let store = rented.tiles();
        store.replace_file("vkey", b"key").unwrap();
        for (number, (fault, times)) in (0..).zip(kinds.iter().flat_map(|kind| [(*kind, 1), (*kind, 2), (*kind, 4)])) {
            let some = [tile(&format!("tile/0/{number:03}")), tile(&format!("tile/1/{number:03}.p/1"))];
            rented.proxy.plan(Method::PUT, &format!("tile/0/{number:03}"), fault, times);
            let (mut calls, mut result) = (1, store.write(&some));
            while let Err(error) = result {
                assert!(calls < 5 && !stops(&error), "{fault:?} {times}: {error}");
                (calls, result) = (calls + 1, store.write(&some));
            }
            assert!(calls == 1 || times > 2, "{fault:?} {times} times took {calls} calls");
            assert!(some.iter().all(|(path, bytes)| store.read(path).unwrap().as_ref() == Some(bytes)), "{fault:?}");

            rented.proxy.plan(Method::PUT, "checkpoint", fault, times);
            for part in 0..2 {
                let checkpoint = format!("{number} {part}");
                let (mut calls, mut result) = (1, store.replace_file("checkpoint", checkpoint.as_bytes()));
                while let Err(error) = result {
                    assert!(calls < 5 && !stops(&error), "{fault:?} {times}: {error}");
                    (calls, result) = (calls + 1, store.replace_file("checkpoint", checkpoint.as_bytes()));
                }
                assert_eq!(store.read_file("checkpoint").unwrap().unwrap(), checkpoint.as_bytes());
            }
            // A refusal is no error where the bytes are there, so not every one of them is met.
            assert!(rented.proxy.left() == 0 || matches!(fault, After(404 | 409, _)), "{fault:?}");
            rented.proxy.forget();
        }
    }
}

#[test]
fn a_put_without_an_answer_comes_out_right() {
    let rented = Rented::here();
    let store = impatient(&rented);
    store.replace_file("vkey", b"key").unwrap();
    for (fault, name) in [(HangBefore, "tile/0/000"), (HangAfter, "tile/0/001")] {
        rented.proxy.plan(Method::PUT, name, fault, 2);
        store.write(&[tile(name)]).unwrap();
        assert_eq!(store.read(&tile(name).0).unwrap(), Some(tile(name).1));
        rented.proxy.plan(Method::PUT, "checkpoint", fault, 1);
        store.replace_file("checkpoint", name.as_bytes()).unwrap();
        assert_eq!(store.read_file("checkpoint").unwrap().as_deref(), Some(name.as_bytes()));
    }
    assert_eq!(rented.proxy.left(), 0);
}

#[test]
fn a_checkpoint_that_arrived_unheard_is_the_own_one_later() {
    for rented in Rented::everywhere() {
        let store = rented.tiles();
        store.replace_file("vkey", b"key").unwrap();
        store.replace_file("checkpoint", b"one").unwrap();
        rented.proxy.plan(Method::PUT, "checkpoint", After(500, "InternalError"), 1);
        // Nothing of it is heard: not the answer, not the readings after it.
        rented.proxy.plan(Method::PUT, "checkpoint", Before(500, "InternalError"), MOST_PUTS - 1);
        may_pass(store.replace_file("checkpoint", b"two"), "500 Internal Server Error: InternalError");
        assert_eq!(rented.proxy.left(), 0);
        store.replace_file("checkpoint", b"three").unwrap();
        assert_eq!(rented.tiles().read_file("checkpoint").unwrap().as_deref(), Some(&b"three"[..]));
    }
}

#[test]
fn readings_are_made_again() {
    for rented in Rented::everywhere() {
        let store = rented.tiles();
        let some: Vec<_> = (0..20).map(|index| tile(&format!("tile/0/{index:03}"))).collect();
        store.write(&some).unwrap();
        store.replace_file("checkpoint", b"a checkpoint").unwrap();
        for fault in [Truncated, Before(500, "InternalError"), Before(503, "SlowDown"), After(500, "InternalError")] {
            for path in ["tile/0/007", "checkpoint", "list-type"] {
                rented.proxy.plan(Method::GET, path, fault, 2);
            }
            assert_eq!(store.read(&some[7].0).unwrap().as_ref(), Some(&some[7].1), "{fault:?}");
            assert_eq!(store.read_file("checkpoint").unwrap().as_deref(), Some(&b"a checkpoint"[..]), "{fault:?}");
            assert_eq!(store.list().unwrap().len(), 20, "{fault:?}");
            assert_eq!(rented.proxy.left(), 0, "{fault:?}");
        }
    }
}

#[test]
fn trying_again_has_an_end() {
    for rented in Rented::everywhere() {
        let store = rented.tiles();
        store.write(&[tile("tile/0/000")]).unwrap();
        let before = rented.proxy.counts();
        for method in [Method::PUT, Method::GET] {
            rented.proxy.plan(method, "of/xa", Before(503, "SlowDown"), 10_000);
        }
        rented.proxy.plan(Method::GET, "list-type", Before(503, "SlowDown"), 10_000);
        may_pass(store.read(&tile("tile/0/000").0), "503 Service Unavailable: SlowDown");
        may_pass(store.list(), "503 Service Unavailable: SlowDown");
        may_pass(store.read_file("checkpoint"), "SlowDown");
        may_pass(store.replace_file("checkpoint", b"one"), "SlowDown");
        let after = rented.proxy.counts();
        assert!(after[&Method::GET] - before[&Method::GET] <= 12, "{after:?}");
    }
    let rented = Rented::here();
    rented.proxy.plan(Method::PUT, "tile/0/000", Before(503, "SlowDown"), 10_000);
    may_pass(rented.tiles().write(&[tile("tile/0/000")]), "503 Service Unavailable: SlowDown");
    assert_eq!(rented.proxy.counts()[&Method::PUT], MOST_PUTS);
}

#[test]
fn a_refusal_is_not_tried_again() {
    let rented = Rented::here();
    let store = rented.tiles();
    rented.proxy.plan(Method::PUT, "tile/0/000", Before(403, "AccessDenied"), 1);
    may_pass(store.write(&[tile("tile/0/000")]), "403 Forbidden: AccessDenied");
    rented.proxy.plan(Method::PUT, "checkpoint", Before(403, "AccessDenied"), 1);
    may_pass(store.replace_file("checkpoint", b"one"), "403 Forbidden: AccessDenied");
    assert_eq!(rented.proxy.counts()[&Method::PUT], 2);
}

#[test]
fn nothing_is_sent_where_an_answer_points_to() {
    let rented = Rented::here();
    let store = rented.tiles();
    store.write(&[tile("tile/0/000")]).unwrap();
    for (method, count) in [(Method::GET, 1), (Method::PUT, 3)] {
        rented.proxy.plan(method, "tile/0/000", Redirect, count);
    }
    may_pass(store.read(&tile("tile/0/000").0), "307");
    may_pass(store.write(&[tile("tile/0/000")]), "307");
    assert_eq!(rented.proxy.left(), 0);
}

#[test]
fn an_answer_without_end_is_cut_off() {
    let rented = Rented::here();
    let store = rented.tiles();
    rented.proxy.plan(Method::GET, "tile/0/000", Endless, 1);
    rented.proxy.plan(Method::GET, "list-type", Endless, 1);
    for result in [store.read(&tile("tile/0/000").0).map(drop), store.list().map(drop)] {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
        assert!(error.to_string().contains("the answer is longer than"), "{error}");
    }
    assert_eq!(rented.proxy.left(), 0);
}

#[test]
fn a_server_that_is_silent_or_not_there_is_given_up() {
    let rented = Rented::here();
    rented.proxy.plan(Method::GET, "", HangBefore, 10_000);
    let limits = S3Limits { request: Duration::from_millis(100), object: Duration::from_millis(450), ..quick() };
    let store = BucketTiles::connect(&rented.settings(), credentials(), limits).unwrap();
    let error = store.read(&tile("tile/0/000").0).unwrap_err();
    assert!(error.to_string().contains("key `of/xa/tile/0/000`"), "{error}");
    store.list().unwrap_err();

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let gone = BucketTiles::connect(&S3Settings { endpoint, ..rented.settings() }, credentials(), quick()).unwrap();
    may_pass(gone.read_file("checkpoint"), "error sending request");
    may_pass(gone.replace_file("checkpoint", b"one"), "error sending request");
}

#[test]
fn a_bucket_that_is_not_there_is_named() {
    let Some(rented) = Rented::in_moto() else { return };
    let elsewhere = S3Settings { bucket: "log-of-nobody".into(), ..rented.settings() };
    let store = BucketTiles::connect(&elsewhere, credentials(), quick()).unwrap();
    for error in [store.list().map(drop), store.write(&[tile("tile/0/000")])] {
        let text = error.unwrap_err().to_string();
        assert!(text.contains("bucket `log-of-nobody`") && text.contains("NoSuchBucket"), "{text}");
    }
}

#[test]
fn what_is_no_s3_is_refused() {
    let page = || async { ([("etag", "\"1\"")], "<html>a page</html>") };
    let settings = Rented::here().settings();
    let endpoint = on_a_thread(axum::Router::new().fallback(page));
    let store = BucketTiles::connect(&S3Settings { endpoint, ..settings }, credentials(), quick()).unwrap();
    may_pass(store.list(), "no listing");
    // It says yes to every condition.
    let error = store.replace_file("checkpoint", b"one").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert!(error.to_string().contains("does not check `If-None-Match`"), "{error}");
}

#[test]
fn a_listing_that_cannot_be_continued_is_refused() {
    // As a server answers that knows only the first version of the request.
    let listing =
        || async { "<ListBucketResult><IsTruncated>true</IsTruncated><NextMarker>a</NextMarker></ListBucketResult>" };
    let endpoint = on_a_thread(axum::Router::new().fallback(listing));
    let settings = S3Settings { endpoint, ..Rented::here().settings() };
    may_pass(BucketTiles::connect(&settings, credentials(), quick()).unwrap().list(), "does not say how to go on");
}

#[test]
fn a_listing_is_read_to_its_last_page() {
    for rented in Rented::everywhere() {
        let store = rented.tiles();
        let some: Vec<_> = (0..40).map(|index| tile(&format!("tile/0/{index:03}.p/1"))).collect();
        store.write(&some).unwrap();
        let before = rented.proxy.counts()[&Method::GET];
        assert_eq!(store.list().unwrap(), some.iter().map(|(path, _)| *path).collect::<Vec<_>>());
        let pages = rented.proxy.counts()[&Method::GET] - before;
        assert!(pages > 4, "{pages} pages");
        // A page that is lost in the middle is asked for again.
        rented.proxy.plan(Method::GET, "continuation-token", Truncated, 2);
        assert_eq!(store.list().unwrap().len(), 40);
        assert_eq!(rented.proxy.left(), 0);
    }
}

#[test]
fn a_listing_without_end_is_given_up() {
    let page = "<IsTruncated>true</IsTruncated><NextContinuationToken>again</NextContinuationToken></ListBucketResult>";
    let key = "<Contents><Key>of/xa/tile/0/001</Key><LastModified>2026-11-20T12:00:00.000Z</LastModified><Size>1</Size></Contents>";
    let limits = S3Limits { listing: Duration::from_millis(500), ..quick() };
    let listed = |content: &str| {
        let page = format!("<ListBucketResult>{content}{page}");
        let endpoint = on_a_thread(axum::Router::new().fallback(|| async { page }));
        let settings = S3Settings { endpoint, ..Rented::here().settings() };
        BucketTiles::connect(&settings, credentials(), limits).unwrap().list()
    };
    let error = listed(key).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert!(error.to_string().contains("key `of/xa/tile/0/001` stands out of its order"), "{error}");
    may_pass(listed(""), "no end within 500 ms");
}
