//! A log in a bucket, over HTTP: a strict service in this process, and moto, which checks signatures and speaks all of the XML.

mod faults;
mod figures;
mod proxy;
mod running;
mod service;
mod signatures;
#[cfg(feature = "conformance")]
mod suite;

use countersign_log::{BucketTiles, S3Credentials, S3Limits, S3Settings};
use countersign_testkit::moto::Moto;
use proxy::Proxy;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

pub(crate) const KEY_ID: &str = "AKIAXAXBXCXDXEXFXGXH";
pub(crate) const SECRET: &str = "aSecretOfNobodyThatMustNotBeShownAnywhere";

const PREFIX: &str = "of/xa";

/// Serves on a thread of its own, as another machine would, and gives the address.
fn on_a_thread(router: axum::Router) -> String {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            axum::serve(listener, router).await.unwrap();
        });
    });
    format!("http://{}", told.recv().unwrap())
}

/// A bucket of its own behind a proxy.
#[derive(Clone)]
pub(crate) struct Rented {
    service: String,
    pub(crate) proxy: Proxy,
    bucket: String,
}

impl Rented {
    /// In the service of this process.
    pub(crate) fn here() -> Self {
        static SERVICE: OnceLock<String> = OnceLock::new();
        Self::at(SERVICE.get_or_init(service::start))
    }

    /// In moto; `None` after saying that the calling test is skipped.
    pub(crate) fn in_moto() -> Option<Self> {
        let rented = Self::at(Moto::shared()?.address());
        let made = rented.direct("PUT", "", b"");
        assert!(made.is_success(), "{made}");
        Some(rented)
    }

    /// In all services there are.
    pub(crate) fn everywhere() -> Vec<Self> {
        [Some(Self::here()), Self::in_moto()].into_iter().flatten().collect()
    }

    pub(crate) fn at(service: &str) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let bucket = format!("log-{}", NUMBER.fetch_add(1, Ordering::SeqCst));
        Self { service: service.to_owned(), proxy: Proxy::before(service), bucket }
    }

    pub(crate) fn settings(&self) -> S3Settings {
        S3Settings {
            endpoint: self.proxy.address.clone(),
            bucket: self.bucket.clone(),
            prefix: PREFIX.into(),
            region: "us-east-1".into(),
        }
    }

    pub(crate) fn tiles(&self) -> BucketTiles {
        BucketTiles::connect(&self.settings(), credentials(), quick()).unwrap()
    }

    /// Where everybody reads the log.
    pub(crate) fn public(&self) -> String {
        format!("{}/{}/{PREFIX}", self.service, self.bucket)
    }

    /// A request past the proxy, with a signature that only looks like one.
    pub(crate) fn direct(&self, method: &str, key: &str, body: &[u8]) -> reqwest::StatusCode {
        let key: String = key
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
                byte => format!("%{byte:02X}"),
            })
            .collect();
        let url = format!("{}/{}/{key}", self.service, self.bucket);
        let signature = format!(
            "AWS4-HMAC-SHA256 Credential={KEY_ID}/20261120/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
        );
        let request = crate::kit::client()
            .request(method.parse().unwrap(), url)
            .header("authorization", signature)
            .timeout(Duration::from_secs(30))
            .body(body.to_vec());
        sent(request).0
    }

    pub(crate) fn plant(&self, path: &str, bytes: &[u8]) -> bool {
        self.direct("PUT", &format!("{PREFIX}/{path}"), bytes).is_success()
    }

    pub(crate) fn remove(&self, path: &str) {
        let removed = self.direct("DELETE", &format!("{PREFIX}/{path}"), b"");
        assert!(removed.is_success(), "{path:?}: {removed}");
    }
}

/// Sends a request on a thread of its own, for a test that has a runtime may ask too. Gives the status and the answer.
pub(crate) fn sent(request: reqwest::RequestBuilder) -> (reqwest::StatusCode, String) {
    let send = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let answer = request.send().await.unwrap();
            (answer.status(), answer.text().await.unwrap())
        })
    };
    std::thread::spawn(send).join().unwrap()
}

pub(crate) fn credentials() -> S3Credentials {
    S3Credentials { key_id: KEY_ID.into(), secret: SECRET.into(), token: None }
}

/// Limits that a test can wait for.
pub(crate) fn quick() -> S3Limits {
    S3Limits { pause: Duration::from_millis(1), retries: 2, ..S3Limits::default() }
}
