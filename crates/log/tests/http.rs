use crate::kit::{Bench, flip, policy};
use countersign_log::witness::{HttpWitness, Witness, router};
use countersign_log::{HttpSource, Log, LogParts, LogReader};
use countersign_tlog::follow::Follower;
use countersign_tlog::policy::TimeWindow;
use countersign_tlog::witness::{MAX_REQUEST_BYTES, monitoring_path};
use std::sync::Arc;

async fn serve(router: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// A file server over a folder, as anybody would put in front of a log.
fn files(folder: std::path::PathBuf) -> axum::Router {
    use axum::extract::Path;
    use axum::http::StatusCode;
    use axum::response::IntoResponse;
    axum::Router::new().route(
        "/{*path}",
        axum::routing::get(move |Path(path): Path<String>| {
            let file = folder.join(path);
            async move {
                std::fs::read(file)
                    .map_or_else(|_| StatusCode::NOT_FOUND.into_response(), |bytes| bytes.into_response())
            }
        }),
    )
}

#[tokio::test]
async fn a_log_with_witnesses_and_readers_over_http() {
    let bench = Bench::new().await;
    let client = crate::kit::client();
    let mut witnesses: Vec<Arc<dyn Witness>> = Vec::new();
    for number in 1..=3 {
        let url = serve(router(bench.witness(number))).await;
        witnesses.push(Arc::new(HttpWitness::new(format!("w{number}"), &format!("{url}/"), client.clone())));
    }
    let log = Log::open(LogParts { witnesses: witnesses.clone(), ..bench.parts() }).await.unwrap();
    bench.publish(&log, 0..300).await;
    bench.publish(&log, 300..301).await;
    assert_eq!(log.published().unwrap().note().signatures().len(), 4);
    let again = Log::open(LogParts { witnesses, ..bench.parts() }).await.unwrap();
    bench.publish(&again, 301..302).await;

    let url = serve(files(bench.log_folder())).await;
    let reader = LogReader::new(HttpSource::new(&url, client.clone()), policy());
    let step = reader.step(&Follower::new(), TimeWindow::ANY, 1_000).await.unwrap();
    assert_eq!(step.next.size(), 302);
}

#[tokio::test]
async fn statuses_and_types_of_the_witness_protocol() {
    let bench = Bench::new().await;
    let log = bench.open().await.unwrap();
    bench.publish(&log, 0..3).await;
    let client = crate::kit::client();
    let url = serve(router(bench.witness(1))).await;
    let post = |body: String| client.post(format!("{url}/add-checkpoint")).body(body).send();
    let checkpoint = log.published().unwrap().to_string();
    let conflict = post(format!("old 1\n\n{checkpoint}")).await.unwrap();
    assert_eq!(conflict.status().as_u16(), 409);
    assert_eq!(conflict.headers()["content-type"], "text/x.tlog.size");
    assert_eq!(conflict.text().await.unwrap(), "3\n");
    assert_eq!(post(format!("old 3\n\n{checkpoint}")).await.unwrap().status().as_u16(), 200);
    assert_eq!(post("rubbish".to_owned()).await.unwrap().status().as_u16(), 400);
    assert_eq!(post("x".repeat(1_000_000)).await.unwrap().status().as_u16(), 413);
    assert_eq!(post("x".repeat(MAX_REQUEST_BYTES + 1)).await.unwrap().status().as_u16(), 413);
    assert_eq!(post("x".repeat(MAX_REQUEST_BYTES)).await.unwrap().status().as_u16(), 400);
    let proof = |lines: usize| format!("{}\n", countersign_tlog::empty_root()).repeat(lines);
    let answer = post(format!("old 2\n{}\n{checkpoint}", proof(64))).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().contains("63")), (400, true));
    assert_eq!(post(format!("old 4\n\n{checkpoint}")).await.unwrap().status().as_u16(), 400);
    assert_eq!(post(format!("old 3\n{}\n{checkpoint}", proof(63))).await.unwrap().status().as_u16(), 422);
    let flipped = checkpoint.replacen("\n3\n", "\n4\n", 1);
    assert_eq!(post(format!("old 3\n\n{flipped}")).await.unwrap().status().as_u16(), 403);
    let get_of_add = client.get(format!("{url}/add-checkpoint")).send().await.unwrap();
    assert_eq!(get_of_add.status().as_u16(), 405);
    let unknown = checkpoint.replace("log.example/xa", "log.example/xb");
    assert_eq!(post(format!("old 0\n\n{unknown}")).await.unwrap().status().as_u16(), 404);

    let get = |path: String| client.get(format!("{url}/{path}")).send();
    let served = get(monitoring_path(crate::kit::ORIGIN)).await.unwrap();
    assert_eq!(served.status().as_u16(), 200);
    assert!(served.text().await.unwrap().contains("witness.example/w1"));
    for path in [monitoring_path("log.example/xb"), "..%2f..%2fetc/checkpoint".to_owned(), "x/checkpoint".to_owned()] {
        assert_eq!(get(path).await.unwrap().status().as_u16(), 404);
    }
    flip(&bench.folder.path().join("w1").join(monitoring_path(crate::kit::ORIGIN)), 30);
    assert_eq!(get(monitoring_path(crate::kit::ORIGIN)).await.unwrap().status().as_u16(), 500);
    assert_eq!(post(format!("old 3\n\n{checkpoint}")).await.unwrap().status().as_u16(), 500);
}
