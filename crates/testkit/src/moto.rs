//! moto's S3 server: a whole S3 for tests, independent of what it tests.

use crate::require;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;

/// The name of the program; `pip install "moto[server]"` installs it.
pub const PROGRAM: &str = "moto_server";

/// A running server. It ends when the value is dropped, and when this process ends, however it ends.
pub struct Moto {
    address: String,
    _child: Child,
}

impl Moto {
    /// One for all tests of this process, with short pages in its listings; `None` after saying that the calling test is skipped.
    ///
    /// # Panics
    /// As [`Moto::start`].
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Moto> = OnceLock::new();
        require::program(PROGRAM)?;
        Some(SHARED.get_or_init(|| Self::run(&[("MOTO_S3_DEFAULT_MAX_KEYS", "9")]).expect("moto starts")))
    }

    /// One on a free port with these variables in its environment; `None` after saying that the calling test is skipped.
    ///
    /// # Panics
    /// When it is installed and does not start.
    #[must_use]
    pub fn start(environment: &[(&str, &str)]) -> Option<Self> {
        require::program(PROGRAM)?;
        Some(Self::run(environment).expect("moto starts"))
    }

    fn run(environment: &[(&str, &str)]) -> io::Result<Self> {
        // The shell's input is this process: when that ends, the shell reads its end and ends the server.
        let script = format!("{PROGRAM} -H 127.0.0.1 -p 0 2>&1 & server=$!; cat >/dev/null; kill $server");
        let mut child = Command::new("sh")
            .args(["-c", &script])
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let out = child.stdout.take().ok_or_else(|| io::Error::other("the server says nothing"))?;
        let mut said = BufReader::new(out).lines();
        let mut all = String::new();
        let address = loop {
            let line = said.next().ok_or_else(|| io::Error::other(format!("the server ended: {all}")))??;
            if let Some((_, address)) = line.split_once("Running on ") {
                break address.trim().to_owned();
            }
            all += &line;
        };
        // Its log must be read, or it waits.
        thread::spawn(move || said.for_each(drop));
        Ok(Self { address, _child: child })
    }

    /// Its address, such as `http://127.0.0.1:4567`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Makes a bucket.
    ///
    /// # Panics
    /// When the server refuses.
    pub fn make_bucket(&self, name: &str) {
        let host = self.address.trim_start_matches("http://");
        let signature =
            "AWS4-HMAC-SHA256 Credential=X/20261120/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
        let request = format!(
            "PUT /{name} HTTP/1.1\r\nhost: {host}\r\nauthorization: {signature}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        let mut answer = String::new();
        let mut connection = TcpStream::connect(host).expect("it listens");
        connection.write_all(request.as_bytes()).expect("it listens");
        connection.read_to_string(&mut answer).expect("it answers");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
}
