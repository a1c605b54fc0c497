//! Duress at a trustee: letters of approvers, calls for help, and the pager that tells people outside.
//!
//! Nothing of it is in the own log, in receipts or in the operations log beyond what a pending order shows in any case: the custodian
//! reads some of these, and courts may read the others. Rules: `docs/formats/duress.md`.

pub use crate::database::Call;
use crate::error::{Result, TrusteeError};
use crate::files::{self, Existing};
use crate::trustee::Trustee;
use countersign_core::approval::Approval;
use countersign_core::control::{Person, Role};
use countersign_core::id::{Digest, PersonId};
use countersign_core::json::Exact;
use countersign_core::order::Order;
use countersign_core::time::Timestamp;
use countersign_seal::letter;
use countersign_seal::transport::TransportSecret;
use countersign_verify::duress::{Accepted, Letter, Letters, Pending, keys_digest, pending};
use countersign_verify::request::Plan;
use countersign_verify::state::InForce;
use countersign_verify::wire::ReleaseRequest;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tokio::task::spawn_blocking;

/// Name of the file that names the pager.
const PAGER: &str = "pager";

/// How an approver stands with this trustee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The approver.
    pub person: PersonId,
    /// Whether the roster in force lists exactly two keys.
    pub two_keys: bool,
    /// Whether a letter about these keys was accepted.
    pub letter: bool,
}

impl Trustee {
    /// Takes in a letter of an approver in force.
    ///
    /// # Errors
    /// [`TrusteeError::Document`] when it is not for this trustee, not by the holder of both keys, or another one about the same keys
    /// stands: then nothing changes.
    pub async fn accept_duress_letter(&self, sealed: &[u8], now: Timestamp) -> Result<(PersonId, Accepted)> {
        let refused = |error: &dyn std::fmt::Display| TrusteeError::document("duress letter", error);
        let looked = self.with_memory(|memory| -> Result<_> {
            let folded = memory.folded()?;
            let genesis = folded.control.genesis();
            let named = (genesis.value().custodian.id, genesis.digest());
            Ok((named, folded.control.at(now), memory.letters.clone(), memory.database.clone()))
        });
        let ((custodian, genesis), state, mut letters, database) = looked.await??;
        let content = letter::open(sealed, &genesis, &self.keys.transport).map_err(|error| refused(&error))?;
        let told = (&custodian, &genesis, &self.public().identity);
        let (letter, person) =
            Letter::read(&content, told, state.people().values()).map_err(|error| refused(&error))?;
        let accepted = letters.accept(&letter).map_err(|error| refused(&error))?;
        if accepted == Accepted::New && !database.add_letter(&letter.keys, sealed).await? {
            return Err(TrusteeError::Overtaken);
        }
        Ok((person.id.clone(), accepted))
    }

    /// Every approver in force, and whether this trustee would understand a call.
    ///
    /// # Errors
    /// [`TrusteeError`] when the trustee's own journal cannot be read.
    pub async fn told_of_duress(&self, now: Timestamp) -> Result<Vec<Told>> {
        let looked = self.with_memory(|memory| -> Result<Vec<Told>> {
            let state = memory.folded()?.control.at(now);
            let approvers = state.people().values().filter(|person| person.roles.contains(&Role::Approver));
            let told = approvers.map(|person| Told {
                person: person.id.clone(),
                two_keys: keys_digest(person).is_some(),
                letter: memory.letters.knows(person),
            });
            Ok(told.collect())
        });
        looked.await?
    }

    /// Cases in which somebody called for help.
    ///
    /// # Errors
    /// [`TrusteeError`] when the trustee's own journal cannot be read.
    pub async fn calls(&self) -> Result<Vec<Call>> {
        let database = self.with_memory(|memory| memory.database.clone()).await?;
        database.calls().await
    }

    /// Lets orders of a case be answered again. A signature that called for help still does.
    ///
    /// # Errors
    /// [`TrusteeError::Document`] when the case is not pending.
    pub async fn end_pending(&self, case: &Digest) -> Result<()> {
        let database = self.with_memory(|memory| memory.database.clone()).await?;
        match database.end_pending(case).await? {
            true => Ok(()),
            false => Err(TrusteeError::document("case", "it is not pending here")),
        }
    }

    /// Names the program that tells people outside: it is run with `duress` and the commitment of the case, and has to end with 0.
    ///
    /// # Errors
    /// [`TrusteeError::Storage`].
    pub fn set_pager(&self, program: &Path) -> Result<()> {
        let failed = |error| TrusteeError::storage("keep the name of the pager", error);
        let text = program.to_str().ok_or_else(|| TrusteeError::document("pager", "its path is not UTF-8"))?;
        files::place(&self.database.with_file_name(PAGER), format!("{text}\n").as_bytes(), Existing::Replace)
            .map_err(failed)
    }

    /// The program that [`set_pager`](Self::set_pager) named.
    ///
    /// # Errors
    /// [`TrusteeError::Storage`].
    pub fn pager(&self) -> Result<Option<PathBuf>> {
        let read = files::read(&self.database.with_file_name(PAGER));
        let read = read.map_err(|error| TrusteeError::storage("read the name of the pager", error))?;
        Ok(read.and_then(|bytes| Some(PathBuf::from(String::from_utf8(bytes).ok()?.trim_end()))))
    }

    /// Runs the pager for every call that it has not taken yet; gives the number of those that it takes now. Without a pager nobody is told.
    ///
    /// # Errors
    /// [`TrusteeError`] when the trustee's own journal cannot be read or written.
    pub async fn page(&self) -> Result<usize> {
        let _turn = self.paging.lock().await;
        let Some(pager) = self.pager()? else { return Ok(0) };
        let database = self.with_memory(|memory| memory.database.clone()).await?;
        let mut taken = 0;
        for call in database.calls().await?.into_iter().filter(|call| !call.told) {
            let (pager, case) = (pager.clone(), call.case.to_hex());
            let ran = spawn_blocking(move || {
                let mut command = Command::new(pager);
                command.args(["duress", &case]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
                command.status().is_ok_and(|status| status.success())
            });
            if ran.await.map_err(|error| TrusteeError::storage("run the pager", error))? {
                database.told(&call.case).await?;
                taken += 1;
            }
        }
        Ok(taken)
    }
}

/// What the letters say that are kept. They were checked when they came.
pub(crate) fn kept(sealed: &[Vec<u8>], genesis: &Digest, transport: &TransportSecret) -> Result<Letters> {
    let mut letters = Letters::default();
    for sealed in sealed {
        let damaged = |reason: &dyn std::fmt::Display| TrusteeError::damaged("a duress letter", reason);
        let content = letter::open(sealed, genesis, transport).map_err(|error| damaged(&error))?;
        let letter = Letter::kept(&content).ok_or_else(|| damaged(&"not the layout"))?;
        letters.accept(&letter).map_err(|error| damaged(&error))?;
    }
    Ok(letters)
}

/// Whether a request that passed every check is pending. A run is signed by whoever signed its standing order.
pub(crate) fn look(
    letters: &Letters,
    before: &BTreeMap<Digest, Timestamp>,
    state: &InForce,
    plan: &Plan,
    request: &ReleaseRequest,
    now: Timestamp,
) -> Option<Pending> {
    let standing = request.standing.as_ref();
    let since = standing.and_then(|standing| Exact::<Order>::parse(standing.order.as_bytes()).ok());
    let since = since.map_or(plan.publicity.since, |standing| standing.value().not_before);
    let signed = request.approvals.iter().chain(standing.iter().flat_map(|standing| &standing.approvals));
    let person = |approval: &Approval| -> Option<&Person> { state.people().get(&approval.approver) };
    pending(letters, before, plan.order.value(), signed.map(String::as_str), person, (since, now))
}
