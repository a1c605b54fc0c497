//! What the steps share: the open custodian, the invented people, and the ways in which they act.

use super::attacker::undisturbed;
use super::cast::{Cast, POPULATION};
use super::report::Report;
use crate::ceremony::signer_of;
use crate::commands::request;
use crate::custody::Custody;
use crate::place::Place;
use anyhow::{Context, Result};
use countersign_core::approval::{SignerRole, Verdict};
use countersign_core::facts::Factor;
use countersign_core::finding::{Finding, Question};
use countersign_core::id::{CaseId, PersonId};
use countersign_core::time::Clock;
use countersign_desk::documents::FactorTried;
use countersign_desk::entry::Entry;
use countersign_desk::index::find::FoundClients;
use countersign_desk::release::Said;
use countersign_desk::sender::Sender;
use countersign_seal::normal::Normal;
use countersign_testkit::pdf;
use countersign_testkit::population::Population;
use countersign_verify::wire::Outcome;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// The story in one folder.
pub(crate) struct Story {
    pub(crate) custody: Custody,
    pub(crate) population: Population,
    pub(crate) cast: Cast,
}

impl Story {
    pub(crate) async fn open(dir: &Path, clients: u32, clock: Arc<dyn Clock>) -> Result<Self> {
        let custody = Custody::open_at(Place::new(dir), clock).await?;
        let founded = custody.desk.custodian().genesis.value().created;
        let population = Population::generate(POPULATION, clients as usize, founded);
        Ok(Self { custody, population, cast: Cast::new()? })
    }

    pub(crate) async fn close(self) -> Result<()> {
        self.custody.close().await
    }

    pub(crate) fn into_custody(self) -> Custody {
        self.custody
    }

    pub(crate) fn place(&self) -> &Place {
        &self.custody.place
    }

    /// Keeps a copy of the custodian's folder as it is now, as a backup would.
    pub(crate) async fn snapshot(&self) -> Result<()> {
        self.custody.log.log().flush().await?;
        copy_folder(&self.place().custodian(), &self.place().root().join("attacker/snapshot/custodian"))
    }

    /// A letter arrives: its PDF and the officer's entry are kept under `input/`, then filed.
    pub(crate) async fn file(
        &self,
        name: &str,
        lines: &[&str],
        entry: &Value,
        delay: Option<String>,
        contact: Option<&CaseId>,
    ) -> Result<CaseId> {
        let letter = pdf::letter(name, lines);
        self.file_raw(name, letter, entry, delay, contact).await
    }

    pub(crate) async fn file_raw(
        &self,
        name: &str,
        letter: Vec<u8>,
        entry: &Value,
        delay: Option<String>,
        contact: Option<&CaseId>,
    ) -> Result<CaseId> {
        let stem = name.to_lowercase().replace(' ', "-");
        let input = self.place().input();
        crate::files::write(&input.join(format!("{stem}.pdf")), &letter)?;
        let bytes = serde_json::to_vec_pretty(entry)?;
        crate::files::write(&input.join(format!("{stem}.json")), &bytes)?;
        request::file(&self.custody, Entry::parse(&bytes)?, letter, delay, contact, &self.cast.officer).await
    }

    /// The officer calls the number of our directory, or tries another factor.
    pub(crate) async fn check_sender(&self, case: &CaseId, factors: &[(Factor, bool, &str)]) -> Result<Sender> {
        let at = self.custody.desk.now();
        let tried = factors
            .iter()
            .map(|(factor, confirmed, note)| FactorTried {
                factor: *factor,
                confirmed: *confirmed,
                note: (*note).to_owned(),
                at,
                person: None,
            })
            .collect();
        Ok(self.custody.desk.check_sender(case, tried, &self.cast.officer).await?)
    }

    /// The officer answers questions, each with its source.
    pub(crate) async fn find(&self, case: &CaseId, answers: &[(Question, &str, &str)]) -> Result<()> {
        for (question, value, source) in answers {
            let at = self.custody.desk.now();
            let finding = Finding::new(*question, value, source, self.cast.officer.clone(), at)?;
            self.custody.desk.add_finding(case, &finding).await?;
        }
        Ok(())
    }

    /// The officer looks a value up for a case, through the trustees.
    pub(crate) async fn look_up(&self, case: &CaseId, value: Normal) -> Result<FoundClients> {
        let desk = &self.custody.desk;
        let officer = &self.cast.officer;
        let prepared = desk.prepare_lookup(case, officer, value).await?;
        let signer = signer_of(self.place(), officer)?;
        let digest = prepared.lookup.digest();
        let approval = signer.approve(&digest, officer, SignerRole::Author, Verdict::Approve, desk.now())?;
        Ok(desk.look_up(prepared, approval.bytes()).await?)
    }

    /// A person signs the order of a case. Returns whether the quorum is complete and what is missing.
    pub(crate) async fn sign(&self, case: &CaseId, person: &PersonId, role: SignerRole) -> Result<(bool, Vec<String>)> {
        let file = self.custody.desk.case(case).await?;
        let order = file.proposal.as_ref().context("no order is proposed")?.order.digest();
        let signer = signer_of(self.place(), person)?;
        let approval = signer.approve(&order, person, role, Verdict::Approve, self.custody.desk.now())?;
        let state = self.custody.desk.add_approval(case, approval.bytes()).await?;
        Ok((state.complete, state.missing))
    }

    /// The trustee as the desk asks it.
    pub(crate) fn port(&self, index: u16) -> Result<Arc<dyn countersign_desk::ports::Trustee>> {
        let mut all = self.custody.desk.trustees().iter();
        all.find(|trustee| trustee.index() == index).cloned().context("no such trustee")
    }
}

/// Puts what trustees said into a report: codes, reasons and the number of refusals.
pub(crate) fn note_refusals(report: &mut Report, said: &[Said]) -> usize {
    let mut refused = 0;
    for said in said {
        let Some(receipt) = &said.receipt else { continue };
        let receipt = receipt.value();
        if receipt.outcome == Outcome::Refused {
            refused += 1;
            report.push("refused_by", &format!("trustee {}", receipt.trustee));
            report.push("refusal_codes", receipt.code.as_deref().unwrap_or_default());
            for reason in &receipt.reasons {
                report.push("policy_reasons", reason);
            }
        }
    }
    report.add("partials_refused", refused as u64);
    refused
}

/// Copies the folder of a party that may be at work; a copy that was there before is replaced. A database whose sequencer is idle is copied
/// whole with its write-ahead log.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    undisturbed(|| {
        if to.exists() {
            std::fs::remove_dir_all(to)?;
        }
        copy_once(from, to)
    })
}

fn copy_once(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_once(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
