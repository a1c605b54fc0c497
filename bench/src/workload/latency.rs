//! How long a leaf takes to be durable, and to be public with its proof, when leaves come at a steady rate.

use super::folder;
use crate::log::{Keys, WITNESSES, leaf, open_journal, open_log, witness};
use crate::meter::{Meter, now};
use countersign_log::witness::{HttpWitness, Witness, router};
use countersign_log::{FolderTiles, Pace};
use countersign_store::journal::Journal as _;
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

#[derive(Deserialize)]
pub(super) struct Offer {
    /// Leaves a second.
    rate: u64,
    seconds: u64,
    bytes: usize,
    /// Whether to wait until leaves are public and to take their proofs, or only until they are durable.
    public: bool,
}

/// Offers one leaf at a time, each by a task of its own, and measures from the moment at which it was due.
pub(super) async fn latency(offer: Offer) -> Value {
    let folder = folder();
    let journal = open_journal(folder.path()).await;
    let tiles = Arc::new(FolderTiles::new(folder.path().join("log")));
    let pace = Pace { grace: Duration::from_millis(5), ..Pace::default() };
    let log = open_log(&journal, tiles, http_witnesses(folder.path()).await, pace).await;
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(Arc::clone(&log).run(stopped));

    let every = Duration::from_nanos(1_000_000_000 / offer.rate);
    let leaves: Vec<_> =
        (0..offer.rate * offer.seconds).map(|number| leaf(number, offer.bytes, Keys::Timed(offer.rate))).collect();
    let mut offered = JoinSet::new();
    let meter = Meter::start();
    let start = now() + Duration::from_millis(20);
    for (number, leaf) in (0_u32..).zip(leaves) {
        let due = start + every * number;
        tokio::time::sleep_until(due.into()).await;
        let (journal, log) = (Arc::clone(&journal), Arc::clone(&log));
        offered.spawn(async move {
            journal.enqueue(std::slice::from_ref(&leaf)).await.expect("accepted");
            if offer.public {
                log.public(&leaf.key).await.expect("public");
            } else {
                log.durable(&leaf.key).await.expect("durable");
            }
            due.elapsed().as_secs_f64()
        });
    }
    let times = offered.join_all().await;
    let usage = meter.stop();
    stop.send(true).expect("the log runs");
    running.await.expect("the log ran").expect("the log ran well");
    json!({ "usage": usage.to_json(), "times": times })
}

/// Three witnesses that listen on this machine.
async fn http_witnesses(folder: &Path) -> Vec<Arc<dyn Witness>> {
    // Installed before is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let mut witnesses: Vec<Arc<dyn Witness>> = Vec::new();
    for number in 1..=WITNESSES {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(axum::serve(listener, router(witness(folder, number))).into_future());
        let (name, url) = (format!("w{number}"), format!("http://{address}"));
        witnesses.push(Arc::new(HttpWitness::new(name, &url, client.clone())));
    }
    witnesses
}
