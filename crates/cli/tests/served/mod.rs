//! Programs that listen, and requests to them as they stand on the wire.

use crate::program::command;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};

/// A running server; it ends with the test.
pub(crate) struct Served {
    child: Child,
    /// `127.0.0.1:port`.
    pub(crate) address: String,
}

impl Served {
    /// Starts a command that prints its address in its first line.
    pub(crate) fn start(dir: &Path, arguments: &[&str]) -> Self {
        let mut child = command(dir, arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
        let address = first.split_once("http://").unwrap_or_else(|| panic!("{arguments:?} says `{first}`")).1;
        Self { address: address.split('/').next().unwrap().to_owned(), child }
    }

    /// Status and body of a request whose path is sent as it is.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let mut connection = TcpStream::connect(&self.address).unwrap();
        write!(connection, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
