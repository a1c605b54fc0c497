use crate::ceremony::RemotePlace;
use crate::commands::trustee::{Unlock, warn_of_plain};
use crate::edge;
use crate::parties::client;
use anyhow::{Result, bail};
use clap::Args;
use countersign_core::control::Genesis;
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_trustee::founding::{Attendance, Attended, Item, MeetingPlace as _};
use countersign_trustee::{Trustee, TrusteeError};
use std::path::PathBuf;
use std::time::Duration;

/// How often a trustee looks whether there is something new.
const LOOK: Duration = Duration::from_millis(500);
/// Longest wait between two looks at a place that does not answer.
const LONGEST: Duration = Duration::from_secs(30);

#[derive(Args)]
pub(super) struct Join {
    /// The trustee's folder.
    folder: PathBuf,
    /// Where the custodian serves the meeting place.
    #[arg(long, value_name = "URL")]
    at: String,
    #[command(flatten)]
    unlock: Unlock,
    /// Sign the genesis with this digest, which you have compared with the other trustees over another channel than the custodian's.
    #[arg(long, value_name = "DIGEST")]
    sign: Option<Digest>,
}

impl Join {
    pub(super) async fn run(self) -> Result<()> {
        if !self.at.starts_with("http://") && !self.at.starts_with("https://") {
            bail!("`{}` is not an address that begins with http:// or https://", self.at);
        }
        let trustee = self.unlock.open(&self.folder)?;
        warn_of_plain(&trustee, &self.folder);
        let place = RemotePlace::new(&self.at, client()?);
        let clock = edge::clock();
        let mut rng = edge::rng()?;
        let mut teller = Teller::default();
        let mut attendance = attend(&trustee, &place, &mut teller).await?;
        loop {
            match attendance.look(&place, self.sign, clock.now(), &mut rng).await {
                Ok(Attended::Waiting { what, from, complaints }) => {
                    teller.waiting(what, &from, &complaints);
                    tokio::time::sleep(LOOK).await;
                }
                Ok(Attended::Consent(genesis)) => {
                    show(&genesis);
                    if let Some(other) = self.sign {
                        bail!(
                            "this is not the genesis `{other}` that --sign names: nothing is signed; speak with the other trustees"
                        );
                    }
                    println!(
                        "compare the digest with the other trustees, over another channel than the custodian's; then say"
                    );
                    println!(
                        "  countersign ring join {} --at {} --sign {}",
                        self.folder.display(),
                        self.at,
                        genesis.digest()
                    );
                    return Ok(());
                }
                Ok(Attended::Installed(genesis)) => {
                    println!("genesis {genesis} is signed by all and installed");
                    println!("next: countersign trustee serve {} --log ADDRESS-OF-THE-JOURNAL", self.folder.display());
                    return Ok(());
                }
                Err(TrusteeError::Meeting(reason)) => tokio::time::sleep(teller.away(&reason)).await,
                Err(error) => {
                    return Err(anyhow::Error::new(error).context(
                        "this trustee stops: nothing more is sent; tell the custodian and the other trustees, and do not delete this folder",
                    ));
                }
            }
        }
    }
}

/// Waits for the terms and shows them.
async fn attend<'t>(trustee: &'t Trustee, place: &RemotePlace, teller: &mut Teller) -> Result<Attendance<'t>> {
    loop {
        match place.get(Item::Terms).await {
            Ok(Some(terms)) => {
                let attendance = Attendance::new(trustee, &terms)?;
                let founding = attendance.founding();
                let value = founding.terms().value();
                println!("terms {} of {:?}", founding.terms().digest(), value.custodian.name);
                println!("any {} of {} trustees open a record", value.threshold, founding.trustees());
                return Ok(attendance);
            }
            Ok(None) => tokio::time::sleep(teller.away("it holds no terms yet")).await,
            Err(reason) => tokio::time::sleep(teller.away(&reason)).await,
        }
    }
}

/// Says what has changed, once.
#[derive(Default)]
struct Teller {
    last: String,
    failures: u32,
}

impl Teller {
    fn waiting(&mut self, what: &str, from: &[u16], complaints: &[u16]) {
        self.failures = 0;
        let from = match from {
            [] => "the custodian".to_owned(),
            [one] => format!("trustee {one}"),
            many => format!("trustees {}", many.iter().map(u16::to_string).collect::<Vec<_>>().join(", ")),
        };
        let mut text = format!("waiting for {what} from {from}");
        if !complaints.is_empty() {
            let by = complaints.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
            text += &format!("; the ceremony does not go on: trustee {by} has left a complaint, ask the custodian");
        }
        self.tell(text);
    }

    /// Says that the place does not answer, and how long to wait.
    fn away(&mut self, reason: &str) -> Duration {
        self.failures = self.failures.saturating_add(1);
        self.tell(format!("the meeting place does not answer, trying again: {reason}"));
        LOOK.saturating_mul(1 << self.failures.min(6)).min(LONGEST)
    }

    fn tell(&mut self, text: String) {
        if text != self.last {
            println!("{text}");
            self.last = text;
        }
    }
}

/// What the owner must have read before signing.
fn show(genesis: &Exact<Genesis>) {
    let value = genesis.value();
    println!("genesis {} agrees with the ceremony; it says:", genesis.digest());
    println!("  custodian {:?} in {}", value.custodian.name, value.custodian.seat);
    println!("  journal {}", value.journal.vkey);
    for line in value.witness_policy.lines().filter(|line| !line.starts_with("log ")) {
        println!("  witnesses: {line:?}");
    }
    for person in &value.people {
        let roles: Vec<String> = person.roles.iter().map(ToString::to_string).collect();
        println!("  {}: {} in {}", person.id, roles.join(", "), person.state);
    }
    if let Some(trustees) = &value.trustees {
        println!("  any {} of these trustees open a record:", trustees.threshold);
        for member in &trustees.members {
            println!("    {}: {} in {}, identity key {}", member.index, member.name, member.state, member.identity);
        }
    }
    if let Some(ring) = &value.ring {
        println!("  key ring {}", ring.id);
    }
    if let Some(ring) = &value.index_ring {
        println!("  index ring {}", ring.id);
    }
    println!(
        "  policy {}, directory {}, approvals for a change: {}",
        value.policy, value.directory, value.change_approvals
    );
}
