//! Leaves made durable: by us, by the peer, and what the disk alone allows.

use super::folder;
use crate::log::{Keys, NoTiles, batches, filled, local_witnesses, open_journal, open_log};
use crate::meter::Meter;
use crate::peer::NaiveLog;
use countersign_core::encoding::hex;
use countersign_log::{Log, Pace};
use countersign_store::NewLeaf;
use countersign_store::journal::{Journal as _, SqliteJournal};
use countersign_tlog::checkpoint::SignedCheckpoint;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::watch;

/// Leaves of the same size in batches of the same size.
#[derive(Deserialize)]
pub(super) struct Load {
    leaves: u64,
    batch: u64,
    bytes: usize,
    /// Whether batches are sequenced beside the acceptance of the next ones, as in a running log, or one after the other.
    #[serde(default)]
    beside: bool,
}

pub(super) async fn durable(load: Load) -> Value {
    let folder = folder();
    let journal = open_journal(folder.path()).await;
    let pace = Pace { batch: load.batch as u32, ..Pace::default() };
    let log = open_log(&journal, Arc::new(NoTiles), local_witnesses(folder.path()), pace).await;
    let batches = batches(0, load.leaves, load.batch, load.bytes, Keys::Timed(1_000));
    let meter = Meter::start();
    if load.beside {
        sequence_beside(&journal, &log, batches).await;
    } else {
        for batch in &batches {
            journal.enqueue(batch).await.expect("accepted");
            assert_eq!(log.sequence().await.expect("sequenced"), batch.len() as u64);
        }
    }
    let usage = meter.stop();
    let head = journal.head().await.expect("a head").expect("a log");
    assert_eq!(head.size, load.leaves);
    let head = SignedCheckpoint::parse(&head.checkpoint).expect("a checkpoint");
    // Two tasks that accept leave the order open; the peer must have the same tree only where there is one order.
    let root = (!load.beside).then(|| hex(head.checkpoint().root.as_bytes()));
    json!({ "usage": usage.to_json(), "root": root })
}

/// Two tasks accept batches in turn, a third signs what it finds.
pub(super) async fn sequence_beside(journal: &Arc<SqliteJournal>, log: &Arc<Log>, batches: Vec<Vec<NewLeaf>>) {
    let leaves: u64 = batches.iter().map(|batch| batch.len() as u64).sum();
    let (accepted, mut told) = watch::channel(0);
    let (even, odd): (Vec<_>, Vec<_>) = batches.into_iter().enumerate().partition(|(number, _)| number % 2 == 0);
    let accepting = [even, odd].map(|batches| {
        let (journal, accepted) = (Arc::clone(journal), accepted.clone());
        tokio::spawn(async move {
            for (_, batch) in &batches {
                journal.enqueue(batch).await.expect("accepted");
                accepted.send_modify(|accepted| *accepted += batch.len() as u64);
            }
        })
    });
    let mut sequenced = 0;
    while sequenced < leaves {
        told.wait_for(|accepted| *accepted > sequenced).await.expect("accepted");
        sequenced += log.sequence().await.expect("sequenced");
    }
    for accepting in accepting {
        accepting.await.expect("accepted");
    }
}

pub(super) fn naive(load: Load) -> Value {
    let folder = folder();
    let batches = batches(0, load.leaves, load.batch, load.bytes, Keys::Random);
    let batches: Vec<Vec<Vec<u8>>> =
        batches.into_iter().map(|batch| batch.into_iter().map(|leaf| leaf.leaf).collect()).collect();
    let mut log = NaiveLog::new(folder.path());
    let meter = Meter::start();
    for batch in &batches {
        log.append(batch).expect("written");
    }
    let usage = meter.stop();
    json!({ "usage": usage.to_json(), "root": hex(&log.root().expect("a root")) })
}

/// One write and one `fdatasync` of the leaves' bytes per batch.
pub(super) fn disk(load: Load) -> Value {
    let folder = folder();
    let batch = filled(0, load.batch as usize * load.bytes);
    let mut file = std::fs::File::create(folder.path().join("raw")).expect("a file");
    let meter = Meter::start();
    for _ in 0..load.leaves / load.batch {
        std::io::Write::write_all(&mut file, &batch).expect("written");
        file.sync_data().expect("synced");
    }
    json!({ "usage": meter.stop().to_json() })
}
