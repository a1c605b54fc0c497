//! What the agent's own terminal does with an answer: only the agent's key opens the trustees' replies.

use super::reader_file;
use crate::custody::Custody;
use crate::edge;
use crate::files;
use anyhow::{Context, Result, anyhow};
use countersign_core::class::Class;
use countersign_core::encoding::unhex;
use countersign_core::id::{Handle, PersonId};
use countersign_desk::reading::ForReader;
use countersign_seal::combine::{CellContent, Package, Released, open};
use countersign_seal::header::check_batch;
use countersign_seal::identity::IdentityKey;
use countersign_seal::partial::{Ask, ReplyContext};
use countersign_seal::reply;
use countersign_seal::ring::VerifyingShares;
use countersign_seal::transport::TransportSecret;
use zeroize::Zeroizing;

/// One class of one client, opened.
pub(crate) struct Cell {
    pub(crate) handle: Handle,
    pub(crate) class: Class,
    pub(crate) content: Zeroizing<Vec<u8>>,
}

/// An agent's reader key.
pub(crate) fn reader_of(custody: &Custody, agent: &PersonId) -> Result<TransportSecret> {
    let path = reader_file(custody, agent);
    let text = files::read_secret(&path, 1024)?;
    let seed = unhex(text.trim_end()).with_context(|| format!("{} is not a key", path.display()))?;
    Ok(TransportSecret::from_seed(seed))
}

/// Opens what the trustees answered. Nothing is believed that is not signed by a trustee for this order and this reader.
pub(crate) fn open_for(custody: &Custody, reader: &TransportSecret, answered: &ForReader) -> Result<Vec<Cell>> {
    let ring = custody.desk.custodian().ring.as_ref().context("no ring")?;
    let shares = VerifyingShares::new(&ring.ring, &ring.shares)?;
    let state = custody.desk.control().at(custody.desk.now());
    let order = answered.order.digest();
    let mut replies = Vec::new();
    for said in &answered.said {
        let identity = state.trustee(said.trustee).and_then(|member| IdentityKey::from_digest(&member.identity));
        let (Some(bytes), Some(identity)) = (&said.reply, identity) else { continue };
        let context = ReplyContext { order, ring: ring.ring.id(), trustee: said.trustee, share_epoch: shares.epoch() };
        match reply::open(bytes, &context, reader, &identity) {
            Ok(reply) => replies.push((said.trustee, reply)),
            Err(error) => eprintln!("warning: the reply of trustee {} cannot be read: {error}", said.trustee),
        }
    }
    let capsules = answered.records.iter().map(|record| record.record.capsule().clone()).collect();
    let checked = check_batch(ring.ring.id(), capsules, &edge::seed()?)
        .map_err(|bad| anyhow!("no valid proof in {} records", bad.0.len()))?;
    let released: Vec<Released<'_>> = answered
        .records
        .iter()
        .zip(&checked)
        .map(|(one, capsule)| Released {
            ask: Ask { capsule, classes: &one.classes },
            record: &one.record,
            sigmas: &one.sigmas,
        })
        .collect();
    let package = Package { ring: &ring.ring, shares: &shares, order, records: &released };
    let mut cells = Vec::new();
    for cell in open(&package, &replies)?.cells {
        let record =
            answered.records.iter().find(|one| one.record.id() == cell.record).context("a record not asked")?;
        match cell.content {
            Ok(CellContent::Inline(content)) => cells.push(Cell {
                handle: record.record.label().head().handle,
                class: cell.class,
                content: Zeroizing::new(content.to_vec()),
            }),
            Ok(CellContent::Blob(_)) => println!("`{}` lies in a blob that is not shown here", cell.class),
            Err(fault) => println!("`{}` cannot be opened: {fault}", cell.class),
        }
    }
    Ok(cells)
}
