//! `countersign change check-in`, `countersign change presence`.

use crate::custody::Custody;
use crate::signer::Signer;
use anyhow::Result;
use clap::Args;
use countersign_core::id::PersonId;
use countersign_core::time::Timestamp;
use countersign_tlog::leaf::ControlSignature;
use countersign_verify::state::Presence;
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct CheckIn {
    /// Who checks in.
    #[arg(long = "as", value_name = "PERSON")]
    by: PersonId,
    /// A key file of countersign, or an OpenSSH private key (`ssh-keygen -Y sign` is used).
    #[arg(long)]
    key: PathBuf,
    /// The time to write, which becomes public; now by default.
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
}

impl CheckIn {
    pub(super) async fn run(self, custody: &Custody) -> Result<()> {
        let desk = &custody.desk;
        let check_in = desk.draft_check_in(&self.by, self.at.unwrap_or(desk.now()))?;
        let sig = Signer::load(&self.key)?.sign_control(check_in.text())?;
        let signature = ControlSignature { by: format!("person:{}", self.by), sig };
        let index = desk.publish_check_in(&check_in, signature).await?;
        println!("{} checked in at {}: public in leaf {index}", self.by, check_in.value().at);
        let presence = desk.control().presence(desk.now());
        if let Some(until) = presence.iter().find(|one| one.person == self.by).and_then(|one| one.until) {
            println!("the next one is due before {until}");
        }
        Ok(())
    }
}

/// Everybody who has to check in.
pub(super) fn say(custody: &Custody) -> Result<()> {
    let desk = &custody.desk;
    let presence = desk.control().presence(desk.now());
    if presence.is_empty() {
        println!("nobody has to check in: `countersign change propose watch` sets who has to");
    }
    say_presence(&presence);
    Ok(())
}

/// One line for each.
pub(crate) fn say_presence(presence: &[Presence]) {
    for Presence { person, watch, last, until, silent } in presence {
        let hours = watch.hours.unwrap_or(0);
        let heard = match (last, until) {
            (Some(last), Some(until)) if *silent => {
                format!("SILENT since {last}, removed at {until}: signs nothing until a new watch begins")
            }
            (Some(last), Some(until)) => format!("last heard at {last}, next due before {until}"),
            _ => format!("never heard since {}: signs nothing before the first check-in", watch.from),
        };
        println!("{person} checks in every {hours} hours: {heard}");
    }
}
