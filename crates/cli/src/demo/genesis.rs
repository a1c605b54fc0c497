//! Step 1: genesis.

use super::report::Report;
use super::story::Story;
use crate::ceremony::{Founding, found as found_custodian, sample_authorities, sample_people};
use crate::edge;
use anyhow::{Context, Result};
use countersign_core::class::Class;
use countersign_core::country::Country;
use countersign_core::time::Clock;
use countersign_desk::ports::Journal;
use countersign_seal::kind::Attribute;
use std::path::Path;
use std::sync::Arc;

/// Founds the custodian of the story, unless that was done before.
pub(crate) async fn found(dir: &Path, clock: &Arc<dyn Clock>) -> Result<()> {
    if dir.join("custodian/config.json").exists() {
        return Ok(());
    }
    let trustees = ["XB", "XC", "XD", "XE", "XF"].iter().map(|code| Ok(Country::parse(code)?));
    let founding = Founding {
        name: "Aldermark Exchange".into(),
        seat: Country::parse("XA")?,
        origin: None,
        people: sample_people(&mut edge::rng()?)?,
        authorities: sample_authorities(),
        threshold: 3,
        classes: Class::ALL.to_vec(),
        attributes: Attribute::ALL.to_vec(),
        demo: true,
        tiles: None,
        witnesses: Vec::new(),
    };
    found_custodian(dir, founding, &trustees.collect::<Result<Vec<_>>>()?, clock).await?;
    Ok(())
}

/// Every trustee reads leaf 0 under the witness quorum by itself and folds it to the same state.
pub(crate) async fn check(story: &mut Story, report: &mut Report) -> Result<()> {
    let custodian = story.custody.desk.custodian();
    let genesis = custodian.genesis.value();
    let ring = custodian.ring.as_ref().context("no ring")?;
    let trustees = genesis.trustees.as_ref().context("no trustees")?;
    let leaf = story.custody.log.at(0).await.map_err(anyhow::Error::msg)?;
    report.set("genesis", custodian.genesis.digest().to_hex());
    report.set("ring", ring.ring.id().to_hex());
    let index = custodian.index.as_ref().context("no index ring")?;
    report.set("index_ring", index.ring.id().to_hex());
    report.expect("the index has a ring of its own", index.ring.id() != ring.ring.id());
    report.set("trustees", trustees.members.len());
    report.set("threshold", trustees.threshold);
    let states: Vec<&str> = trustees.members.iter().map(|member| member.state.as_str()).collect();
    report.set("trustee_states", states);
    report.set("classes", Class::ALL.len());
    report.set("people", genesis.people.len());
    report.set("leaf", leaf.included().index);
    report.set("witnesses", story.custody.log.log().policy().witnesses().len());
    report.set("leaf_0_bytes", leaf.leaf().len());
    let now = story.custody.desk.now();
    let mut folded = Vec::new();
    for service in &story.custody.trustees {
        service.trustee.tail(service.source.as_ref(), now).await?;
        let head = service.trustee.head(now).await?;
        folded.push(head.state.context("a trustee folded nothing")?);
    }
    let ours = story.custody.desk.control().at(now).digest();
    report.set("state", ours.to_hex());
    report.set("trustees_agree", folded.len());
    report.expect(
        "every trustee folds leaf 0 to the same state",
        folded.len() == 5 && folded.iter().all(|state| *state == ours),
    );
    let dealt = ring.ring.document().value().dealer || index.ring.document().value().dealer;
    report.expect("no trusted dealer made the rings", !dealt);
    Ok(())
}
