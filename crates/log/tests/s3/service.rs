//! A small part of S3 in memory, strict about its conditions: put, get, delete, list in short pages.

use super::on_a_thread;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Keys on one page of a listing.
const PAGE: usize = 7;

#[derive(Default)]
struct Objects {
    kept: BTreeMap<String, Kept>,
    versions: u64,
}

#[derive(Clone)]
struct Kept {
    bytes: Bytes,
    version: String,
    kind: String,
    keep: String,
}

type Shared = Arc<Mutex<Objects>>;

/// Starts it and gives its address. Every bucket that is named exists.
pub(crate) fn start() -> String {
    on_a_thread(axum::Router::new().fallback(answer).with_state(Shared::default()))
}

async fn answer(State(objects): State<Shared>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let signed = headers.get("authorization").is_some_and(|value| value.as_bytes().starts_with(b"AWS4-HMAC-SHA256 "));
    let path = decoded(uri.path().trim_start_matches('/'));
    let mut objects = objects.lock().unwrap();
    match (method, path.split_once('/')) {
        // Everybody reads an object; the rest is the owner's.
        (Method::GET, Some(_)) => get(&objects, &path),
        _ if !signed => error(StatusCode::FORBIDDEN, "AccessDenied"),
        (Method::GET, None) => list(&objects, &path, uri.query().unwrap_or_default()),
        (Method::PUT, Some(_)) => put(&mut objects, path, &headers, body),
        (Method::DELETE, Some(_)) => {
            objects.kept.remove(&path);
            StatusCode::NO_CONTENT.into_response()
        }
        _ => error(StatusCode::NOT_IMPLEMENTED, "NotImplemented"),
    }
}

fn get(objects: &Objects, path: &str) -> Response {
    let Some(kept) = objects.kept.get(path).cloned() else { return error(StatusCode::NOT_FOUND, "NoSuchKey") };
    let headers = [("etag", kept.version), ("content-type", kept.kind), ("cache-control", kept.keep)];
    (headers, kept.bytes).into_response()
}

fn put(objects: &mut Objects, path: String, headers: &HeaderMap, bytes: Bytes) -> Response {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let there = objects.kept.get(&path).map(|kept| kept.version.as_str());
    let holds = match (text("if-none-match"), text("if-match"), there) {
        (None, None, _) | (Some("*"), None, None) => true,
        (None, Some(expected), Some(version)) => expected == version,
        // As S3 does.
        (None, Some(_), None) => return error(StatusCode::NOT_FOUND, "NoSuchKey"),
        _ => false,
    };
    if !holds {
        return error(StatusCode::PRECONDITION_FAILED, "PreconditionFailed");
    }
    objects.versions += 1;
    let version = format!("\"{:032x}\"", objects.versions);
    let header = |name| text(name).unwrap_or_default().to_owned();
    let kept = Kept { bytes, version: version.clone(), kind: header("content-type"), keep: header("cache-control") };
    objects.kept.insert(path, kept);
    [("etag", version)].into_response()
}

fn list(objects: &Objects, bucket: &str, query: &str) -> Response {
    let query: BTreeMap<&str, String> =
        query.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (name, decoded(value))).collect();
    let start = format!("{bucket}/{}", query.get("prefix").map_or("", String::as_str));
    let after = query.get("continuation-token").cloned().unwrap_or_default();
    let keys = objects.kept.keys().filter(|key| key.starts_with(&start) && **key > after);
    let page: Vec<&String> = keys.take(PAGE + 1).collect();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult>");
    for key in page.iter().take(PAGE) {
        text += &format!(
            "<Contents><Key>{}</Key><LastModified>2026-11-20T12:00:00.000Z</LastModified><Size>{}</Size></Contents>",
            escaped(&key[bucket.len() + 1..]),
            objects.kept[*key].bytes.len()
        );
    }
    text += &format!("<IsTruncated>{}</IsTruncated>", page.len() > PAGE);
    if page.len() > PAGE {
        text += &format!("<NextContinuationToken>{}</NextContinuationToken>", escaped(page[PAGE - 1]));
    }
    (text + "</ListBucketResult>").into_response()
}

/// As S3 does, the document repeats who asked.
pub(crate) fn error(status: StatusCode, code: &str) -> Response {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><AWSAccessKeyId>{}</AWSAccessKeyId></Error>",
        super::KEY_ID
    );
    (status, text).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.bytes());
    while let Some(byte) = rest.next() {
        let hex = |byte: Option<u8>| char::from(byte.unwrap()).to_digit(16).unwrap() as u8;
        bytes.push(match byte {
            b'%' => hex(rest.next()) << 4 | hex(rest.next()),
            b'+' => b' ',
            byte => byte,
        });
    }
    String::from_utf8(bytes).unwrap()
}
