//! How many clients a selector would expose, for the desk: by the index of the chain in the folder `trace`, where there is one, otherwise by
//! the table of imported payments. Whether a question may be asked is for the desk and for the gate of the crate `trace`, not for this.

use async_trait::async_trait;
use countersign_desk::ports::{Behind, BlastRadius, NoAnswer};
use countersign_desk::register::PaymentTable;
use countersign_trace::address::Lock;
use countersign_trace::folder::Folder;
use countersign_trace::gate::{Basis, BlastAnswer, BlastQuery, Gate};
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

    async fn exposed(&self, chain: &str, address: &str) -> Result<u64, String> {
        self.table.exposed(chain, address).await
    }
}

fn ask(folder: &Path, basis: &Basis, question: &Behind) -> Result<BlastAnswer, NoAnswer> {
    let unknown = |error: &dyn std::error::Error| {
        let reason = error.source().map(|source| format!(": {source}")).unwrap_or_default();
        NoAnswer::Unknown(format!("how many clients this would expose is unknown: {error}{reason}"))
    };
    let folder = Folder::take(folder).map_err(|error| unknown(&error))?;
    let graph = folder.graph().map_err(|error| unknown(&error))?;
    let network = graph.network();
    let own = folder.own().map_err(|error| unknown(&error))?.read(network).map_err(|error| unknown(&error))?;
    let labels = folder.labels(network).map_err(|error| unknown(&error))?;
    let journal = folder.journal().map_err(|error| unknown(&error))?;
    if own.withdrawals().next().is_none() {
        let reason = "no withdrawals are known (`countersign trace ingest --withdrawals`): how many clients this would expose is unknown";
        return Err(NoAnswer::Unknown(reason.into()));
    }
    let roots = question.addresses.iter().map(|address| Lock::parse(address, network));
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
