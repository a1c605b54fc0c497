//! The invented people and authorities of the story.

use anyhow::Result;
use countersign_core::id::{AuthorityId, PersonId};

/// Name of the population; it and the number of clients give every client and payment.
pub(crate) const POPULATION: &str = "demo";

/// Who acts.
pub(crate) struct Cast {
    pub(crate) officer: PersonId,
    pub(crate) anna: PersonId,
    pub(crate) bruno: PersonId,
    pub(crate) regional_head: PersonId,
    pub(crate) court: AuthorityId,
    pub(crate) fiu: AuthorityId,
    pub(crate) agency: AuthorityId,
}

impl Cast {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            officer: PersonId::parse("lena-ohm")?,
            anna: PersonId::parse("anna-berg")?,
            bruno: PersonId::parse("bruno-lind")?,
            regional_head: PersonId::parse("roman-karel")?,
            court: AuthorityId::parse("xa-district-court")?,
            fiu: AuthorityId::parse("xa-fiu")?,
            agency: AuthorityId::parse("xr-monitoring-service")?,
        })
    }
}
