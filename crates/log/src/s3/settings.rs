//! Which bucket, with whose credentials, and how long to wait for it.

use std::fmt;
use std::io::{self, ErrorKind};
use std::time::Duration;

/// Where a bucket is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Settings {
    /// `https://` address of the service, to which `/BUCKET/KEY` is added; `http://` on this machine only.
    pub endpoint: String,
    /// Name of the bucket.
    pub bucket: String,
    /// What every key begins with, without a slash at the end; may be empty.
    pub prefix: String,
    /// Region that requests are signed for.
    pub region: String,
}

/// What requests are signed with. Its `Debug` shows nothing of it.
#[derive(Clone)]
pub struct S3Credentials {
    /// Access key id.
    pub key_id: String,
    /// Secret access key.
    pub secret: String,
    /// Session token of temporary credentials.
    pub token: Option<String>,
}

impl fmt::Debug for S3Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("S3Credentials")
    }
}

/// How long to wait, and how often to try again.
#[derive(Debug, Clone, Copy)]
pub struct S3Limits {
    /// For a connection.
    pub connect: Duration,
    /// For one request with its whole answer.
    pub request: Duration,
    /// For one object or one page of a listing, with every request that is made again for it.
    pub object: Duration,
    /// For a whole listing.
    pub listing: Duration,
    /// How often a request that the server could not take is made again.
    pub retries: usize,
    /// Wait before a request is made again; grows up to twenty times.
    pub pause: Duration,
    /// Objects under way at once.
    pub at_once: usize,
}

impl Default for S3Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            request: Duration::from_secs(30),
            object: Duration::from_secs(120),
            listing: Duration::from_secs(30 * 60),
            retries: 4,
            pause: Duration::from_millis(100),
            at_once: 32,
        }
    }
}

impl S3Settings {
    /// Refuses what is not meant: a wrong address must not become another bucket's.
    pub(super) fn check(&self) -> io::Result<()> {
        let url = reqwest::Url::parse(&self.endpoint)
            .map_err(|error| wrong(format!("endpoint `{}` is no address: {error}", self.endpoint)))?;
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
            && !self.endpoint.ends_with('/');
        if !plain {
            return Err(wrong(
                "the endpoint is an address and nothing else: no name, no `?`, no `#`, no `/` at its end",
            ));
        }
        match url.scheme() {
            "https" => {}
            "http" if self.is_local() => {}
            _ => {
                return Err(wrong(format!(
                    "endpoint `{}` begins with neither https:// nor the http:// of this machine",
                    self.endpoint
                )));
            }
        }
        let name = |text: &str, allowed: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || allowed.contains(char::from(byte)))
        };
        let ends = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
        let bucket = self.bucket.as_str();
        let fits = (3..=63).contains(&bucket.len()) && name(bucket, ".-");
        if !fits || !ends(bucket.bytes().next()) || !ends(bucket.bytes().last()) || bucket.contains("..") {
            return Err(wrong(format!("`{bucket}` is not the name of a bucket")));
        }
        if self.region.is_empty() || self.region.len() > 64 || !name(&self.region, "-") {
            return Err(wrong(format!("`{}` is not the name of a region", self.region)));
        }
        let part = |part: &str| {
            !matches!(part, "" | "." | "..")
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        if self.prefix.len() > 512 || !(self.prefix.is_empty() || self.prefix.split('/').all(part)) {
            return Err(wrong(format!(
                "prefix `{}` is not made of letters, digits, `.`, `_` and `-` between single slashes",
                self.prefix
            )));
        }
        Ok(())
    }

    /// Whether the service is on this machine: no proxy and no encryption are needed then.
    pub(super) fn is_local(&self) -> bool {
        let url = reqwest::Url::parse(&self.endpoint).ok();
        let host = url.as_ref().and_then(|url| url.host_str()).unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || address.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
    }
}

fn wrong(reason: impl Into<String>) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, reason.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> S3Settings {
        S3Settings {
            endpoint: "https://s3.example".into(),
            bucket: "log-of-xa".into(),
            prefix: "journal/2026".into(),
            region: "xa-west-1".into(),
        }
    }

    #[test]
    fn an_address_that_is_not_plain_is_refused() {
        for good in
            ["https://s3.example", "https://s3.example:9000/store", "http://127.0.0.1:9000", "http://[::1]:9000"]
        {
            S3Settings { endpoint: good.into(), ..settings() }.check().unwrap();
        }
        for bad in [
            "",
            "s3.example",
            "http://s3.example",
            "http://127.0.0.1.example",
            "http://10.0.0.1",
            "ftp://s3.example",
            "https://key:secret@s3.example",
            "https://s3.example/?a",
            "https://s3.example/#a",
            "https://s3.example/",
            "file:///etc",
            "https://",
        ] {
            assert!(S3Settings { endpoint: bad.into(), ..settings() }.check().is_err(), "{bad}");
        }
    }

    #[test]
    fn names_that_could_mean_something_else_are_refused() {
        let dots = "a".repeat(64);
        for bad in ["", "ab", "Log", "log/x", "-log", "log-", "a..b", "log?x", "lög", dots.as_str()] {
            assert!(S3Settings { bucket: bad.into(), ..settings() }.check().is_err(), "{bad}");
        }
        for bad in ["/", "a/", "/a", "a//b", "a/../b", ".", "a b", "a?b", "ä"] {
            assert!(S3Settings { prefix: bad.into(), ..settings() }.check().is_err(), "{bad}");
        }
        for bad in ["", "xa/west", "XA", "xa west"] {
            assert!(S3Settings { region: bad.into(), ..settings() }.check().is_err(), "{bad}");
        }
        S3Settings { prefix: String::new(), ..settings() }.check().unwrap();
    }

    #[test]
    fn credentials_are_not_shown() {
        let credentials = S3Credentials { key_id: "AKID".into(), secret: "SECRET".into(), token: Some("TOKEN".into()) };
        assert_eq!(format!("{credentials:?}"), "S3Credentials");
    }
}
