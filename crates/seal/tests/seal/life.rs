//! What shares go through after the ceremony: resharing and repair.

use crate::support::*;
use countersign_core::class::{Class, ClassSet};
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_seal::combine::{CellContent, CombineError, Package, Released, open};
use countersign_seal::group::PointError;
use countersign_seal::header::check;
use countersign_seal::identity::IdentityKey;
use countersign_seal::kind::{Attribute, Index, Kind, Sealing, Slot};
use countersign_seal::life::repair::{Adding, Helping, Repair, Requested};
use countersign_seal::life::reshare::{Reshared, Resharing, Round1, Round2, public_outcome};
use countersign_seal::life::{Addressed, LifeError};
use countersign_seal::partial::{Ask, answer};
use countersign_seal::ring::{ConfirmedRing, EpochConfirmation, EpochConfirmationError, ShareEpoch, VerifyingShares};
use countersign_seal::share::{Share, ShareError};
use countersign_seal::transport::EnvelopeError;
use proptest::prelude::*;

pub(crate) fn holders(n: u16) -> Vec<IdentityKey> {
    (1..=n).map(|index| identity(index).public()).collect()
}

/// Shares of one epoch with what everybody knows of them.
pub(crate) struct Epoch<K: Kind = Sealing> {
    pub(crate) ring: ConfirmedRing<K>,
    pub(crate) document: Exact<ShareEpoch>,
    pub(crate) verifying: VerifyingShares<K>,
    pub(crate) shares: Vec<Share<K>>,
}

pub(crate) fn first<K: Kind>(world: World<K>) -> Epoch<K> {
    let document = Exact::write(world.epoch).unwrap();
    Epoch { ring: world.ring, document, verifying: world.verifying, shares: world.shares }
}

impl<K: Kind> Epoch<K> {
    pub(crate) fn share(&self, index: u16) -> &Share<K> {
        &self.shares[usize::from(index) - 1]
    }

    pub(crate) fn resharing(&self, session: &str, dealers: &[u16], n: u16) -> Resharing<K> {
        Resharing::new(&self.ring, &self.verifying, Digest(bytes(session)), dealers, holders(n)).unwrap()
    }

    pub(crate) fn repair(&self, session: &str, lost: u16, helpers: &[u16]) -> Repair<K> {
        let identities = holders(self.verifying.trustees());
        Repair::new(&self.ring, &self.verifying, Digest(bytes(session)), lost, helpers, &identities).unwrap()
    }

    pub(crate) fn next(&self, session: &str, dealers: &[u16], n: u16) -> Self {
        let plan = self.resharing(session, dealers, n);
        let run = Run::of(self, &plan, session);
        let document = public_outcome(&plan, &run.broadcasts).unwrap();
        let verifying = VerifyingShares::new(&self.ring, &document).unwrap();
        let shares = run
            .finish()
            .into_iter()
            .map(|end| {
                assert_eq!(end.epoch, document);
                end.share
            })
            .collect();
        Self { ring: self.ring.clone(), document, verifying, shares }
    }
}

/// A resharing up to the messages of round 2.
pub(crate) struct Run<K: Kind> {
    pub(crate) broadcasts: Vec<Vec<u8>>,
    pub(crate) states: Vec<Round2<K>>,
    pub(crate) sent: Vec<Vec<Addressed>>,
}

pub(crate) fn round1<K: Kind>(old: &Epoch<K>, plan: &Resharing<K>, name: &str) -> (Vec<Round1<K>>, Vec<Vec<u8>>) {
    (1..=plan.holders().len() as u16)
        .map(|index| {
            let share = plan.dealers().contains(&index).then(|| old.share(index));
            Round1::start(plan, index, share, &identity(index), &mut rng(&format!("{name} start {index}"))).unwrap()
        })
        .unzip()
}

impl<K: Kind> Run<K> {
    pub(crate) fn of(old: &Epoch<K>, plan: &Resharing<K>, name: &str) -> Self {
        let (states, broadcasts) = round1(old, plan, name);
        let (states, sent) = (1u16..)
            .zip(states)
            .map(|(index, state)| {
                state.proceed(&broadcasts, &identity(index), &mut rng(&format!("{name} deal {index}"))).unwrap()
            })
            .unzip();
        Self { broadcasts, states, sent }
    }

    /// What holder `index` receives.
    pub(crate) fn inbox(&self, index: u16) -> Vec<Addressed> {
        inbox(&self.sent, index)
    }

    pub(crate) fn finish(&self) -> Vec<Reshared<K>> {
        (1u16..).zip(&self.states).map(|(index, state)| state.finish(&self.inbox(index)).unwrap()).collect()
    }
}

fn inbox(sent: &[Vec<Addressed>], index: u16) -> Vec<Addressed> {
    let to = |messages: &Vec<Addressed>| messages.iter().find(|(to, _)| *to == index).map(|(_, bytes)| bytes.clone());
    (1u16..).zip(sent).filter_map(|(sender, messages)| Some((sender, to(messages)?))).collect()
}

/// A repair up to the sums.
pub(crate) struct Repaired {
    pub(crate) request: Vec<u8>,
    pub(crate) requested: Requested<Sealing>,
    pub(crate) broadcasts: Vec<Vec<u8>>,
    pub(crate) states: Vec<Adding<Sealing>>,
    /// Sender, recipient, bytes.
    pub(crate) sent: Vec<(u16, u16, Vec<u8>)>,
    pub(crate) sums: Vec<Addressed>,
}

impl Repaired {
    pub(crate) fn of(epoch: &Epoch, plan: &Repair<Sealing>, name: &str) -> Self {
        let random = |part: &str, index: u16| rng(&format!("{name} {part} {index}"));
        let (lost, _) = plan.lost();
        let (requested, request) = Requested::start(plan, &identity(lost), &mut random("request", lost)).unwrap();
        let helpers: Vec<u16> = plan.helpers().iter().map(|(index, _)| *index).collect();
        let (states, broadcasts): (Vec<Helping<Sealing>>, Vec<Vec<u8>>) = helpers
            .iter()
            .map(|index| {
                Helping::start(plan, epoch.share(*index), &identity(*index), &mut random("start", *index)).unwrap()
            })
            .unzip();
        let (mut added, mut sent) = (Vec::new(), Vec::new());
        for (index, state) in helpers.iter().zip(states) {
            let (state, messages) =
                state.proceed(&request, &broadcasts, &identity(*index), &mut random("split", *index)).unwrap();
            sent.extend(messages.into_iter().map(|(to, bytes)| (*index, to, bytes)));
            added.push(state);
        }
        let mut sums = Vec::new();
        for (index, state) in helpers.iter().zip(&added) {
            let received = received(&sent, *index);
            sums.push((*index, state.finish(&received, &identity(*index), &mut random("sum", *index)).unwrap()));
        }
        Self { request, requested, broadcasts, states: added, sent, sums }
    }
}

pub(crate) fn received(sent: &[(u16, u16, Vec<u8>)], index: u16) -> Vec<Addressed> {
    sent.iter().filter(|(_, to, _)| *to == index).map(|(from, _, bytes)| (*from, bytes.clone())).collect()
}

/// Seals one record and opens it with the shares given, which claim to be of `epoch`.
fn opens(epoch: &Epoch, shares: &[&Share<Sealing>]) -> Result<Vec<u8>, String> {
    let sealed = countersign_seal::sealer::Sealer::new(&epoch.ring)
        .seal(head(1), &[(Class::Name, NAME)], &sigma(1), &randomness("life"))
        .unwrap();
    let capsule = check(epoch.ring.id(), sealed.record.capsule().clone()).unwrap();
    let classes = ClassSet::new([Class::Name]);
    let ask = Ask { capsule: &capsule, classes: &classes };
    let mut replies = Vec::new();
    for share in shares {
        // A trustee with a share of another epoch does not answer under this one; a dishonest one relabels it.
        let mut stored = share.encode().to_vec();
        stored[36..40].copy_from_slice(&epoch.verifying.epoch().to_le_bytes());
        let share = Share::<Sealing>::decode(&stored).unwrap();
        let reply = answer(&share, &epoch.verifying, &order(), &[ask], &bytes("seed"));
        replies.push((share.trustee(), reply.map_err(|error| error.to_string())?));
    }
    let sigmas = sigmas(1, &capsule, &classes);
    let records = [Released { ask, record: &sealed.record, sigmas: &sigmas }];
    let package = Package { ring: &epoch.ring, shares: &epoch.verifying, order: order(), records: &records };
    let outcome = open(&package, &replies).map_err(|error| match error {
        CombineError::TooFew { have, need, liars, .. } => format!("{have} of {need}, liars {liars:?}"),
        other => other.to_string(),
    })?;
    assert!(outcome.liars.is_empty(), "{:?}", outcome.liars);
    match &outcome.cells[0].content {
        Ok(CellContent::Inline(content)) => Ok(content.to_vec()),
        Ok(CellContent::Blob(_)) => Err("a blob".into()),
        Err(fault) => Err(fault.to_string()),
    }
}

fn some(epoch: &Epoch, indices: &[u16]) -> Result<Vec<u8>, String> {
    let shares: Vec<_> = indices.iter().map(|index| epoch.share(*index)).collect();
    opens(epoch, &shares)
}

#[test]
fn a_refresh_gives_new_shares_of_the_same_keys() {
    let one = first(world());
    let two = one.next("refresh", &[1, 2, 4], N);
    assert_eq!((two.verifying.epoch(), two.verifying.trustees()), (2, N));
    assert_eq!(two.ring.id(), one.ring.id());
    for (old, new) in one.document.value().keys.iter().zip(&two.document.value().keys) {
        assert!(old.shares.iter().zip(&new.shares).all(|(old, new)| old != new), "every share changes");
    }
    for trustees in [[1, 2, 3], [3, 4, 5], [5, 1, 4]] {
        assert_eq!(some(&one, &trustees).as_deref(), Ok(NAME));
        assert_eq!(some(&two, &trustees).as_deref(), Ok(NAME));
    }
    assert_eq!(two.share(1).check(&one.verifying), Err(ShareError::Epoch));
}

#[test]
fn stale_and_fresh_shares_do_not_mix() {
    let one = first(world());
    let two = one.next("refresh", &[1, 2, 4], N);
    let mixed = [one.share(1), two.share(2), two.share(3)];
    assert_eq!(opens(&two, &mixed), Err("2 of 3, liars [1]".into()));
    assert_eq!(opens(&one, &mixed), Err("1 of 3, liars [2, 3]".into()));
    assert_eq!(some(&two, &[2, 5]), Err("2 of 3, liars []".into()));
    // What the leaver of SECURITY.md can do: t shares of one old epoch still open everything.
    assert_eq!(some(&one, &[1, 2, 5]).as_deref(), Ok(NAME));
}

#[test]
fn a_trustee_is_enrolled_and_another_removed_without_new_keys() {
    let one = first(world());
    let six = one.next("enrol", &[2, 3, 5], 6);
    assert_eq!((six.verifying.trustees(), six.shares.len()), (6, 6));
    assert_eq!(some(&six, &[6, 1, 3]).as_deref(), Ok(NAME));
    let four = six.next("remove", &[1, 3, 4], 4);
    assert_eq!(four.verifying.trustees(), 4);
    assert_eq!(some(&four, &[4, 1, 2]).as_deref(), Ok(NAME));
    assert!(four.shares.iter().all(|share| share.epoch() == 3));
    // The leaver's share does not fit the epoch any more, and its index is not known there.
    assert!(opens(&four, &[four.share(1), four.share(2), six.share(3)]).is_err());
    assert!(opens(&four, &[four.share(1), four.share(2), six.share(6)]).is_err());
}

#[test]
fn shares_of_the_index_are_reshared_too() {
    let world = world_of::<Index>("index-1", &[Attribute::Email, Attribute::Phone]);
    let two = first(world).next("index refresh", &[1, 3, 4, 5], N);
    two.shares.iter().for_each(|share| share.check(&two.verifying).unwrap());
    assert_eq!(two.verifying.epoch(), 2);
}

#[test]
fn a_trustee_without_its_share_takes_part_and_gets_a_new_one() {
    let one = first(world());
    let plan = one.resharing("lost", &[1, 2, 5], N);
    let (_, broadcast) = Round1::start(&plan, 3, None, &identity(3), &mut rng("x")).unwrap();
    assert!(
        broadcast.len() < Round1::start(&plan, 1, Some(one.share(1)), &identity(1), &mut rng("y")).unwrap().1.len()
    );
    let start = |index: u16, share: Option<&Share<Sealing>>, own: u16| {
        Round1::start(&plan, index, share, &identity(own), &mut rng("z")).err().unwrap()
    };
    assert_eq!(start(1, None, 1), LifeError::NoShare(1));
    assert_eq!(start(1, Some(one.share(2)), 1), LifeError::NoShare(1));
    assert_eq!(start(1, Some(one.share(1)), 2), LifeError::Identity(1));
    assert_eq!(start(6, None, 6), LifeError::Index(6));
    let two = one.next("refresh", &[1, 2, 4], N);
    assert_eq!(start(1, Some(two.share(1)), 1), LifeError::OwnShare(ShareError::Epoch));
}

#[test]
fn states_can_be_stored_between_the_steps() {
    let one = first(world());
    let plan = one.resharing("stored", &[1, 2, 4], N);
    let (states, broadcasts) = round1(&one, &plan, "stored");
    let states: Vec<_> = states.iter().map(|state| Round1::decode(&plan, &state.encode()).unwrap()).collect();
    let encoded = states[0].encode();
    let (states, sent): (Vec<_>, Vec<_>) = (1u16..)
        .zip(states)
        .map(|(index, state)| {
            let random = &mut rng(&format!("stored deal {index}"));
            let (state, sent) = state.proceed(&broadcasts, &identity(index), random).unwrap();
            (Round2::decode(&plan, &state.encode()).unwrap(), sent)
        })
        .unzip();
    assert_eq!(sent, Run::of(&one, &plan, "stored").sent);
    for (index, state) in (1u16..).zip(&states) {
        state.finish(&inbox(&sent, index)).unwrap();
    }
    let other = one.resharing("another", &[1, 2, 4], N);
    assert_eq!(Round1::decode(&other, &encoded).err(), Some(LifeError::State));
    assert_eq!(Round2::decode(&plan, &encoded).err(), Some(LifeError::State));
    for end in 0..encoded.len() {
        assert_eq!(Round1::decode(&plan, &encoded[..end]).err(), Some(LifeError::State));
    }
}

#[test]
fn a_failed_generator_gives_no_coefficient_away() {
    let (one, two) = (first(world()), first(world_of("register-2", &CLASSES)));
    let stuck = |epoch: &Epoch, session: &str| {
        let plan = epoch.resharing(session, &[1, 2, 3], N);
        let (_, broadcast) = Round1::start(&plan, 1, Some(epoch.share(1)), &identity(1), &mut rng("stuck")).unwrap();
        let commitments = &broadcast[34 + 1216..broadcast.len() - 64];
        commitments.chunks(32).map(<[u8]>::to_vec).collect::<Vec<_>>()
    };
    let (here, there, again) = (stuck(&one, "a"), stuck(&two, "a"), stuck(&one, "b"));
    let per_key = usize::from(T);
    for place in 0..here.len() {
        assert_eq!(here[place] == again[place], place % per_key == 0, "only the constant terms are the same");
        assert_ne!(here[place], there[place]);
    }
}

#[test]
fn a_dealer_that_lies_in_its_broadcast_is_named() {
    let one = first(world());
    let plan = one.resharing("lies", &[1, 2, 4], N);
    let (_, good) = round1(&one, &plan, "lies");
    let run = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut broadcasts = good.clone();
        change(&mut broadcasts);
        public_outcome(&plan, &broadcasts).err().unwrap()
    };
    let start = 34 + 1216;
    let foreign = |class: Class| LifeError::Foreign { culprit: 2, class: Slot::Class(class) };
    // The share of another, and one of its own class under another class.
    let others = run(&|list| {
        let theirs = list[3][start..list[3].len() - 64].to_vec();
        list[1] = resign(&[&list[1][..start], &theirs].concat(), 2);
    });
    assert_eq!(others, foreign(Class::Name));
    let key = 32 * usize::from(T);
    let classes = run(&|list| {
        let mut content = list[1][..list[1].len() - 64].to_vec();
        let address = content[start + key..start + 2 * key].to_vec();
        content[start + 2 * key..start + 3 * key].copy_from_slice(&address);
        list[1] = resign(&content, 2);
    });
    assert_eq!(classes, foreign(Class::Notes));
    let element = |at: usize, bytes: [u8; 32]| {
        run(&|list| {
            let mut content = list[3][..list[3].len() - 64].to_vec();
            content[start + 32 * at..start + 32 * at + 32].copy_from_slice(&bytes);
            list[3] = resign(&content, 4);
        })
    };
    assert_eq!(element(2, [0; 32]), LifeError::Element { culprit: 4, reason: PointError::Identity });
    assert_eq!(element(5, [255; 32]), LifeError::Element { culprit: 4, reason: PointError::NotCanonical });
    assert_eq!(run(&|list| list[2][40] ^= 1), LifeError::Signature(3));
    assert_eq!(run(&|list| list.swap(2, 4)), LifeError::Signature(3));
    assert_eq!(run(&|list| list.truncate(4)), LifeError::Missing(5));
    assert_eq!(run(&|list| list[0].truncate(10)), LifeError::Malformed(1));
}

#[test]
fn broadcasts_belong_to_one_exchange() {
    let one = first(world());
    let plan = one.resharing("now", &[1, 2, 4], N);
    let (_, good) = round1(&one, &plan, "now");
    let two = one.next("next", &[1, 2, 3], N);
    let elsewhere = first(world_of::<Sealing>("register-2", &CLASSES));
    for other in [
        round1(&one, &one.resharing("before", &[1, 2, 4], N), "now").1,
        round1(&one, &one.resharing("now", &[1, 2, 4], 6), "now").1,
        round1(&two, &two.resharing("now", &[1, 2, 4], N), "now").1,
        round1(&elsewhere, &elsewhere.resharing("now", &[1, 2, 4], N), "now").1,
    ] {
        for place in 0..usize::from(N) {
            let mut mixed = good.clone();
            mixed[place] = other[place].clone();
            assert_eq!(public_outcome(&plan, &mixed).err(), Some(LifeError::Malformed(place as u16 + 1)));
        }
    }
    // A second broadcast of the same trustee in the same exchange.
    let (mine, own) = Round1::start(&plan, 1, Some(one.share(1)), &identity(1), &mut rng("second")).unwrap();
    let mut mixed = good.clone();
    mixed[0] = own;
    assert_eq!(mine.proceed(&good, &identity(1), &mut rng("x")).err(), Some(LifeError::NotOurs(1)));
    public_outcome(&plan, &mixed).unwrap();
}

#[test]
fn envelopes_belong_to_one_pair_and_one_transcript() {
    let one = first(world());
    let plan = one.resharing("pairs", &[1, 2, 4], N);
    let run = Run::of(&one, &plan, "pairs");
    let finish = |change: &dyn Fn(&mut Vec<Addressed>)| {
        let mut messages = run.inbox(3);
        change(&mut messages);
        run.states[2].finish(&messages).err().unwrap()
    };
    let unsigned = |culprit| LifeError::Envelope { culprit, reason: EnvelopeError::Signature };
    assert_eq!(finish(&|list| list.retain(|(from, _)| *from != 2)), LifeError::Missing(2));
    assert_eq!(finish(&|list| list[0].1 = list[1].1.clone()), unsigned(1));
    assert_eq!(finish(&|list| list[1].1 = run.inbox(5)[1].1.clone()), unsigned(2));
    assert_eq!(finish(&|list| list[2].1[1130] ^= 1), unsigned(4));
    assert_eq!(
        finish(&|list| list[2].1.truncate(100)),
        LifeError::Envelope { culprit: 4, reason: EnvelopeError::Short }
    );
    // The same dealer, the same polynomial, but trustee 5 was told something else.
    let (states, mut view) = round1(&one, &plan, "pairs");
    view[4] = Round1::start(&plan, 5, None, &identity(5), &mut rng("other")).unwrap().1;
    let (_, sent) = states.into_iter().next().unwrap().proceed(&view, &identity(1), &mut rng("x")).unwrap();
    let other = sent.iter().find(|(to, _)| *to == 3).unwrap().1.clone();
    assert_eq!(finish(&|list| list[0].1 = other.clone()), unsigned(1));
}

#[test]
fn a_repaired_share_is_the_old_one() {
    let one = first(world());
    for (lost, helpers) in [(3u16, vec![1u16, 2, 5]), (1, vec![2, 3, 4, 5])] {
        let plan = one.repair("repair", lost, &helpers);
        let run = Repaired::of(&one, &plan, "repair");
        let share = run.requested.finish(&run.broadcasts, &run.sums).unwrap();
        assert_eq!(share.encode(), one.share(lost).encode());
        let stored = Requested::decode(&plan, &run.requested.encode()).unwrap();
        assert_eq!(stored.finish(&run.broadcasts, &run.sums).unwrap().encode(), share.encode());
        for (state, (index, _)) in run.states.iter().zip(plan.helpers()) {
            let stored = Adding::decode(&plan, &state.encode()).unwrap();
            stored.finish(&received(&run.sent, *index), &identity(*index), &mut rng("again")).unwrap();
        }
    }
    let plan = one.repair("repair", 3, &[1, 2, 5]);
    let (helping, broadcast) = Helping::start(&plan, one.share(1), &identity(1), &mut rng("a")).unwrap();
    let stored = Helping::decode(&plan, &helping.encode()).unwrap();
    assert_eq!(stored.encode(), helping.encode());
    assert_eq!(Helping::decode(&one.repair("other", 3, &[1, 2, 5]), &helping.encode()).err(), Some(LifeError::State));
    assert_ne!(broadcast, Helping::start(&plan, one.share(1), &identity(1), &mut rng("b")).unwrap().1);
    let wrong = Helping::start(&plan, one.share(4), &identity(4), &mut rng("c")).err();
    assert_eq!(wrong, Some(LifeError::Index(4)));
    assert_eq!(Requested::start(&plan, &identity(1), &mut rng("c")).err(), Some(LifeError::Identity(3)));
}

#[test]
fn a_helper_that_lies_is_named() {
    let one = first(world());
    let plan = one.repair("lies", 3, &[1, 2, 5]);
    let run = Repaired::of(&one, &plan, "lies");
    let finish = |broadcasts: &[Vec<u8>], sums: &[Addressed]| run.requested.finish(broadcasts, sums).err().unwrap();
    let mut broadcasts = run.broadcasts.clone();
    broadcasts[1] = run.broadcasts[2].clone();
    assert_eq!(finish(&broadcasts, &run.sums), LifeError::Signature(2));
    let theirs = run.broadcasts[2][32 + 2 + 1216..run.broadcasts[2].len() - 64].to_vec();
    let content = [&run.broadcasts[1][..34 + 1216], &theirs].concat();
    broadcasts[1] = resign_as("repair-round1", &content, 2);
    let foreign = LifeError::Foreign { culprit: 2, class: Slot::Class(Class::Name) };
    assert_eq!(finish(&broadcasts, &run.sums), foreign);
    let mut sums = run.sums.clone();
    sums.swap(0, 1);
    (sums[0].0, sums[1].0) = (1, 2);
    let unsigned = |culprit| LifeError::Envelope { culprit, reason: EnvelopeError::Signature };
    assert_eq!(finish(&run.broadcasts, &sums), unsigned(1));
    assert_eq!(finish(&run.broadcasts, &run.sums[1..]), LifeError::Missing(1));
    // Sums of another session with the same helpers.
    let other = Repaired::of(&one, &one.repair("other", 3, &[1, 2, 5]), "lies");
    assert_eq!(finish(&run.broadcasts, &other.sums), unsigned(1));
    assert_eq!(finish(&other.broadcasts, &run.sums), LifeError::Malformed(1));
}

#[test]
fn plans_that_nobody_can_follow_are_refused() {
    let one = first(world());
    let plan = |dealers: &[u16], holders: Vec<IdentityKey>| {
        Resharing::new(&one.ring, &one.verifying, Digest([1; 32]), dealers, holders).err().unwrap().to_string()
    };
    assert!(plan(&[1, 2], holders(5)).contains("fewer dealers than the threshold"));
    assert!(plan(&[1, 1, 2], holders(5)).contains("repeat"));
    assert!(plan(&[1, 2, 6], holders(6)).contains("does not hold a share before and after"));
    assert!(plan(&[1, 2, 5], holders(4)).contains("does not hold a share before and after"));
    assert!(plan(&[1, 2, 3], holders(2)).contains("fewer holders than the threshold"));
    let mut twice = holders(5);
    twice[4] = twice[3];
    assert!(plan(&[1, 2, 3], twice).contains("same identity"));
    let other = first(world_of::<Sealing>("register-2", &CLASSES));
    let foreign = Resharing::new(&one.ring, &other.verifying, Digest([1; 32]), &[1, 2, 3], holders(5));
    assert!(foreign.err().unwrap().to_string().contains("another ring"));
    let repair = |lost: u16, helpers: &[u16], identities: &[IdentityKey]| {
        Repair::new(&one.ring, &one.verifying, Digest([1; 32]), lost, helpers, identities).err().unwrap().to_string()
    };
    assert!(repair(3, &[1, 2], &holders(5)).contains("fewer helpers"));
    assert!(repair(3, &[1, 2, 3], &holders(5)).contains("holds no other share"));
    assert!(repair(6, &[1, 2, 3], &holders(5)).contains("no trustee"));
    assert!(repair(3, &[2, 1, 4], &holders(5)).contains("ascending"));
    assert!(repair(3, &[1, 2, 4], &holders(4)).contains("one identity per trustee"));
}

#[test]
fn an_epoch_counts_only_when_every_holder_has_confirmed_it() {
    let one = first(world());
    let two = one.next("confirm", &[1, 2, 4], 6);
    let all: Vec<_> = (1..=6).map(|index| EpochConfirmation::sign(&two.verifying, index, &identity(index))).collect();
    EpochConfirmation::check_all(&two.verifying, &all, &holders(6)).unwrap();
    let check = |confirmations: &[EpochConfirmation]| {
        EpochConfirmation::check_all(&two.verifying, confirmations, &holders(6)).unwrap_err()
    };
    assert_eq!(check(&all[..5]), EpochConfirmationError::Unconfirmed(6));
    let mut wrong = all.clone();
    wrong[3] = EpochConfirmation::sign(&two.verifying, 4, &identity(3));
    assert_eq!(check(&wrong), EpochConfirmationError::Confirmation(4));
    wrong[3] = EpochConfirmation::sign(&one.next("other", &[1, 2, 4], 6).verifying, 4, &identity(4));
    assert_eq!(check(&wrong), EpochConfirmationError::Confirmation(4));
    wrong[3] = EpochConfirmation { epoch: 1, ..all[3].clone() };
    assert_eq!(check(&wrong), EpochConfirmationError::Confirmation(4));
    assert!(EpochConfirmation::check_all(&two.verifying, &all, &holders(5)).is_err());
    let one_person = [identity(1).public(); 6];
    assert!(EpochConfirmation::check_all(&two.verifying, &all, &one_person).is_err());
}

/// A broadcast of round 1 signed by trustee `index`, as the format's page describes it.
pub(crate) fn resign(content: &[u8], index: u16) -> Vec<u8> {
    resign_as("reshare-round1", content, index)
}

pub(crate) fn resign_as(name: &str, content: &[u8], index: u16) -> Vec<u8> {
    use ed25519_dalek::Signer;
    let key = ed25519_dalek::SigningKey::from_bytes(&bytes(&format!("identity {index}")));
    [content, &key.sign(&framed(name, &[content])).to_bytes()].concat()
}

/// F of docs/formats/seal.md.
pub(crate) fn framed(name: &str, parts: &[&[u8]]) -> Vec<u8> {
    let domain = format!("countersign/seal/v1/{name}");
    let mut out = Vec::new();
    for part in std::iter::once(domain.as_bytes()).chain(parts.iter().copied()) {
        out.extend_from_slice(&(part.len() as u64).to_le_bytes());
        out.extend_from_slice(part);
    }
    out
}

/// Trustees of one epoch in an order of the test's choice.
fn shuffled(n: u16) -> impl Strategy<Value = Vec<u16>> {
    Just((1..=n).collect::<Vec<u16>>()).prop_shuffle()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn after_any_resharings_any_t_of_n_open_and_fewer_or_stale_never(
        steps in proptest::collection::vec((3u16..=6, shuffled(3), 0usize..100), 1..4),
        picked in shuffled(3),
        stale in 1usize..3,
    ) {
        let mut epochs = vec![first(world())];
        for (number, (n, _, pick)) in steps.iter().enumerate() {
            let old = epochs.last().unwrap();
            let both = (*n).min(old.verifying.trustees());
            // Any window of dealers among those who stay.
            let first = 1 + (*pick as u16) % (both - T + 1);
            let dealers: Vec<u16> = (first..=both).collect();
            let next = old.next(&format!("step {number}"), &dealers, *n);
            epochs.push(next);
        }
        let last = epochs.last().unwrap();
        let n = last.verifying.trustees();
        let offset = (steps[0].2 as u16) % (n - T + 1);
        let chosen: Vec<u16> = picked.iter().map(|index| index + offset).collect();
        prop_assert_eq!(some(last, &chosen), Ok(NAME.to_vec()));
        prop_assert!(some(last, &chosen[..2]).is_err());
        let before = &epochs[epochs.len() - 2];
        let common: Vec<u16> = (1..=n.min(before.verifying.trustees())).take(usize::from(T)).collect();
        let mixed: Vec<_> = common
            .iter()
            .enumerate()
            .map(|(place, index)| if place < stale { before.share(*index) } else { last.share(*index) })
            .collect();
        prop_assert!(opens(last, &mixed).is_err());
    }

    #[test]
    fn any_t_helpers_give_any_trustee_its_share(order in shuffled(5), session in any::<u64>()) {
        let one = first(world());
        let mut helpers = order[1..=usize::from(T)].to_vec();
        helpers.sort_unstable();
        let name = format!("repair {session}");
        let plan = one.repair(&name, order[0], &helpers);
        let run = Repaired::of(&one, &plan, &name);
        let share = run.requested.finish(&run.broadcasts, &run.sums).unwrap();
        prop_assert_eq!(share.encode(), one.share(order[0]).encode());
    }
}
