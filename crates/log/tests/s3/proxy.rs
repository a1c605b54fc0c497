//! A proxy before a service: it does to chosen requests what networks and servers do.

use super::on_a_thread;
use super::service::error;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use futures_util::stream;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    /// Refused with a status and a code before the service sees it.
    Before(u16, &'static str),
    /// Done by the service, and answered with a status and a code.
    After(u16, &'static str),
    /// No answer; the service never sees it.
    HangBefore,
    /// Done by the service, and no answer.
    HangAfter,
    /// Half of the answer, then the connection breaks.
    Truncated,
    /// One bit of the answer is changed.
    Flipped,
    /// An answer without end.
    Endless,
    /// Sent elsewhere.
    Redirect,
    /// Passed on after a while.
    Slow(Duration),
}

/// What the proxy is to do, and what passed through it.
#[derive(Default)]
pub(crate) struct Plan {
    /// Each applies to the next requests of its method whose path contains its text, so many times.
    faults: Vec<(Method, String, Fault, usize)>,
    /// Applies to all requests of its method after so many.
    cut: Option<(Method, usize, Fault)>,
    counts: BTreeMap<Method, usize>,
}

#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) address: String,
    plan: Arc<Mutex<Plan>>,
}

impl Proxy {
    pub(crate) fn before(service: &str) -> Self {
        let plan = Arc::<Mutex<Plan>>::default();
        let state = (service.to_owned(), crate::kit::client(), Arc::clone(&plan));
        Self { address: on_a_thread(axum::Router::new().fallback(pass).with_state(state)), plan }
    }

    pub(crate) fn plan(&self, method: Method, path: &str, fault: Fault, times: usize) {
        self.plan.lock().unwrap().faults.push((method, path.to_owned(), fault, times));
    }

    /// From the request of this number on the fault happens to all of its method.
    pub(crate) fn cut(&self, method: Method, after: usize, fault: Fault) {
        self.plan.lock().unwrap().cut = Some((method, after, fault));
    }

    /// How many faults have not happened yet.
    pub(crate) fn left(&self) -> usize {
        self.plan.lock().unwrap().faults.iter().map(|(.., times)| times).sum()
    }

    /// Nothing is to happen any more.
    pub(crate) fn forget(&self) {
        let mut plan = self.plan.lock().unwrap();
        plan.faults.clear();
        plan.cut = None;
    }

    /// Requests so far by method.
    pub(crate) fn counts(&self) -> BTreeMap<Method, usize> {
        self.plan.lock().unwrap().counts.clone()
    }
}

type Shared = (String, reqwest::Client, Arc<Mutex<Plan>>);

async fn pass(
    State((service, client, plan)): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let fault = {
        let mut plan = plan.lock().unwrap();
        let count = plan.counts.entry(method.clone()).or_default();
        *count += 1;
        let count = *count;
        let cut = plan.cut.as_ref().filter(|(of, after, _)| *of == method && count > *after).map(|(.., fault)| *fault);
        let mut open = plan.faults.iter_mut();
        let next =
            open.find(|(of, path, _, times)| *times > 0 && *of == method && uri.to_string().contains(path.as_str()));
        next.map(|(_, _, fault, times)| {
            *times -= 1;
            *fault
        })
        .or(cut)
    };
    let status = |status: u16| StatusCode::from_u16(status).unwrap();
    match fault {
        Some(Fault::Before(refused, code)) => return error(status(refused), code),
        Some(Fault::HangBefore) => return std::future::pending().await,
        Some(Fault::Slow(wait)) => tokio::time::sleep(wait).await,
        Some(Fault::Endless) => {
            let chunks = stream::repeat_with(|| Ok::<_, io::Error>(Bytes::from_static(&[b'x'; 65_536])));
            return Response::builder().header("etag", "\"1\"").body(Body::from_stream(chunks)).unwrap();
        }
        Some(Fault::Redirect) => {
            let elsewhere = format!("{service}/elsewhere{uri}");
            return Response::builder().status(307).header("location", elsewhere).body(Body::empty()).unwrap();
        }
        _ => {}
    }
    // The service must see the headers as they were signed, `host` with them.
    let url = format!("{service}{uri}");
    let answer = client.request(method, url).headers(headers).body(body).timeout(Duration::from_secs(30)).send().await;
    let answer = answer.unwrap();
    let mut response = Response::builder().status(answer.status());
    *response.headers_mut().unwrap() = answer.headers().clone();
    let mut bytes = answer.bytes().await.unwrap().to_vec();
    match fault {
        Some(Fault::After(refused, code)) => error(status(refused), code),
        Some(Fault::HangAfter) => std::future::pending().await,
        Some(Fault::Truncated) => {
            // The length stays as announced.
            let half = Bytes::from(bytes[..bytes.len() / 2].to_vec());
            let broken = stream::iter([Ok(half), Err(io::Error::other("broken"))]);
            response.body(Body::from_stream(broken)).unwrap()
        }
        Some(Fault::Flipped) => {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            response.body(bytes.into()).unwrap()
        }
        _ => response.body(bytes.into()).unwrap(),
    }
}
