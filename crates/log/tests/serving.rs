use crate::kit::{Bench, flip};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use countersign_log::serve::router;
use countersign_log::{FolderTiles, TileStore};
use countersign_tlog::tile::{TilePath, tiles_of};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tower::ServiceExt as _;

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

async fn ask(log: &Router, method: &str, path: &str) -> Answer {
    let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    let response = log.clone().oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    Answer { status, headers, body: to_bytes(response.into_body(), 1 << 25).await.unwrap().to_vec() }
}

/// Counts what is read; a hostile path must come to nothing before that.
struct Counted(Arc<AtomicUsize>);

impl TileStore for Counted {
    fn read(&self, _: &TilePath) -> io::Result<Option<Vec<u8>>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(None)
    }
    fn write(&self, _: &[(TilePath, Vec<u8>)]) -> io::Result<()> {
        panic!("a reader writes")
    }
    fn list(&self) -> io::Result<Vec<TilePath>> {
        panic!("a reader lists")
    }
    fn read_file(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        assert!(["checkpoint", "vkey"].contains(&name), "{name}");
        self.0.fetch_add(1, Ordering::SeqCst);
        Err(io::Error::other("the disk at /var/lib/secret is broken"))
    }
    fn replace_file(&self, _: &str, _: &[u8]) -> io::Result<()> {
        panic!("a reader writes")
    }
}

#[tokio::test]
async fn the_whole_log_is_served_as_written() {
    let bench = Bench::new().await;
    let log = bench.open().await.unwrap();
    bench.publish(&log, 0..300).await;
    let served = router(bench.tiles());
    for path in tiles_of(300) {
        let answer = ask(&served, "GET", &format!("/{path}")).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(Some(answer.body.clone()), bench.tiles().read(&path).unwrap(), "{path}");
        assert_eq!(answer.header("content-type"), "application/octet-stream");
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable", "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        let head = ask(&served, "HEAD", &format!("/{path}")).await;
        assert_eq!(
            (head.status, head.header("content-length"), head.body.len()),
            (StatusCode::OK, answer.body.len().to_string().as_str(), 0)
        );
    }
    for (name, caching) in [("checkpoint", "no-cache"), ("vkey", "no-cache")] {
        let answer = ask(&served, "GET", &format!("/{name}")).await;
        assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::OK, caching));
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(Some(answer.body), bench.tiles().read_file(name).unwrap());
    }
}

#[tokio::test]
async fn hostile_paths_reach_no_store() {
    let reads = Arc::new(AtomicUsize::new(0));
    let served = router(Arc::new(Counted(Arc::clone(&reads))));
    let long = format!("/tile/0/{}000", "x001/".repeat(2_000));
    let longer_than_any = format!("/tile/entries/{}615.p/2550", "x018/x446/x744/x073/x709/x551/");
    for path in [
        // dot-dot, plain and encoded
        "/tile/..",
        "/tile/../vkey",
        "/tile/../../secret",
        "/tile/0/../../../secret",
        "/tile/0/../0/000",
        "/tile/0/%2e%2e/%2e%2e/secret",
        "/tile/%2e%2e%2fcheckpoint",
        "/tile/./0/000",
        // percent-encoding of what would be right
        "/tile/0%2f000",
        "/tile/%30/000",
        "/tile/0/00%30",
        "/tile/0/000%00",
        "/tile/0/000%0a",
        "/tile/0/000.p%2f5",
        "/tile/%65ntries/000",
        // slashes
        "/tile//0/000",
        "/tile/0//000",
        "/tile/0/000/",
        "/tile/0/000//",
        "/tile/0/000.p/",
        "/tile/0/000.p/5/",
        "/tile//etc/passwd",
        "/tile/0\\000",
        // spellings of the index
        "/tile/0",
        "/tile/0/",
        "/tile/0/0",
        "/tile/0/00",
        "/tile/0/0000",
        "/tile/0/x000",
        "/tile/0/x000/000",
        "/tile/0/001/000",
        "/tile/0/X001/000",
        "/tile/0/x001/x000",
        "/tile/0/x1/000",
        "/tile/0/+01",
        "/tile/0/-01",
        "/tile/0/0x1",
        "/tile/0/1e3",
        "/tile/0/x999/x999/x999/x999/x999/x999/999",
        "/tile/0/x018/x446/x744/x073/x709/x551/616",
        // widths
        "/tile/0/000.p/0",
        "/tile/0/000.p/00",
        "/tile/0/000.p/01",
        "/tile/0/000.p/+1",
        "/tile/0/000.p/-1",
        "/tile/0/000.p/256",
        "/tile/0/000.p/257",
        "/tile/0/000.p/65536",
        "/tile/0/000.p/65537",
        "/tile/0/000.p/18446744073709551617",
        "/tile/0/000.p/5.p/5",
        "/tile/0/000.P/5",
        // levels
        "/tile/64/000",
        "/tile/256/000",
        "/tile/-1/000",
        "/tile/00/000",
        "/tile/01/000",
        "/tile/entry/000",
        "/tile/Entries/000",
        "/tile/entries/entries/000",
        // files beside tiles
        "/tile/0/000.unfinished",
        "/tile/0/000.tmp",
        "/tile/0/000.p/5.unfinished",
        // over-long
        &long,
        &longer_than_any,
    ] {
        let answer = ask(&served, "GET", path).await;
        assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::BAD_REQUEST, "no-store"), "{path}");
        assert!(answer.body.starts_with(b"this is not the path of a tile"), "{path}");
    }
    for path in [
        "/",
        "/tile",
        "/tile/",
        "//tile/0/000",
        "//checkpoint",
        "/checkpoint/",
        "/checkpoint.unfinished",
        "/%63heckpoint",
        "/./checkpoint",
        "/x/../checkpoint",
        "/../checkpoint",
        "/vkey/",
        "/vkey%00",
        "/Checkpoint",
        "/log/checkpoint",
    ] {
        assert_eq!(ask(&served, "GET", path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(reads.load(Ordering::SeqCst), 0, "a hostile path reached the store");
    for path in ["/tile/0/000", "/tile/63/000", "/tile/entries/x001/067.p/255", "/tile/0/000?a=../../b"] {
        let answer = ask(&served, "GET", path).await;
        assert_eq!((answer.status, answer.header("cache-control")), (StatusCode::NOT_FOUND, "no-store"), "{path}");
    }
    assert_eq!(reads.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_broken_store_tells_the_outside_nothing() {
    let served = router(Arc::new(Counted(Arc::default())));
    for path in ["/checkpoint", "/vkey"] {
        let answer = ask(&served, "GET", path).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        assert_eq!(answer.body, b"this part of the log cannot be served now; try again later\n", "{path}");
    }
}

#[tokio::test]
async fn damage_is_not_served() {
    let bench = Bench::new().await;
    let log = bench.open().await.unwrap();
    bench.publish(&log, 0..5).await;
    let folder = bench.log_folder();
    let served = router(Arc::new(FolderTiles::new(&folder)));
    let status = async |path: &str| ask(&served, "GET", path).await.status.as_u16();
    for file in ["tile/0/000.p/5", "tile/entries/000.p/5"] {
        let whole = std::fs::read(folder.join(file)).unwrap();
        for bad in [&whole[..whole.len() - 1], &[], &[whole.as_slice(), b"x"].concat()] {
            std::fs::write(folder.join(file), bad).unwrap();
            assert_eq!(status(&format!("/{file}")).await, 500, "{file} with {} bytes", bad.len());
        }
        std::fs::write(folder.join(file), &whole).unwrap();
        assert_eq!(status(&format!("/{file}")).await, 200);
    }
    for file in ["checkpoint", "vkey"] {
        let whole = std::fs::read(folder.join(file)).unwrap();
        // Origin, size or root, the log's own signature, the end; a witness's line only its own key can judge.
        for at in [0, 15, 20, 50, 120.min(whole.len() - 2), whole.len() - 1] {
            flip(&folder.join(file), at);
            assert_eq!(status("/checkpoint").await, 500, "{file} flipped at {at}");
            std::fs::write(folder.join(file), &whole).unwrap();
        }
        assert_eq!(status("/checkpoint").await, 200);
    }
    std::fs::remove_file(folder.join("vkey")).unwrap();
    assert_eq!((status("/vkey").await, status("/checkpoint").await), (404, 200), "a copy without the key's file");
    std::fs::remove_file(folder.join("checkpoint")).unwrap();
    assert_eq!(status("/checkpoint").await, 404);
}

#[tokio::test]
async fn nothing_can_be_written() {
    let bench = Bench::new().await;
    let served = router(bench.tiles());
    for path in ["/checkpoint", "/vkey", "/tile/0/000"] {
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            let answer = ask(&served, method, path).await;
            assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "GET,HEAD"), "{method} {path}");
        }
    }
}
