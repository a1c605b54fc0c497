//! How many clients a selector would expose, for the desk: by the index of the chain in the folder `trace`, where there is one, otherwise by
//! the table of imported payments; and what own deposits are exposed to, by the index alone. Whether a question may be asked is for the desk
//! and for the gate of the crate `trace`, not for this.

use async_trait::async_trait;
use countersign_core::exposure::ExposureOrder;
use countersign_core::time::Timestamp;
use countersign_desk::ports::{Behind, BlastRadius, NoAnswer, NoExposure, Pins};
use countersign_desk::register::PaymentTable;
use countersign_trace::address::Lock;
use countersign_trace::folder::{Folder, FolderError};
use countersign_trace::gate::{Basis, BlastAnswer, BlastQuery, DutyAnswer, DutyTerms, Gate, Journal};
use countersign_trace::graph::Graph;
use countersign_trace::labels::{LabelError, Labels};
use countersign_trace::own::Own;
use countersign_trace::wire::Outpoint;
use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};

/// What the custodian knows of payments.
pub(crate) struct Payments {
    table: PaymentTable,
    folder: PathBuf,
}

impl Payments {
    pub(crate) fn new(table: PaymentTable, folder: PathBuf) -> Self {
        Self { table, folder }
    }
}

#[async_trait]
impl BlastRadius for Payments {
    fn has_chain(&self) -> bool {
        Folder::has_graph(&self.folder)
    }

    async fn behind(&self, basis: &Basis, question: &Behind) -> Result<BlastAnswer, NoAnswer> {
        let (folder, basis, question) = (self.folder.clone(), basis.clone(), question.clone());
        let asked = tokio::task::spawn_blocking(move || ask(&folder, &basis, &question)).await;
        asked.unwrap_or_else(|_| Err(NoAnswer::Unknown("what asks the chain has died: the number is unknown".into())))
    }

    async fn pins(&self, lists: &[String]) -> Result<Pins, String> {
        let (folder, lists) = (self.folder.clone(), lists.to_vec());
        let pinned = tokio::task::spawn_blocking(move || pins(&folder, &lists)).await;
        pinned.unwrap_or_else(|_| Err("what reads the lists has died".into()))
    }

    async fn exposures(
        &self,
        order: &ExposureOrder,
        now: Timestamp,
        deposits: &BTreeSet<Outpoint>,
    ) -> Result<DutyAnswer, NoExposure> {
        let (folder, order, deposits) = (self.folder.clone(), order.clone(), deposits.clone());
        let asked = tokio::task::spawn_blocking(move || expose(&folder, &order, now, &deposits)).await;
        asked.unwrap_or_else(|_| Err(NoExposure::Unknown("what asks the chain has died: nothing is known".into())))
    }

    async fn exposed(&self, chain: &str, address: &str) -> Result<u64, String> {
        self.table.exposed(chain, address).await
    }
}

/// What a question needs of the folder.
struct Index {
    folder: Folder,
    graph: Graph,
    own: Own,
    labels: Labels,
}

/// Why the folder has no index.
#[derive(Debug, thiserror::Error)]
enum NoIndex {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Own(#[from] LabelError),
}

impl Index {
    fn open(folder: &Path) -> Result<Self, NoIndex> {
        let folder = Folder::take(folder)?;
        let graph = folder.graph()?;
        let own = folder.own()?.read(graph.network())?;
        let labels = folder.labels(graph.network())?;
        Ok(Self { folder, graph, own, labels })
    }
}

/// An error with what caused it.
fn chained(error: &dyn Error) -> String {
    let reason = error.source().map(|source| format!(": {source}")).unwrap_or_default();
    format!("{error}{reason}")
}

fn pins(folder: &Path, lists: &[String]) -> Result<Pins, String> {
    let index = Index::open(folder).map_err(|error| chained(&error))?;
    let network = index.graph.network();
    let pinned = lists.iter().map(|name| {
        index.labels.listing(name, network).ok_or_else(|| {
            format!("there is no list `{name}`: `countersign trace labels add FILE --list {name}` makes it")
        })
    });
    Ok(Pins { lists: pinned.collect::<Result<_, _>>()?, own: index.own.addresses(network) })
}

fn expose(
    folder: &Path,
    order: &ExposureOrder,
    now: Timestamp,
    deposits: &BTreeSet<Outpoint>,
) -> Result<DutyAnswer, NoExposure> {
    let unknown = |error: &dyn Error| {
        NoExposure::Unknown(format!("what these deposits are exposed to is unknown: {}", chained(error)))
    };
    let Index { folder, graph, own, labels } = Index::open(folder).map_err(|error| unknown(&error))?;
    let reach = folder.reach().map_err(|error| unknown(&error))?;
    // Nothing of the journal is used: a deposit's one answer is kept with its leaf, by the desk.
    let gate = Gate::new(&graph, &labels, &own, Journal::default());
    gate.duty(&DutyTerms { order, reach: reach.as_ref(), now }, deposits).map_err(NoExposure::Refused)
}

fn ask(folder: &Path, basis: &Basis, question: &Behind) -> Result<BlastAnswer, NoAnswer> {
    let unknown = |error: &dyn Error| {
        NoAnswer::Unknown(format!("how many clients this would expose is unknown: {}", chained(error)))
    };
    let Index { folder, graph, own, labels } = Index::open(folder).map_err(|error| unknown(&error))?;
    let journal = folder.journal().map_err(|error| unknown(&error))?;
    if own.withdrawals().next().is_none() {
        let reason = "no withdrawals are known (`countersign trace ingest --withdrawals`): how many clients this would expose is unknown";
        return Err(NoAnswer::Unknown(reason.into()));
    }
    let roots = question.addresses.iter().map(|address| Lock::parse(address, graph.network()));
    let query = BlastQuery {
        roots: roots.collect::<Result<_, _>>().map_err(|error| unknown(&error))?,
        hops: question.hops,
        from: question.from,
        to: question.to,
        min_satoshi: question.min_satoshi,
        covers: question.covers.clone(),
    };
    let mut gate = Gate::new(&graph, &labels, &own, journal);
    let answer = gate.blast(basis, &query).map_err(NoAnswer::Refused)?;
    // Kept before it is told: whatever happens next, the same question gets this answer.
    folder.keep_journal(gate.journal()).map_err(|error| unknown(&error))?;
    Ok(answer)
}
