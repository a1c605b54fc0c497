//! Answers to the questions of the decision table, and the scope that counsel finds necessary and lawful.

use crate::case_file::kind;
use crate::desk::{Attached, Desk, stored};
use crate::documents::{Scoping, ScopingV1};
use crate::error::{DeskError, Result};
use crate::leaves::leaf;
use countersign_core::case::Event;
use countersign_core::class::ClassSet;
use countersign_core::country::Country;
use countersign_core::digest;
use countersign_core::finding::Finding;
use countersign_core::id::{CaseId, Handle, PersonId};
use countersign_core::json::Exact;
use countersign_core::leaf::LeafKind;
use countersign_store::StoredDocument;
use serde_json::Value;

/// The scope as an officer enters it.
#[derive(Debug, Clone)]
pub struct ScopeEntry {
    /// Clients that belong to the facts; all must stand in the intake.
    pub subjects: Vec<Handle>,
    /// Why the others do not.
    pub left_out: String,
    /// Classes necessary for the purpose.
    pub necessary: ClassSet,
    /// Classes the instrument allows.
    pub allowed: ClassSet,
    /// States that list the target as terrorist.
    pub listed_by: Vec<Country>,
}

impl Desk {
    /// Adds a finding to a case.
    ///
    /// # Errors
    /// [`DeskError::Stage`] when the case takes no findings now.
    pub async fn add_finding(&self, case: &CaseId, finding: &Finding) -> Result<()> {
        let file = self.case(case).await?;
        let bytes = serde_json::to_vec(finding).map_err(DeskError::internal)?;
        let digest = digest::parts("countersign/finding/v1", &[case.as_bytes(), &bytes]);
        let values = vec![
            Value::from(digest.to_hex()),
            Value::from(finding.question().as_str()),
            Value::from(finding.at().to_string()),
        ];
        let leaf = leaf(LeafKind::Finding, self.now(), values, &mut *self.rng())?;
        let documents = vec![StoredDocument { digest, kind: kind::FINDING.to_owned(), bytes }];
        let attached = Attached { documents, leaves: vec![leaf], ..Attached::default() };
        self.append(Some(&file), *case, finding.by(), Event::Found { document: digest }, attached).await
    }

    /// Sets the scope that is necessary and lawful.
    ///
    /// # Errors
    /// [`DeskError::Input`] when a subject was not asked about, or one is left out without a reason.
    pub async fn set_scope(&self, case: &CaseId, entry: ScopeEntry, by: &PersonId) -> Result<()> {
        let file = self.case(case).await?;
        let ScopeEntry { mut subjects, left_out, necessary, allowed, mut listed_by } = entry;
        subjects.sort_unstable();
        subjects.dedup();
        listed_by.sort_unstable();
        listed_by.dedup();
        let asked = self.asked_about(&file).await?;
        if let Some(stranger) = subjects.iter().find(|subject| !asked.contains(subject)) {
            return Err(DeskError::Input(format!("the request does not ask about client {stranger}")));
        }
        if subjects.len() < asked.len() && left_out.trim().is_empty() {
            return Err(DeskError::Input("some clients are left out of the scope: say why".into()));
        }
        let at = self.now();
        let (case, by_whom) = (*case, by.clone());
        let scoping =
            Scoping { v: ScopingV1, case, subjects, left_out, necessary, allowed, listed_by, by: by_whom, at };
        let document = Exact::write(scoping)?;
        let values = vec![Value::from(document.digest().to_hex()), Value::from("scope"), Value::from(at.to_string())];
        let leaf = leaf(LeafKind::Finding, at, values, &mut *self.rng())?;
        let attached =
            Attached { documents: vec![stored(kind::SCOPING, &document)], leaves: vec![leaf], ..Attached::default() };
        self.append(Some(&file), case, by, Event::Found { document: document.digest() }, attached).await
    }
}
