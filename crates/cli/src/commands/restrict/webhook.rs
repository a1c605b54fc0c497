//! Notices to the exchange core over HTTP, signed as RFC 9421 says. Page: `docs/formats/restriction-notice.md`.

use crate::edge;
use crate::files;
use crate::place::Place;
use anyhow::{Context, Result, ensure};
use base64ct::{Base64, Encoding};
use countersign_core::encoding::hex;
use countersign_core::json::{Document, Exact};
use countersign_core::restriction::{Notice, NoticeOutcome, NoticeReceipt};
use countersign_core::time::{MINUTE, Seconds, Timestamp};
use countersign_intake::http::base::signature_base;
use countersign_intake::http::fields::dictionary;
use ed25519_dalek::{Signer as _, SigningKey};
use reqwest::{StatusCode, Url};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::path::PathBuf;
use std::time::Duration;

/// What a signature covers, in this order.
const COMPONENTS: [&str; 5] = ["@method", "@target-uri", "content-type", "content-digest", "idempotency-key"];
/// Keeps signatures for this purpose apart from all others.
const TAG: &str = "countersign/restriction-notice/v1";
/// From `created` to `expires`.
const LIFE: Seconds = 5 * MINUTE;
/// How long an attempt may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// `custodian/restrict.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    v: u8,
    /// Where notices go.
    pub(super) url: String,
    /// Days in which an appeal is decided.
    pub(super) appeal_days: u16,
}

impl Settings {
    pub(super) fn new(url: &str, appeal_days: u16) -> Result<Self> {
        let settings = Self { v: 1, url: url.to_owned(), appeal_days };
        settings.check().map(|()| settings)
    }

    pub(super) fn load(place: &Place) -> Result<Self> {
        let path = Self::path(place);
        ensure!(
            path.exists(),
            "where notices go is not set: `countersign restrict webhook --url URL` writes {}",
            path.display()
        );
        let settings: Self = serde_json::from_slice(&files::read(&path, 16 * 1024)?)
            .with_context(|| format!("{} is damaged", path.display()))?;
        settings.check().with_context(|| path.display().to_string())?;
        Ok(settings)
    }

    pub(super) fn save(&self, place: &Place) -> Result<()> {
        files::write(&Self::path(place), &serde_json::to_vec_pretty(self)?)
    }

    fn path(place: &Place) -> PathBuf {
        place.custodian().join("restrict.json")
    }

    /// Notices name clients: they go over TLS, or do not leave the machine.
    fn check(&self) -> Result<()> {
        ensure!(self.v == 1, "version {} of the settings: this program knows version 1", self.v);
        ensure!((1..=366).contains(&self.appeal_days), "appeals are decided within 1 to 366 days");
        let url = Url::parse(&self.url).with_context(|| format!("`{}` is no address", self.url))?;
        let loopback = ["127.0.0.1", "[::1]", "localhost"].contains(&url.host_str().unwrap_or_default());
        ensure!(
            url.scheme() == "https" || (url.scheme() == "http" && loopback),
            "`{}`: notices name clients, so write `https://`, or `http://` on this machine",
            self.url
        );
        ensure!(
            url.username().is_empty() && url.password().is_none() && url.fragment().is_none(),
            "`{}`: write no name, no password and no fragment into the address",
            self.url
        );
        ensure!(url.as_str() == self.url, "write the address as `{url}`: what is signed must be what is sent");
        Ok(())
    }
}

/// The key that signs notices; it signs nothing else.
pub(super) fn signing_key(place: &Place) -> Result<SigningKey> {
    let path = place.key(KEY);
    if !path.exists() {
        files::write_secret(&path, &edge::seed()?)?;
    }
    Ok(SigningKey::from_bytes(&*crate::custody::key(place, KEY)?))
}

const KEY: &str = "restrict.key";

/// The key as receivers are told.
pub(super) fn public(key: &SigningKey) -> String {
    format!("ed25519 {}", hex(key.verifying_key().as_bytes()))
}

/// Header fields of one attempt.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SignedFields {
    pub(super) content_digest: String,
    pub(super) idempotency_key: String,
    pub(super) signature_input: String,
    pub(super) signature: String,
}

/// Signs one attempt to send a notice. `nonce`: 16 random bytes.
pub(super) fn sign(
    key: &SigningKey,
    url: &str,
    notice: &Exact<Notice>,
    created: Timestamp,
    nonce: [u8; 16],
) -> Result<SignedFields> {
    let content_digest = format!("sha-256=:{}:", Base64::encode_string(&Sha256::digest(notice.bytes())));
    let idempotency_key = format!("\"{}\"", notice.value().id);
    let covered: Vec<String> = COMPONENTS.iter().map(|name| format!("\"{name}\"")).collect();
    let input = format!(
        "({});created={};expires={};nonce=\"{}\";keyid=\"{}\";tag=\"{TAG}\"",
        covered.join(" "),
        created.unix(),
        created.plus(LIFE).unix(),
        hex(&nonce),
        public(key)
    );
    let signature_input = format!("sig={input}");
    // The same reader and the same construction as for what comes in: one spelling, one base.
    let entry = dictionary(&signature_input).map_err(anyhow::Error::msg)?.pop().context("nothing to sign")?;
    let base = signature_base(&entry.member, &entry.text, |name| match name {
        "@method" => Some("POST".to_owned()),
        "@target-uri" => Some(url.to_owned()),
        "content-type" => Some("application/json".to_owned()),
        "content-digest" => Some(content_digest.clone()),
        "idempotency-key" => Some(idempotency_key.clone()),
        _ => None,
    })
    .map_err(anyhow::Error::msg)?;
    let signature = format!("sig=:{}:", Base64::encode_string(&key.sign(base.as_bytes()).to_bytes()));
    Ok(SignedFields { content_digest, idempotency_key, signature_input, signature })
}

/// What came of one attempt.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The exchange core has it.
    Has(NoticeOutcome),
    /// Nothing can be said; later perhaps.
    Later(String),
    /// Nobody answered at all.
    Silence(String),
    /// It will not take this notice.
    Refused(String),
}

/// Sends one notice.
pub(super) async fn send(client: &reqwest::Client, url: &str, fields: SignedFields, notice: &Exact<Notice>) -> Answer {
    let sent = client
        .post(url)
        .header("content-type", "application/json")
        .header("content-digest", fields.content_digest)
        .header("idempotency-key", fields.idempotency_key)
        .header("signature-input", fields.signature_input)
        .header("signature", fields.signature)
        .body(notice.bytes().to_vec())
        .send()
        .await;
    let mut response = match sent {
        Ok(response) => response,
        Err(error) => return Answer::Silence(error.without_url().to_string()),
    };
    let status = response.status();
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(None) => break,
            Ok(Some(chunk)) if body.len() + chunk.len() <= NoticeReceipt::MAX_LEN => body.extend_from_slice(&chunk),
            Ok(Some(_)) => {
                let most = NoticeReceipt::MAX_LEN;
                return judge(status, Err(format!("the answer is longer than {most} bytes")), notice);
            }
            Err(error) => return Answer::Silence(error.without_url().to_string()),
        }
    }
    judge(status, Ok(&body), notice)
}

/// What a status and a body come to. Only a receipt for this very notice says that it arrived: a page of a proxy in between does not.
fn judge(status: StatusCode, body: Result<&[u8], String>, notice: &Exact<Notice>) -> Answer {
    const LATER: [u16; 3] = [408, 425, 429];
    let code = status.as_u16();
    if status.is_server_error() || LATER.contains(&code) {
        return Answer::Later(format!("status {code}"));
    }
    if !status.is_success() {
        return Answer::Refused(format!("status {code}"));
    }
    let receipt = body.and_then(|body| Exact::<NoticeReceipt>::parse(body).map_err(|error| error.to_string()));
    match receipt {
        Ok(receipt) if receipt.value().id == notice.value().id => Answer::Has(receipt.value().outcome),
        Ok(_) => Answer::Later(format!("status {code} with the receipt of another notice")),
        Err(reason) => Answer::Later(format!("status {code} without a receipt: {reason}")),
    }
}

pub(super) fn client() -> Result<reqwest::Client> {
    crate::parties::use_provider();
    let client = reqwest::Client::builder().timeout(TIMEOUT).connect_timeout(Duration::from_secs(5));
    // A redirect would send what was signed for one address to another.
    Ok(client.redirect(reqwest::redirect::Policy::none()).build()?)
}

#[cfg(test)]
mod tests;
