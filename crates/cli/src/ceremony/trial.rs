//! A trial: all trustees in this process, each in its own folder, the same ceremony over the same messages.

use super::prepare::write_terms;
use super::{Founded, Founding, Hall, TrusteeTerms, build, finish, prepare, serve};
use crate::commands::trustee::identity_file;
use crate::config::PartyAt;
use crate::edge;
use crate::files;
use crate::place::Place;
use anyhow::{Context, Result, bail};
use countersign_core::country::Country;
use countersign_core::id::PersonId;
use countersign_core::time::Clock;
use countersign_trustee::Trustee;
use countersign_trustee::founding::{Attendance, Attended, Item, Stage};
use rand_chacha::ChaCha20Rng;
use std::path::Path;
use std::sync::Arc;

/// Looks at the meeting place that a ceremony takes at most: one for every stage, and some for those that come late in it.
const MOST_LOOKS: usize = 12;

/// Makes a whole folder, or nothing, with one trustee for each of these states; none: ladder level L0.
pub(crate) async fn found(
    root: &Path,
    founding: Founding,
    trustees: &[Country],
    clock: &Arc<dyn Clock>,
) -> Result<Founded> {
    build(root, async |place| {
        let mut rng = edge::rng()?;
        prepare(place, &founding, clock.now(), &mut rng)?;
        let people: Vec<_> = founding.people.into_iter().map(|person| (person.id, person.signer)).collect();
        if trustees.is_empty() {
            return finish(place, None, &people, Vec::new(), clock.now()).await;
        }
        let parties = create(place, trustees, &mut rng)?;
        let identities = parties.iter().map(|(_, identity)| identity.clone()).collect();
        let terms = TrusteeTerms {
            identities,
            threshold: founding.threshold,
            classes: founding.classes,
            attributes: founding.attributes,
        };
        write_terms(place, terms, &mut rng)?;
        let hall = Hall::open(place)?;
        let local = PartyAt::local(u16::try_from(parties.len()).context("too many trustees")?);
        let mut attendances = Vec::new();
        for (trustee, _) in &parties {
            let terms = hall.meeting().get(Item::Terms).context("no terms")?.to_vec();
            attendances.push(Attendance::new(trustee, &terms)?);
        }
        let mut founded = None;
        for _ in 0..MOST_LOOKS {
            let consent = hall.meeting().genesis().map(|genesis| genesis.digest());
            let mut installed = 0;
            for attendance in &mut attendances {
                // A trial has one owner, who agrees with what was just made.
                let attended = attendance.look(&hall, consent, clock.now(), &mut rng).await?;
                installed += usize::from(matches!(attended, Attended::Installed(_)));
            }
            if let Some(founded) = founded.take_if(|_| installed == attendances.len()) {
                return Ok(founded);
            }
            serve::tend(&hall, clock).await?;
            let stage = hall.meeting().stage();
            if stage == Stage::Leaf {
                founded = Some(finish(place, Some(&hall), &people, local.clone(), clock.now()).await?);
            }
        }
        let meeting = hall.meeting();
        bail!("the ceremony did not end: {}", serve::told(&meeting, meeting.stage()))
    })
    .await
}

/// Trustees in folders beside the custodian's, with what they say of themselves.
fn create(place: &Place, states: &[Country], rng: &mut ChaCha20Rng) -> Result<Vec<(Trustee, String)>> {
    let mut parties = Vec::new();
    for (index, state) in (1u16..).zip(states) {
        let folder = place.trustee(index);
        Trustee::create(&folder, index, rng)?;
        let trustee = Trustee::open(&folder)?;
        let name = PersonId::parse(&format!("trustee-{}-{index}", state.as_str().to_lowercase()))?;
        let identity = trustee.introduce(name, *state, true)?.text().to_owned();
        files::write(&identity_file(&folder), identity.as_bytes())?;
        parties.push((trustee, identity));
    }
    Ok(parties)
}
