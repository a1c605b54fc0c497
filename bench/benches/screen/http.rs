//! `/match` over HTTP on the loopback: one server thread with axum, as `countersign screen serve` has it, asked over one connection or over some at once.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::{get, post};
use countersign_bench::meter::{Meter, thread_time};
use countersign_screen::catalogue::Catalogue;
use countersign_screen::served::Parameters;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, mpsc};

/// What asking took.
pub(crate) struct Asked {
    /// Time on the wall of each, from the first byte sent to the last one read, in seconds.
    pub(crate) wall: Vec<f64>,
    /// Processor time of the server for each, in seconds.
    pub(crate) served: f64,
}

/// A server that stops with the process.
pub(crate) fn serve(catalogue: Arc<Catalogue>) -> SocketAddr {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            sender.send(listener.local_addr().expect("its number")).expect("somebody waits");
            let router = Router::new()
                .route("/match/default", post(matched))
                .route("/spent", get(async || thread_time().as_nanos().to_string()))
                .with_state(catalogue);
            axum::serve(listener, router).await.expect("a server");
        });
    });
    receiver.recv().expect("a server")
}

async fn matched(State(lists): State<Arc<Catalogue>>, body: Bytes) -> Vec<u8> {
    let nothing = Parameters::of_match("").expect("no parameters");
    let answer = lists.match_examples("default", &nothing, &body).expect("an answer");
    serde_json::to_vec(&answer).expect("an answer")
}

/// Asks each body once, over so many connections at a time.
pub(crate) fn ask(server: SocketAddr, bodies: &[String], connections: usize) -> Asked {
    let mut stream = connect(server);
    let before = spent(&mut stream);
    let wall = std::thread::scope(|scope| {
        let part = bodies.len().div_ceil(connections).max(1);
        let asking: Vec<_> = bodies.chunks(part).map(|part| scope.spawn(move || ask_in_turn(server, part))).collect();
        asking.into_iter().flat_map(|thread| thread.join().expect("answers")).collect()
    });
    let served = (spent(&mut stream) - before) / bodies.len() as f64;
    Asked { wall, served }
}

fn connect(server: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(server).expect("a server");
    stream.set_nodelay(true).expect("a socket");
    stream
}

/// Asks one after the other; the time of each.
fn ask_in_turn(server: SocketAddr, bodies: &[String]) -> Vec<f64> {
    let mut stream = connect(server);
    bodies
        .iter()
        .map(|body| {
            let request = format!(
                "POST /match/default HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            let meter = Meter::start();
            let answer = exchange(&mut stream, request.as_bytes());
            let wall = meter.stop().wall;
            assert!(answer.starts_with(b"{"), "{}", String::from_utf8_lossy(&answer));
            wall
        })
        .collect()
}

fn spent(stream: &mut TcpStream) -> f64 {
    let answer = exchange(stream, b"GET /spent HTTP/1.1\r\nhost: bench\r\n\r\n");
    String::from_utf8_lossy(&answer).parse::<f64>().expect("nanoseconds") / 1e9
}

/// Sends a request and reads the body of the answer.
fn exchange(stream: &mut TcpStream, request: &[u8]) -> Vec<u8> {
    stream.write_all(request).expect("a request");
    let (mut read, mut buffer) = (Vec::new(), [0; 64 << 10]);
    loop {
        let count = stream.read(&mut buffer).expect("an answer");
        assert!(count > 0, "the server closed");
        read.extend_from_slice(&buffer[..count]);
        let Some(head) = read.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&read[..head]).to_ascii_lowercase();
        assert!(text.starts_with("http/1.1 200"), "{text}");
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let length: usize = length.expect("a length");
        if read.len() >= head + 4 + length {
            return read.split_off(head + 4);
        }
    }
}
