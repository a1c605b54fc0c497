//! The intake as programs meet it on a socket. Who is known is decided by a desk of two lines: a key that ends in `01` is, and the
//! signature's nonce says what becomes of the message.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use countersign_intake::http::SignedHead;
use countersign_web::requests::{Answering, Failed, Filed, Intake, MOST_IN_A_MINUTE, PATH, Requests, Sender, Turned};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;

type Kept = Arc<Mutex<Vec<Vec<u8>>>>;

struct Desk(Kept);

struct Court {
    kept: Kept,
    nonce: String,
}

impl Requests for Desk {
    fn host(&self) -> &str {
        "us.example"
    }

    fn vouch(&self, head: &SignedHead) -> Result<Box<dyn Sender>, Turned> {
        match head.nonce() {
            "late-late-late-late" => Err(Turned::Late("it expired".to_owned())),
            "closed-closed-closed" => Err(Turned::Closed("the directory of /var/lib/x changed".to_owned())),
            _ if !head.key_id().ends_with("01") => Err(Turned::Stranger),
            nonce => Ok(Box::new(Court { kept: Arc::clone(&self.0), nonce: nonce.to_owned() })),
        }
    }
}

impl Sender for Court {
    fn key(&self) -> &str {
        "ed25519 01"
    }

    fn file(&self, raw: Vec<u8>) -> Answering<'_, Filed> {
        self.kept.lock().unwrap().push(raw);
        Box::pin(async {
            match self.nonce.as_str() {
                "for-another-for-another" => Ok(Filed::Stranger),
                "broken-broken-broken" => Err(Failed("database is locked by 4711".to_owned())),
                "again-again-again" => {
                    Ok(Filed::NotTaken { status: "signed\n{}".to_owned(), inside: "case 4711 has it".to_owned() })
                }
                _ => {
                    Ok(Filed::Taken { transaction: "m-1".to_owned(), status: "signed\n{\"generation\":1}".to_owned() })
                }
            }
        })
    }

    fn status<'a>(&'a self, transaction: &'a str) -> Answering<'a, Option<String>> {
        Box::pin(async move { Ok((transaction == "m-1").then(|| "signed\n{\"generation\":2}".to_owned())) })
    }
}

async fn opened() -> (SocketAddr, Kept) {
    let kept = Kept::default();
    let folder = tempfile::tempdir().unwrap();
    let site = super::parts(None, folder.path());
    let site = countersign_web::Site { requests: Some(Intake::new(Arc::new(Desk(Arc::clone(&kept))))), ..site };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let _folder = folder;
        countersign_web::serve(listener, site, std::future::pending()).await
    });
    (address, kept)
}

const MESSAGE: &str = r#"("@method" "@target-uri" "content-type" "content-digest")"#;
const QUERY: &str = r#"("@method" "@target-uri")"#;

fn signature(covered: &str, key: &str, nonce: &str, tag: &str) -> String {
    let signed = "A".repeat(86);
    format!(
        "Signature-Input: s={covered};created=1795168800;expires=1795168920;nonce=\"{nonce}\";keyid=\"ed25519 {key}\";tag=\"{tag}\"\r\n\
         Signature: s=:{signed}==:\r\n"
    )
}

/// A message of two bytes. What is signed is the desk's business.
fn post(key: &str, nonce: &str) -> String {
    format!(
        "POST {PATH} HTTP/1.1\r\nHost: us.example\r\nContent-Type: application/json\r\nContent-Digest: sha-256=:AAAA:\r\n{}\
         Content-Length: 2\r\nConnection: close\r\n\r\n{{}}",
        signature(MESSAGE, key, nonce, "countersign/inbound/v1")
    )
}

fn get(path: &str, key: &str) -> String {
    let signature = signature(QUERY, key, "nonce-of-sixteen-1", "countersign/status-query/v1");
    format!("GET {path} HTTP/1.1\r\nHost: us.example\r\n{signature}Connection: close\r\n\r\n")
}

/// Sends bytes as they are and gives status, head and body of the answer.
async fn talk(address: SocketAddr, bytes: impl Into<Vec<u8>>) -> (u16, String, String) {
    let bytes = bytes.into();
    let answer = spawn_blocking(move || {
        let mut connection = TcpStream::connect(address).unwrap();
        connection.write_all(&bytes).unwrap();
        let mut answer = Vec::new();
        // A server that refuses a head may close before it has read the rest.
        let _ = connection.read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    });
    let answer = answer.await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer}"));
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_ascii_lowercase(), body.to_owned())
}

async fn code(address: SocketAddr, bytes: impl Into<Vec<u8>>) -> (u16, String) {
    let (status, head, body) = talk(address, bytes).await;
    assert!(head.contains("application/problem+json") && head.contains("cache-control: no-store"), "{head}");
    let problem: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(problem["status"], status);
    (status, problem["code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_message_is_handed_on_as_it_was_signed() {
    let (address, kept) = opened().await;
    let sent = post("01", "nonce-of-sixteen-1").replace("Host:", "X-Forwarded-For: 192.0.2.1\r\nhoST:");
    let (status, head, body) = talk(address, sent).await;
    assert_eq!((status, body.as_str()), (201, "signed\n{\"generation\":1}"));
    assert!(head.contains("location: /api/v1/requests/m-1") && head.contains("cache-control: no-store"), "{head}");
    let kept = String::from_utf8(kept.lock().unwrap().pop().unwrap()).unwrap();
    assert!(
        kept.starts_with("POST /api/v1/requests HTTP/1.1\r\nhost: us.example\r\ncontent-type: application/json\r\n")
    );
    assert!(kept.ends_with("==:\r\n\r\n{}") && !kept.contains("192.0.2.1"), "{kept}");

    let (status, _, body) = talk(address, get("/api/v1/requests/m-1", "01")).await;
    assert_eq!((status, body.as_str()), (200, "signed\n{\"generation\":2}"));
}

/// The answer comes although eight MiB were announced and none was sent: nothing of a stranger's content is waited for.
#[tokio::test]
async fn the_content_of_a_stranger_is_not_read() {
    let (address, kept) = opened().await;
    let sent = post("02", "nonce-of-sixteen-1").replace("Content-Length: 2", "Content-Length: 8388608");
    assert_eq!(code(address, sent.strip_suffix("{}").unwrap()).await, (403, "unknown-sender".to_owned()));
    assert!(kept.lock().unwrap().is_empty());
}

#[tokio::test]
async fn strangers_cannot_tell_why() {
    let (address, _) = opened().await;
    let unknown = talk(address, post("02", "nonce-of-sixteen-1")).await;
    let another = talk(address, post("01", "for-another-for-another")).await;
    assert_eq!((unknown.0, &unknown.2), (403, &another.2));
    let strip = |head: &str| -> Vec<String> {
        head.lines().filter(|line| !line.starts_with("date:")).map(str::to_owned).collect()
    };
    assert_eq!(strip(&unknown.1), strip(&another.1));

    let nobody = talk(address, get("/api/v1/requests/m-1", "02")).await;
    assert_eq!(nobody.0, 404);
    for path in ["/api/v1/requests/m-2", "/api/v1/requests/m%2D1", "/api/v1/requests/..", "/api/v1/requests/%ff"] {
        let nothing = talk(address, get(path, "01")).await;
        assert_eq!((nothing.0, &nothing.2), (404, &nobody.2), "{path}");
        assert_eq!(strip(&nothing.1), strip(&nobody.1), "{path}");
    }
}

#[tokio::test]
async fn hostile_requests_are_refused_before_anything_is_kept() {
    let (address, kept) = opened().await;
    let sound = post("01", "nonce-of-sixteen-1");
    let with = |field: &str| sound.replace("Content-Type:", &format!("{field}\r\nContent-Type:"));
    let without = |field: &str| -> String {
        let lines = sound.split_inclusive("\r\n");
        lines.filter(|line| !line.to_ascii_lowercase().starts_with(&format!("{field}:"))).collect()
    };
    let cases = [
        (sound.replace(PATH, &format!("{PATH}?a=b")), 400, "malformed"),
        (sound.replace(PATH, &format!("http://us.example{PATH}")), 400, "malformed"),
        (sound.replace(PATH, &format!("{PATH}/")), 404, "no-such-page"),
        (sound.replace("POST", "PUT"), 405, "wrong-method"),
        (sound.replace("POST", "GET"), 405, "wrong-method"),
        (sound.replace("us.example", "other.example"), 421, "another-host"),
        (sound.replace("us.example", "us.example:8443"), 421, "another-host"),
        (with("Content-Encoding: gzip"), 400, "malformed"),
        (with("Upgrade: h2c"), 400, "malformed"),
        (with("Signature: s=:AAAA:"), 400, "malformed"),
        (with("Content-Digest: sha-256=:BBBB:"), 400, "malformed"),
        (with("Host: us.example"), 400, "malformed"),
        (without("signature"), 400, "malformed"),
        (without("signature-input"), 400, "malformed"),
        (without("content-digest"), 400, "malformed"),
        (without("content-type"), 400, "malformed"),
        (without("content-length"), 411, "no-length"),
        (
            without("content-length").replace("Content-Type:", "Transfer-Encoding: chunked\r\nContent-Type:"),
            411,
            "no-length",
        ),
        (sound.replace("Content-Length: 2", "Content-Length: 8388609"), 413, "too-large"),
        (sound.replace("Content-Length: 2", "Content-Length: 02"), 400, "malformed"),
        (sound.replace("countersign/inbound/v1", "countersign/status-query/v1"), 400, "malformed"),
        (sound.replace(" \"content-digest\")", ")"), 400, "malformed"),
        (sound.replace("nonce-of-sixteen-1", "short"), 400, "malformed"),
        (post("01", "late-late-late-late"), 400, "not-in-time"),
        (post("01", "closed-closed-closed"), 503, "closed"),
        (get("/api/v1/requests/m-1?x", "01"), 400, "malformed"),
        (get("/api/v1/requests/m-1", "01").replace("Connection", "Content-Length: 3\r\nConnection"), 400, "malformed"),
        (get("/api/v1/requests/m-1", "01").replace("status-query", "inbound"), 400, "malformed"),
        (get("/api/v1/requests/m-1", "01").replace("GET", "HEAD"), 400, "malformed"),
        (get("/api/v1/requests/m-1", "01").replace("GET", "DELETE"), 405, "wrong-method"),
    ];
    for (sent, status, expected) in cases {
        if sent.starts_with("HEAD") {
            assert_eq!(talk(address, sent.clone()).await.0, status, "{sent}");
        } else {
            assert_eq!(code(address, sent.clone()).await, (status, expected.to_owned()), "{sent}");
        }
    }
    assert!(kept.lock().unwrap().is_empty());

    // Announced two bytes and hung up after one.
    let cut = sound.strip_suffix("}").unwrap().to_owned();
    let cut = spawn_blocking(move || {
        let mut connection = TcpStream::connect(address).unwrap();
        connection.write_all(cut.as_bytes()).unwrap();
        connection.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        let _ = connection.read_to_string(&mut answer);
        answer
    });
    let answer = cut.await.unwrap();
    assert!(answer.is_empty() || answer.contains("cut-off"), "{answer}");
    assert!(kept.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_happens_inside_stays_inside() {
    let (address, _) = opened().await;
    let (status, _, body) = talk(address, post("01", "again-again-again")).await;
    let problem: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &problem["code"], &problem["signed_status"]), (422, &"not-taken".into(), &"signed\n{}".into()));
    assert!(!body.contains("4711"), "{body}");
    for (nonce, expected) in [("broken-broken-broken", "internal"), ("closed-closed-closed", "closed")] {
        let (_, _, body) = talk(address, post("01", nonce)).await;
        assert!(body.contains(expected) && !body.contains("4711") && !body.contains("/var/lib"), "{body}");
    }
}

#[tokio::test]
async fn one_key_is_slowed_down_and_told_until_when() {
    let (address, _) = opened().await;
    for _ in 0..MOST_IN_A_MINUTE {
        assert_eq!(talk(address, get("/api/v1/requests/m-1", "01")).await.0, 200);
    }
    let (status, head, body) = talk(address, get("/api/v1/requests/m-1", "01")).await;
    assert!(status == 429 && head.contains("retry-after: 60") && body.contains("too-many"), "{head}\n{body}");
}

#[tokio::test]
async fn nothing_is_mounted_unless_the_custodian_wants_it() {
    let folder = tempfile::tempdir().unwrap();
    let site = super::site(None, folder.path());
    let answer = super::ask(&site, "GET", "/api/v1/requests/m-1").await;
    assert_eq!(answer.code(), "no-such-page");
    assert_eq!(super::ask(&site, "POST", PATH).await.code(), "no-such-page");
}
