//! HTTP for the crate `object_store`: the workspace's client, and no answer longer than the longest bundle.

use async_trait::async_trait;
use countersign_tlog::tile::MAX_BUNDLE_BYTES;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use reqwest::{Body, Client, Request, Response};
use std::error::Error;
use std::mem;

/// Hands out one client, whatever `object_store` would like it to do.
#[derive(Debug)]
pub(super) struct Connector(pub(super) Client);

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Bounded(self.0.clone())))
    }
}

/// An answer that is longer than anything a bucket of a log holds or lists.
#[derive(Debug, thiserror::Error)]
#[error("the answer is longer than {MAX_BUNDLE_BYTES} bytes")]
pub(super) struct TooLong;

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NoAnswer(String);

#[derive(Debug, Clone)]
struct Bounded(Client);

#[async_trait]
impl HttpService for Bounded {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let listing = request.uri().query().is_some_and(|query| query.contains("list-type="));
        let request = Request::try_from(request.map(Body::wrap)).map_err(failed)?;
        let mut response = self.0.execute(request).await.map_err(failed)?;
        let status = response.status();
        let headers = mem::take(response.headers_mut());
        let body = read(response).await?;
        // An error document repeats the key id and what was signed; what it is about is its code.
        let body = if status.is_success() { body } else { error_code(&body).into_bytes() };
        if listing && status.is_success() {
            check_listing(&body)
                .map_err(|reason| HttpError::new(HttpErrorKind::Decode, NoAnswer(reason.to_owned())))?;
        }
        let mut answer = HttpResponse::new(body.into());
        *answer.status_mut() = status;
        *answer.headers_mut() = headers;
        Ok(answer)
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, HttpError> {
    let too_long = || HttpError::new(HttpErrorKind::Unknown, TooLong);
    if response.content_length().is_some_and(|length| length > MAX_BUNDLE_BYTES as u64) {
        return Err(too_long());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > MAX_BUNDLE_BYTES {
            return Err(too_long());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn failed(error: reqwest::Error) -> HttpError {
    let kind = if error.is_timeout() {
        HttpErrorKind::Timeout
    } else if error.is_connect() {
        HttpErrorKind::Connect
    } else if error.is_builder() {
        HttpErrorKind::Unknown
    } else {
        HttpErrorKind::Interrupted
    };
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(&format!(": {next}"));
        cause = next.source();
    }
    HttpError::new(kind, NoAnswer(text))
}

/// Refuses what `object_store` would take for the whole of a listing and is not: it reads what it knows and takes the rest for absent.
fn check_listing(body: &[u8]) -> Result<(), &'static str> {
    let has = |text: &str| body.windows(text.len()).any(|window| window == text.as_bytes());
    if !has("<ListBucketResult") {
        return Err("the answer is no listing: is this the address of an S3 service?");
    }
    if has("<IsTruncated>true</IsTruncated>") && !has("<NextContinuationToken>") {
        return Err("the listing has further pages and does not say how to go on: the server must know ListObjectsV2");
    }
    Ok(())
}

/// The code of an error document of S3, such as `SlowDown`; empty if there is none.
fn error_code(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map_or("", |(code, _)| code);
    code.chars().filter(char::is_ascii_alphanumeric).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_one_and_can_be_continued() {
        check_listing(b"<?xml?><ListBucketResult xmlns=\"x\"><IsTruncated>false</IsTruncated></ListBucketResult>")
            .unwrap();
        let more = "<ListBucketResult><IsTruncated>true</IsTruncated>";
        check_listing(format!("{more}<NextContinuationToken>a</NextContinuationToken>").as_bytes()).unwrap();
        for bad in ["", "<html>", "<ListAllMyBucketsResult>", more, &format!("{more}<NextMarker>a</NextMarker>")] {
            check_listing(bad.as_bytes()).unwrap_err();
        }
    }

    #[test]
    fn of_an_error_document_only_the_code_is_kept() {
        let document = b"<?xml version=\"1.0\"?><Error><Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>AK1</AWSAccessKeyId></Error>";
        assert_eq!(error_code(document), "SignatureDoesNotMatch");
        assert_eq!(error_code(b"<Code>a\x1b[31m<b>c</Code>"), "a31mbc");
        for nothing in [b"".as_slice(), b"<Code>", b"</Code><Code>", b"Not Found", &[0xff; 9]] {
            assert_eq!(error_code(nothing), "");
        }
    }
}
