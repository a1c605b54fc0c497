//! The trustee over HTTP.

use crate::world::*;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use countersign_core::json::Exact;
use countersign_testkit::clock::FixedClock;
use countersign_trustee::{
    HttpSource, HttpTrustee, LocalTrustee, MAX_LOOKUP_BYTES, MAX_REQUEST_BYTES, MAX_TOTALS_BYTES, Service, router,
};
use countersign_verify::refusal::Code;
use countersign_verify::totals::TotalsCode;
use std::sync::Arc;
use tower::ServiceExt as _;

fn service(world: &World) -> Service {
    Service {
        trustee: Arc::new(world.open(1)),
        source: Arc::new(world.source()),
        clock: Arc::new(FixedClock(world.now)),
        seeds: Arc::new(|| seed("a request over HTTP")),
    }
}

async fn post(service: &Service, body: impl Into<Body>) -> (StatusCode, Vec<u8>) {
    send(service, Request::post("/v1/request").body(body.into()).unwrap()).await
}

async fn send(service: &Service, request: Request<Body>) -> (StatusCode, Vec<u8>) {
    let response = router(service.clone()).oneshot(request).await.unwrap();
    let status = response.status();
    if !status.is_success() {
        assert_eq!(response.headers()["content-type"], "application/problem+json");
    }
    (status, to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec())
}

fn problem(body: &[u8]) -> String {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap();
    assert_eq!(body["type"], "about:blank");
    body["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_request_is_answered_after_reading_the_journal() {
    let mut world = World::new();
    let case = world.case(1, 1);
    let service = service(&world);
    let (status, answer) = post(&service, case.request(1, world.now)).await;
    assert_eq!((status, code(&answer)), (StatusCode::OK, None));
    assert_eq!(LocalTrustee(service.clone()).ask(&case.request(1, world.now)).await, Ok(answer));
    let (_, head) = send(&service, Request::get("/v1/head").body(Body::empty()).unwrap()).await;
    let head: serde_json::Value = serde_json::from_slice(&head).unwrap();
    assert_eq!((head["trustee"].as_u64(), head["size"].as_u64()), (Some(1), Some(world.log.size())));
    assert_eq!((head["paused"].is_null(), head["incidents"].as_u64()), (true, Some(0)));
    assert_eq!(head.as_object().unwrap().len(), 6);
}

#[tokio::test]
async fn a_lookup_has_its_own_path_and_limit() {
    let mut world = World::new();
    let value = countersign_seal::normal::Normal::email("ilka@dorn.example").unwrap();
    let lookup = crate::lookups::find(&mut world, 1, &value);
    let service = service(&world);
    let post = async |body: Vec<u8>| send(&service, Request::post("/v1/lookup").body(body.into()).unwrap()).await;
    let (status, answer) = post(lookup.request(1, &world)).await;
    assert_eq!((status, code(&answer)), (StatusCode::OK, None));
    assert_eq!(LocalTrustee(service.clone()).lookup(&lookup.request(1, &world)).await, Ok(answer));
    let (status, body) = post(lookup.request(2, &world)).await;
    assert_eq!((status, problem(&body).as_str()), (StatusCode::FORBIDDEN, "refused"));
    let (status, body) = post(vec![b'0'; MAX_LOOKUP_BYTES + 1]).await;
    assert_eq!((status, problem(&body).as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "too-large"));
    // A lookup is no release request, nor the other way round.
    let (status, _) =
        send(&service, Request::post("/v1/request").body(lookup.request(1, &world).into()).unwrap()).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn whoever_is_not_the_desk_learns_only_refused() {
    let mut world = World::new();
    let case = world.case(1, 1);
    let service = service(&world);
    let mut bodies = Vec::new();
    for bad in [b"".to_vec(), b"x".repeat(1000), case.request(2, world.now)] {
        let (status, body) = post(&service, bad).await;
        assert_eq!((status, problem(&body).as_str()), (StatusCode::FORBIDDEN, "refused"));
        bodies.push(body);
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    assert_eq!(LocalTrustee(service.clone()).ask(b"x").await, Err("refused".into()));
    // Nor does such a request make a trustee that knows its desk read the journal.
    std::fs::remove_file(world.log.folder.join("checkpoint")).unwrap();
    assert_eq!(post(&service, b"x".to_vec()).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_body_above_the_limit_of_the_format_is_not_read() {
    let world = World::new();
    let service = service(&world);
    let (status, body) = post(&service, vec![b'0'; MAX_REQUEST_BYTES + 1]).await;
    assert_eq!((status, problem(&body).as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "too-large"));
    let declared = Request::post("/v1/request").header("content-length", "30000000000").body(Body::empty()).unwrap();
    assert_eq!(send(&service, declared).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    // The limit itself is read, and refused for what it is.
    assert_eq!(post(&service, vec![b'0'; MAX_REQUEST_BYTES]).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn without_the_journal_nothing_is_answered() {
    let mut world = World::new();
    let case = world.case(1, 1);
    let service = service(&world);
    std::fs::remove_file(world.log.folder.join("checkpoint")).unwrap();
    let (status, body) = post(&service, case.request(1, world.now)).await;
    assert_eq!((status, problem(&body).as_str()), (StatusCode::SERVICE_UNAVAILABLE, "journal"));
    let told = LocalTrustee(service).ask(&case.request(1, world.now)).await;
    assert_eq!(told, Err("trustee 1 cannot answer now".into()));
}

#[tokio::test]
async fn other_paths_and_methods_are_problems() {
    let service = service(&World::new());
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    assert_eq!(send(&service, get("/healthz")).await, (StatusCode::OK, b"ok\n".to_vec()));
    assert_eq!(send(&service, get("/v1/request")).await.0, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(send(&service, get("/secret/keys")).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn client_and_source_speak_to_the_real_server() {
    let mut world = World::new();
    let case = world.case(1, 1);
    let folder = world.log.folder.clone();
    let log = axum::Router::new().fallback(move |uri: axum::http::Uri| {
        let path = folder.join(uri.path().trim_start_matches('/'));
        async move { std::fs::read(path).map_err(|_| StatusCode::NOT_FOUND) }
    });
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let source = HttpSource::new(&listen(log).await, client.clone());
    let service = Service { source: Arc::new(source), ..service(&world) };
    let trustee = HttpTrustee::new(1, &listen(router(service)).await, client.clone());
    let answer = trustee.ask(&case.request(1, world.now)).await.unwrap();
    assert_eq!((code(&answer), trustee.index()), (None, 1));
    assert_eq!(trustee.ask(b"hello").await, Err("refused".into()));
    let nobody = HttpTrustee::new(2, "http://127.0.0.1:9", client);
    assert!(nobody.ask(b"hello").await.unwrap_err().starts_with("trustee 2: "));
}

async fn listen(app: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}")
}

#[tokio::test]
async fn a_refusal_of_the_desks_own_request_is_a_signed_answer() {
    let mut world = World::new();
    let case = world.case(1, 1);
    world.pass(90 * 3_600);
    let (status, answer) = post(&service(&world), world.refresh(&case).request(1, world.now)).await;
    assert_eq!((status, code(&answer)), (StatusCode::OK, Some(Code::Expired)));
}

#[tokio::test]
async fn totals_are_countersigned_over_http() {
    let world = crate::totals::world();
    let service = service(&world);
    let good = Exact::write(crate::totals::totals(&world, 1)).unwrap();
    let asked = |stretch| crate::totals::request(&world, 1, good.text(), &world.log.disclosed, stretch);
    let post = async |body: Vec<u8>| send(&service, Request::post("/v1/totals").body(body.into()).unwrap()).await;
    let (status, refused) = post(asked(0..0)).await;
    assert_eq!(status, StatusCode::OK, "a refusal of the desk's own request is a signed answer");
    assert_eq!(crate::totals::answer_of(1, &refused).code, Some(TotalsCode::DisclosuresMissing));
    let (status, signed) = post(asked(0..world.log.size())).await;
    assert_eq!((status, crate::totals::answer_of(1, &signed).code), (StatusCode::OK, None));
    let local = LocalTrustee(service.clone());
    assert_eq!(local.totals(&asked(0..0)).await, Ok(signed.clone()));
    assert_eq!(local.totals(b"x").await, Err("refused".into()));
    for bad in
        [b"".to_vec(), b"x".repeat(1_000), crate::totals::request(&world, 2, good.text(), &Default::default(), 0..0)]
    {
        let (status, body) = post(bad).await;
        assert_eq!((status, problem(&body).as_str()), (StatusCode::FORBIDDEN, "refused"));
    }
    let (status, body) = post(vec![b'0'; MAX_TOTALS_BYTES + 1]).await;
    assert_eq!((status, problem(&body).as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "too-large"));
    assert_eq!(post(vec![b'0'; MAX_TOTALS_BYTES]).await.0, StatusCode::FORBIDDEN);
    let get = Request::get("/v1/totals").body(Body::empty()).unwrap();
    assert_eq!(send(&service, get).await.0, StatusCode::METHOD_NOT_ALLOWED);

    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let remote = HttpTrustee::new(1, &listen(router(service.clone())).await, client);
    assert_eq!(remote.totals(&asked(0..0)).await, Ok(signed));
    assert_eq!(remote.totals(b"hello").await, Err("refused".into()));
    std::fs::remove_file(world.log.folder.join("checkpoint")).unwrap();
    let (status, body) = post(asked(0..0)).await;
    assert_eq!((status, problem(&body).as_str()), (StatusCode::SERVICE_UNAVAILABLE, "journal"));
}

#[tokio::test]
async fn the_own_log_is_served_to_everybody() {
    use countersign_core::time::HOUR;
    use countersign_trustee::LogWitnesses;
    let mut world = World::new();
    let first = service(&world);
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    assert_eq!(send(&first, get("/log/checkpoint")).await.0, StatusCode::NOT_FOUND);
    world.tail(&first.trustee).await.unwrap();
    first.trustee.publish_log(&LogWitnesses::default(), world.now).await.unwrap();
    world.pass(HOUR);
    first.trustee.publish_log(&LogWitnesses::default(), world.now).await.unwrap();
    let (status, checkpoint) = send(&first, get("/log/checkpoint")).await;
    let text = String::from_utf8(checkpoint).unwrap();
    assert_eq!((status, text.lines().nth(1)), (StatusCode::OK, Some("8")));
    let (status, key) = send(&first, get("/log/key")).await;
    assert_eq!((status, key), (StatusCode::OK, first.trustee.log_key().unwrap().text().as_bytes().to_vec()));
    let (status, tile) = send(&first, get("/log/tile/0/000.p/8")).await;
    assert_eq!((status, tile.len()), (StatusCode::OK, 8 * 32));
    assert_eq!(send(&first, get("/log/tile/entries/000.p/8")).await.0, StatusCode::OK);
    for (path, status) in [
        ("/log/tile/0/000.p/9", StatusCode::NOT_FOUND),
        ("/log/tile/0/001", StatusCode::NOT_FOUND),
        ("/log/tile/0/000.p/08", StatusCode::BAD_REQUEST),
        ("/log/tile/../secret/keys", StatusCode::BAD_REQUEST),
        ("/log/../secret/keys", StatusCode::BAD_REQUEST),
        ("/log/%2e%2e/secret/keys", StatusCode::BAD_REQUEST),
        ("/log/key.unfinished", StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(send(&first, get(path)).await.0, status, "{path}");
    }
    let post = Request::post("/log/checkpoint").body(Body::empty()).unwrap();
    assert_eq!(send(&first, post).await.0, StatusCode::METHOD_NOT_ALLOWED);
}
