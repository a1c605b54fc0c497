//! Everything that must fail, each with a vector.

use crate::support::*;
use crate::vectors::{
    Case, capsule_input, epoch_input, must_fail, open_input, reply_input, ring_document_input, ring_input,
};
use countersign_core::class::{Class, ClassSet};
use countersign_core::encoding::hex;
use countersign_core::id::Digest;
use countersign_core::json::Exact;
use countersign_seal::header::{Capsule, Header};
use countersign_seal::kind::{Attribute, Index};
use countersign_seal::label::Label;
use countersign_seal::partial::{Ask, Reply, answer};
use countersign_seal::record::{SealedEntry, SealedRecord};
use countersign_seal::ring::EncodedPoint;
use countersign_seal::sealer::Sealer;
use countersign_seal::share::SealingShare;
use curve25519_dalek::RistrettoPoint;
use curve25519_dalek::constants::RISTRETTO_BASEPOINT_POINT as G;
use curve25519_dalek::ristretto::CompressedRistretto;
use curve25519_dalek::scalar::Scalar;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha512};

macro_rules! vectors {
    ($($name:ident,)*) => {
        $(#[test]
        fn $name() {
            must_fail(stringify!($name));
        })*

        #[test]
        fn every_vector_has_its_test() {
            let names: Vec<&str> = cases().iter().map(|case| case.name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
        }
    };
}

vectors! {
    identity_element,
    non_canonical_element,
    negative_element,
    label_with_a_trailing_byte,
    label_with_classes_out_of_order,
    label_with_an_impossible_month,
    header_with_identity_capsule,
    header_with_non_canonical_scalar,
    relabelled_capsule,
    capsule_plus_delta,
    capsule_under_the_wrong_ring,
    header_of_another_record,
    batch_with_a_relabelled_capsule,
    batch_forged_for_one_weight_in_both_equations,
    batch_forged_for_predictable_weights,
    ring_of_a_dealer,
    stripped_dealer_flag,
    class_key_without_proof_of_possession,
    ring_with_one_confirmation_missing,
    ring_with_a_confirmation_signed_by_another,
    ring_with_an_index_key_among_sealing_keys,
    oprf_under_a_sealing_ring,
    oprf_under_a_sealing_key,
    partial_under_an_index_key,
    share_epoch_of_another_ring,
    share_epoch_with_a_wrong_share,
    share_epoch_with_an_identity_share,
    tampered_entry,
    tampered_entry_under_a_new_body_digest,
    record_with_an_unpadded_entry,
    swapped_reply_of_another_trustee,
    swapped_reply_of_another_order,
    swapped_reply_of_another_share_epoch,
    rogue_recipient_key,
    constant_mask_over_one_order,
    reply_with_a_flipped_bit,
    two_shares_of_three,
    lying_trustee,
    lying_trustee_with_identity,
    lying_trustee_and_only_two_others,
    partials_of_the_wrong_class,
    partials_of_another_record_under_the_same_order,
    partials_of_another_order,
    mixed_share_epochs,
    erased_sigma,
    wrong_sigma,
    wrong_commitment_with_valid_proofs,
    undecryptable_entry_with_the_right_commitment,
    header_challenge_without_ring,
    header_challenge_without_label,
    header_challenge_without_u,
    header_challenge_without_ubar,
    header_challenge_without_w,
    header_challenge_without_wbar,
    partial_transcript_without_suite,
    partial_transcript_without_order,
    partial_transcript_without_ring,
    partial_transcript_without_class,
    partial_transcript_without_trustee,
    partial_transcript_without_share_epoch,
    partial_transcript_without_verifying_share,
    partial_transcript_without_count,
    partial_transcript_without_u,
    partial_transcript_without_z,
    partial_challenge_without_transcript,
    partial_challenge_without_sum_of_u,
    partial_challenge_without_sum_of_z,
    partial_challenge_without_nonce_of_g,
    partial_challenge_without_nonce_of_u,
}

/// The cases, in the order of the list above.
pub(crate) fn cases() -> Vec<Case> {
    let mut out = elements();
    out.extend(capsules());
    out.extend(rings());
    out.extend(records());
    out.extend(envelopes());
    out.extend(packages());
    out.extend(crate::weak_fiat_shamir::cases());
    out
}

pub(crate) fn case(name: &'static str, operation: &'static str, input: Value) -> Case {
    Case { name, operation, input }
}

fn elements() -> Vec<Case> {
    let label = sealed(&world(), 1).record.label().encode();
    let header = *sealed(&world(), 1).record.capsule().header.bytes();
    let changed = |at: usize, value: u8| {
        let mut bytes = label.clone();
        bytes[at] = value;
        json!({ "bytes": hex(&bytes) })
    };
    let identity = [&[0u8; 32][..], &header[32..]].concat();
    let scalar = [&header[..128], &[0xff; 32]].concat();
    vec![
        case("identity_element", "element", json!({ "bytes": "00".repeat(32) })),
        case("non_canonical_element", "element", json!({ "bytes": format!("ed{}7f", "ff".repeat(30)) })),
        case("negative_element", "element", json!({ "bytes": format!("01{}", "00".repeat(31)) })),
        case("label_with_a_trailing_byte", "label", json!({ "bytes": hex(&[&label[..], &[0]].concat()) })),
        case("label_with_classes_out_of_order", "label", changed(95, 4)),
        case("label_with_an_impossible_month", "label", changed(80, 13)),
        case("header_with_identity_capsule", "header", json!({ "bytes": hex(&identity) })),
        case("header_with_non_canonical_scalar", "header", json!({ "bytes": hex(&scalar) })),
    ]
}

fn capsules() -> Vec<Case> {
    let world = world();
    let ring = world.ring.id();
    let (a, b) = (sealed(&world, 1), sealed(&world, 2));
    let (a, b) = (a.record.capsule().clone(), b.record.capsule().clone());
    let relabelled = Capsule { label: a.label.clone(), header: b.header.clone() };

    let mut shifted = *a.header.bytes();
    let u = point(&shifted[..32]) + G * Scalar::from(5u8);
    shifted[..32].copy_from_slice(u.compress().as_bytes());
    let shifted = Capsule { label: a.label.clone(), header: Header::decode(&shifted).unwrap() };

    let other_ring = world_of::<countersign_seal::kind::Sealing>("register-2", &CLASSES).ring.id();
    let mut mixed = a.clone();
    mixed.header = b.header.clone();

    let batch = |capsules: &[&Capsule]| {
        let list: Vec<Value> = capsules.iter().map(|capsule| capsule_input(ring, capsule)).collect();
        json!({ "ring_id": ring, "seed": hex(&bytes("batch seed")), "capsules": list })
    };
    let one = Scalar::ONE;
    let shared = forge(ring, &a.label, &b.header, one, one);
    let predicted = forge(ring, &a.label, &b.header, Scalar::from(3u8), Scalar::from(7u8));
    vec![
        case("relabelled_capsule", "capsule", capsule_input(ring, &relabelled)),
        case("capsule_plus_delta", "capsule", capsule_input(ring, &shifted)),
        case("capsule_under_the_wrong_ring", "capsule", capsule_input(other_ring, &a)),
        case("header_of_another_record", "capsule", capsule_input(ring, &mixed)),
        case("batch_with_a_relabelled_capsule", "batch", batch(&[&a, &relabelled, &b])),
        case("batch_forged_for_one_weight_in_both_equations", "batch", batch(&[&a, &shared, &b])),
        case("batch_forged_for_predictable_weights", "batch", batch(&[&a, &predicted, &b])),
    ]
}

fn rings() -> Vec<Case> {
    let world = world();
    let ring = world.ring.document().value().clone();
    let signed = confirmations(&ring);
    let text = |ring: &countersign_seal::ring::Ring| serde_json::to_string(ring).unwrap();

    let mut stripped = ring.clone();
    stripped.dealer = false;
    // h_name = h_notes + y G for a known y: with one r for all classes, answers for "notes" would open "name".
    let mut rogue = ring.clone();
    let notes = point(&rogue.keys[2].key.0);
    rogue.keys[0].key = EncodedPoint((notes + G * Scalar::from(77u8)).compress().to_bytes());
    let mut foreign = signed.clone();
    foreign[3] = countersign_seal::ring::Confirmation::sign(ring.id(), 4, &identity(3));
    let mut mixed = ring.clone();
    mixed.keys[2].class = countersign_seal::kind::Slot::Attribute(Attribute::Email);
    let mut index = ring_input(&world, &signed, true);
    index["key_type"] = "index".into();

    let other = world_of::<countersign_seal::kind::Sealing>("register-2", &CLASSES);
    let mut of_another = epoch_input(&world);
    of_another["share_epoch"] = Exact::write(other.epoch).unwrap().text().into();
    let epoch = |change: &dyn Fn(&mut countersign_seal::ring::ShareEpoch)| {
        let mut value = world.epoch.clone();
        change(&mut value);
        let mut input = epoch_input(&world);
        input["share_epoch"] = Exact::write(value).unwrap().text().into();
        input
    };
    let index_world = world_of::<Index>("index-1", &[Attribute::Email]);
    vec![
        case("ring_of_a_dealer", "ring", ring_input(&world, &signed, false)),
        case("stripped_dealer_flag", "ring", ring_document_input(&text(&stripped), &signed, false)),
        case("class_key_without_proof_of_possession", "ring", ring_document_input(&text(&rogue), &signed, true)),
        case("ring_with_one_confirmation_missing", "ring", ring_input(&world, &signed[..4], true)),
        case("ring_with_a_confirmation_signed_by_another", "ring", ring_input(&world, &foreign, true)),
        case("ring_with_an_index_key_among_sealing_keys", "ring", ring_document_input(&text(&mixed), &signed, true)),
        case("oprf_under_a_sealing_ring", "ring", index),
        case("oprf_under_a_sealing_key", "index-share", json!({ "bytes": hex(&world.shares[0].encode()) })),
        case("partial_under_an_index_key", "sealing-share", json!({ "bytes": hex(&index_world.shares[0].encode()) })),
        case("share_epoch_of_another_ring", "share-epoch", of_another),
        case("share_epoch_with_a_wrong_share", "share-epoch", epoch(&|e| e.keys[1].shares.swap(1, 4))),
        case(
            "share_epoch_with_an_identity_share",
            "share-epoch",
            epoch(&|e| e.keys[0].shares[2] = EncodedPoint([0; 32])),
        ),
    ]
}

fn records() -> Vec<Case> {
    let world = world();
    let record = sealed(&world, 1).record;
    let bytes = record.encode();
    let mut tampered = bytes.clone();
    let last = tampered.len() - 1;
    tampered[last] ^= 1;
    // The custodian may also write a new label: then the header's proof fails.
    let mut entries = record.entries().to_vec();
    entries[1].ciphertext[0] ^= 1;
    let relabelled = with_entries(&record, entries);
    let mut short = record.entries().to_vec();
    short[0].ciphertext.pop();
    let label = relabel(record.label(), &short);
    let short = raw_record(&world, &label, record.capsule().header.bytes(), &short);
    vec![
        case("tampered_entry", "record", json!({ "bytes": hex(&tampered) })),
        case("tampered_entry_under_a_new_body_digest", "capsule", capsule_input(world.ring.id(), relabelled.capsule())),
        case("record_with_an_unpadded_entry", "record", json!({ "bytes": hex(&short) })),
    ]
}

fn envelopes() -> Vec<Case> {
    let world = world();
    let good = reply_input(&world);
    let changed = |field: &str, value: Value| {
        let mut input = good.clone();
        input[field] = value;
        input
    };
    let mut other_trustee = changed("trustee", 3.into());
    other_trustee["identity"] = hex(identity(3).public().bytes()).into();
    // A second reply of the same trustee under the same order has its own encapsulation: parts cannot be combined.
    let envelope = good["envelope"].as_str().unwrap();
    let second = second_reply(&world);
    let spliced = format!("{}{}", &second[..2 * 1120], &envelope[2 * 1120..]);
    let flipped = format!("{}{}", if envelope.starts_with('0') { "1" } else { "0" }, &envelope[1..]);
    vec![
        case("swapped_reply_of_another_trustee", "reply", other_trustee),
        case("swapped_reply_of_another_order", "reply", changed("order", hex(&bytes("another order")).into())),
        case("swapped_reply_of_another_share_epoch", "reply", changed("share_epoch", 2.into())),
        case("rogue_recipient_key", "reply", changed("recipient_seed", hex(transport(8).expose()).into())),
        case("constant_mask_over_one_order", "reply", changed("envelope", spliced.into())),
        case("reply_with_a_flipped_bit", "reply", changed("envelope", flipped.into())),
    ]
}

fn packages() -> Vec<Case> {
    let world = world();
    let record = sealed(&world, 1).record;
    let other = sealed(&world, 2).record;
    let both = ClassSet::new([Class::Name, Class::Address]);
    let honest = |index: usize| reply_of(&world, &world.shares[index], &record, &both);
    let package = |replies: &[(u16, Reply)]| open_input(&world, &record, &both, 1, &encode(replies));
    let all: Vec<(u16, Reply)> = (0..5).map(|index| (index as u16 + 1, honest(index))).collect();
    let with_second = |reply: Reply| {
        let mut list = all.clone();
        list[1].1 = reply;
        list
    };

    let mut lie = honest(1);
    lie.classes[1].z[0] = (point(&lie.classes[1].z[0]) + G).compress().to_bytes();
    let mut nothing = honest(1);
    nothing.classes[0].z[0] = [0; 32];
    let mut crossed = honest(1);
    let (left, right) = crossed.classes.split_at_mut(1);
    std::mem::swap(&mut left[0].z, &mut right[0].z);
    std::mem::swap(&mut left[0].proof, &mut right[0].proof);
    let elsewhere = reply_of(&world, &world.shares[1], &other, &both);
    let capsule = countersign_seal::header::check(world.ring.id(), record.capsule().clone()).unwrap();
    let asks = [Ask { capsule: &capsule, classes: &both }];
    let another_order = Digest(bytes("another order"));
    let mut reordered = all.clone();
    for (index, entry) in reordered.iter_mut().enumerate().take(2) {
        entry.1 = answer(&world.shares[index], &world.verifying, &another_order, &asks, &bytes("s")).unwrap();
    }
    // A wrong z makes the recipient look at the proofs, and proofs made for another order do not hold in this one.
    reordered[2].1 = lie.clone();

    let mut erased = package(&all[..3]);
    erased["records"][0]["sigmas"].as_object_mut().unwrap().remove("address");
    let mut wrong_sigma = package(&all[..3]);
    wrong_sigma["records"][0]["sigmas"]["name"] = "11".repeat(32).into();

    vec![
        case("two_shares_of_three", "open", package(&all[..2])),
        case("lying_trustee", "open", package(&with_second(lie.clone()))),
        case("lying_trustee_with_identity", "open", package(&with_second(nothing))),
        case("lying_trustee_and_only_two_others", "open", package(&with_second(lie)[..3])),
        case("partials_of_the_wrong_class", "open", package(&with_second(crossed))),
        case("partials_of_another_record_under_the_same_order", "open", package(&with_second(elsewhere))),
        case("partials_of_another_order", "open", package(&reordered)),
        case("mixed_share_epochs", "open", package(&with_second(refreshed_reply(&world, 1, &record, &both)))),
        case("erased_sigma", "open", erased),
        case("wrong_sigma", "open", wrong_sigma),
        case("wrong_commitment_with_valid_proofs", "open", dishonest(&world, |entry| entry.commitment[0] ^= 1)),
        case(
            "undecryptable_entry_with_the_right_commitment",
            "open",
            dishonest(&world, |entry| entry.ciphertext[0] ^= 1),
        ),
    ]
}

#[test]
fn a_failed_generator_and_a_new_ring_do_not_repeat_r() {
    let (first, second) = (world(), world_of("register-2", &CLASSES));
    let seal = |world: &World, client: u8, secret: u8, content: &[u8]| {
        let stuck = countersign_seal::sealer::Randomness { fresh: [0; 64], local: [0; 32] };
        let sealed = Sealer::new(&world.ring).seal(head(client), &[(Class::Name, content)], &sigma(secret), &stuck);
        let sealed = sealed.unwrap();
        let header = sealed.record.capsule().header.bytes();
        (header[..32].to_vec(), header[64..96].to_vec())
    };
    let base = seal(&first, 1, 1, NAME);
    assert_eq!(base, seal(&first, 1, 1, NAME));
    for other in
        [seal(&second, 1, 1, NAME), seal(&first, 2, 1, NAME), seal(&first, 1, 2, NAME), seal(&first, 1, 1, b"x")]
    {
        assert_ne!(base.0, other.0);
        assert_ne!(base.1, other.1);
    }
    assert_ne!(base.0, base.1, "r and s differ");
}

#[test]
fn every_element_of_the_header_challenge_is_bound() {
    let world = world();
    let good = sealed(&world, 1).record.capsule().clone();
    let label = good.label.encode();
    for at in (0..label.len()).filter(|at| !(80..84).contains(at) && !(94..97).contains(at)) {
        let mut changed = label.clone();
        changed[at] ^= 1;
        let capsule = Capsule { label: Label::decode(&changed).unwrap(), header: good.header.clone() };
        assert!(countersign_seal::header::check(world.ring.id(), capsule).is_err(), "label byte {at}");
    }
    for element in 0..4 {
        let mut changed = *good.header.bytes();
        let moved = point(&changed[element * 32..element * 32 + 32]) + G;
        changed[element * 32..element * 32 + 32].copy_from_slice(moved.compress().as_bytes());
        let capsule = Capsule { label: good.label.clone(), header: Header::decode(&changed).unwrap() };
        assert!(countersign_seal::header::check(world.ring.id(), capsule).is_err(), "element {element}");
    }
}

/// A capsule for B's u under A's label that satisfies a (f G - w - e u) + b (f Gbar - wbar - e ubar) = 0 for the given
/// weights, without knowing r.
fn forge(ring: Digest, label: &Label, of: &Header, a: Scalar, b: Scalar) -> Capsule {
    let gbar = gbar();
    let u = point(&of.bytes()[..32]);
    let (rho, k) = (Scalar::from(1234u16), Scalar::from(4321u16));
    let base = G * a + gbar * b;
    let ubar = (base * rho - u * a) * b.invert();
    let w = G * Scalar::from(99u8);
    let wbar = (base * k - w * a) * b.invert();
    let elements: Vec<[u8; 32]> = [u, ubar, w, wbar].iter().map(|point| point.compress().to_bytes()).collect();
    let mut parts: Vec<&[u8]> = vec![b"countersign/seal/v1/seal", ring.as_bytes()];
    let encoded = label.encode();
    parts.push(&encoded);
    parts.extend(elements.iter().map(|element| element.as_slice()));
    let mut hash = Sha512::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let wide: [u8; 64] = hash.finalize().into();
    let e = Scalar::from_bytes_mod_order_wide(&wide);
    let f = k + e * rho;
    let sum = (G * f - w - u * e) * a + (gbar * f - wbar - ubar * e) * b;
    assert_eq!(sum, G * Scalar::ZERO, "the forgery passes a check with these weights");
    let bytes = [elements.concat(), f.to_bytes().to_vec()].concat();
    Capsule { label: label.clone(), header: Header::decode(&bytes.try_into().unwrap()).unwrap() }
}

pub(crate) fn gbar() -> RistrettoPoint {
    let mut framed = 24u64.to_le_bytes().to_vec();
    framed.extend_from_slice(b"countersign/seal/v1/gbar\x01\0\0\0\0\0\0\0\x01");
    let wide: [u8; 64] = Sha512::digest(&framed).into();
    RistrettoPoint::from_uniform_bytes(&wide)
}

pub(crate) fn point(bytes: &[u8]) -> RistrettoPoint {
    CompressedRistretto::from_slice(bytes).unwrap().decompress().unwrap()
}

pub(crate) fn encode(replies: &[(u16, Reply)]) -> Vec<Value> {
    replies.iter().map(|(trustee, reply)| json!({ "trustee": trustee, "reply": hex(&reply.encode()) })).collect()
}

pub(crate) fn reply_of(world: &World, share: &SealingShare, record: &SealedRecord, classes: &ClassSet) -> Reply {
    let capsule = countersign_seal::header::check(world.ring.id(), record.capsule().clone()).unwrap();
    reply(world, share, &[Ask { capsule: &capsule, classes }])
}

/// The reply of a trustee whose share was refreshed: a polynomial with constant term zero was added.
fn refreshed_reply(world: &World, index: usize, record: &SealedRecord, classes: &ClassSet) -> Reply {
    let mut bytes = world.shares[index].encode().to_vec();
    let x = Scalar::from(index as u64 + 1);
    let delta = x * Scalar::from(11u8) + x * x * Scalar::from(13u8);
    for at in (41..bytes.len()).step_by(33) {
        let old: [u8; 32] = bytes[at + 1..at + 33].try_into().unwrap();
        let fresh = Scalar::from_canonical_bytes(old).unwrap() + delta;
        bytes[at + 1..at + 33].copy_from_slice(fresh.as_bytes());
    }
    reply_of(world, &SealingShare::decode(&bytes).unwrap(), record, classes)
}

fn second_reply(world: &World) -> String {
    use countersign_seal::partial::ReplyContext;
    let sealed = sealed(world, 2);
    let capsule = checked(world, &sealed);
    let answer = reply(world, &world.shares[1], &[Ask { capsule: &capsule, classes: &name_only() }]);
    let context = ReplyContext { order: order(), ring: world.ring.id(), trustee: 2, share_epoch: 1 };
    let recipient = transport(9).public().unwrap();
    hex(&countersign_seal::reply::seal(&answer, &context, &recipient, &identity(2), &mut rng("hpke 2")).unwrap())
}

fn body_digest(entries: &[SealedEntry]) -> Digest {
    use sha2::Sha512_256;
    let framed = |domain: &str, parts: &[&[u8]]| {
        let mut hash = Sha512_256::new();
        for part in std::iter::once(domain.as_bytes()).chain(parts.iter().copied()) {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        <[u8; 32]>::from(hash.finalize())
    };
    let hashes: Vec<[u8; 32]> = entries
        .iter()
        .map(|entry| {
            let class = [entry.class.number()];
            framed("countersign/seal/v1/entry-hash", &[&class, &entry.commitment, &entry.ciphertext])
        })
        .collect();
    let parts: Vec<&[u8]> = hashes.iter().map(|hash| hash.as_slice()).collect();
    Digest(framed("countersign/seal/v1/body", &parts))
}

fn relabel(label: &Label, entries: &[SealedEntry]) -> Label {
    Label::new(label.head().clone(), label.classes().clone(), body_digest(entries)).unwrap()
}

fn with_entries(record: &SealedRecord, entries: Vec<SealedEntry>) -> SealedRecord {
    let capsule = Capsule { label: relabel(record.label(), &entries), header: record.capsule().header.clone() };
    SealedRecord::new(record.ring(), capsule, entries).unwrap()
}

fn raw_record(world: &World, label: &Label, header: &[u8; 160], entries: &[SealedEntry]) -> Vec<u8> {
    let label = label.encode();
    let mut out = [&[1][..], world.ring.id().as_bytes(), &(label.len() as u16).to_le_bytes(), &label, header].concat();
    for entry in entries {
        out.extend_from_slice(&entry.commitment);
        out.extend_from_slice(&(entry.ciphertext.len() as u32).to_le_bytes());
        out.extend_from_slice(&entry.ciphertext);
    }
    out
}

/// A package whose custodian sealed dishonestly: the first entry is changed and the header made with a known r, so that
/// label, body digest and proof hold.
fn dishonest(world: &World, change: impl Fn(&mut SealedEntry)) -> Value {
    let honest = sealed(world, 1).record;
    let r = Scalar::from(31_337u32);
    let s = Scalar::from(271_828u32);
    let u = G * r;
    // Seal again by hand under the known r, so that the change is the only lie.
    let mut entries: Vec<SealedEntry> = Vec::new();
    let prefix_len = honest.label().encode().len() - 32;
    let prefix = honest.label().encode()[..prefix_len].to_vec();
    for (place, (class, content)) in [(Class::Name, NAME), (Class::Address, ADDRESS)].into_iter().enumerate() {
        let ring = world.ring.document().value();
        let key = point(&ring.keys[place].key.0);
        entries.push(hand_seal(
            world,
            class,
            &(key * r).compress().to_bytes(),
            u.compress().as_bytes(),
            &prefix,
            content,
        ));
    }
    change(&mut entries[0]);
    let label = relabel(honest.label(), &entries);
    let (ubar, w, wbar) = (gbar() * r, G * s, gbar() * s);
    let elements: Vec<[u8; 32]> = [u, ubar, w, wbar].iter().map(|point| point.compress().to_bytes()).collect();
    let encoded = label.encode();
    let mut hash = Sha512::new();
    let mut parts: Vec<&[u8]> = vec![b"countersign/seal/v1/seal", world.ring.document().value().ceremony.as_bytes()];
    let id = world.ring.id();
    parts[1] = id.as_bytes();
    parts.push(&encoded);
    parts.extend(elements.iter().map(|element| element.as_slice()));
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let wide: [u8; 64] = hash.finalize().into();
    let f = s + Scalar::from_bytes_mod_order_wide(&wide) * r;
    let header: [u8; 160] = [elements.concat(), f.to_bytes().to_vec()].concat().try_into().unwrap();
    let record = SealedRecord::decode(&raw_record(world, &label, &header, &entries)).unwrap();
    let both = ClassSet::new([Class::Name, Class::Address]);
    let replies: Vec<(u16, Reply)> =
        world.shares[..3].iter().map(|share| (share.trustee(), reply_of(world, share, &record, &both))).collect();
    open_input(world, &record, &both, 1, &encode(&replies))
}

/// Steps 3 and 4 of sealing, written a second time from the format's page.
fn hand_seal(
    world: &World,
    class: Class,
    shared: &[u8; 32],
    u: &[u8; 32],
    prefix: &[u8],
    content: &[u8],
) -> SealedEntry {
    use aes_gcm::aead::{Aead, KeyInit, Payload};
    let framed = |domain: &str, parts: &[&[u8]]| {
        let mut out = Vec::new();
        for part in std::iter::once(domain.as_bytes()).chain(parts.iter().copied()) {
            out.extend_from_slice(&(part.len() as u64).to_le_bytes());
            out.extend_from_slice(part);
        }
        out
    };
    let number = [class.number()];
    let id = world.ring.id();
    let sigma_class = sigma(1).of_class(class, u);
    let ikm = [&shared[..], sigma_class.expose()].concat();
    let mut both = [0u8; 64];
    hkdf::Hkdf::<Sha512>::new(Some(id.as_bytes()), &ikm)
        .expand(&framed("countersign/seal/v1/dek", &[&number, u, prefix]), &mut both)
        .unwrap();
    let mut mac = <hmac::Hmac<Sha512> as hmac::KeyInit>::new_from_slice(&both[..32]).unwrap();
    hmac::Mac::update(&mut mac, &[&framed("countersign/seal/v1/entry-key", &[])[..], &[1]].concat());
    let key: [u8; 64] = hmac::Mac::finalize(mac).into_bytes().into();
    let key: [u8; 32] = key[..32].try_into().unwrap();
    let mut plaintext = vec![0u8];
    plaintext.extend_from_slice(&(content.len() as u32).to_le_bytes());
    plaintext.extend_from_slice(content);
    plaintext.resize(64, 0);
    let aad = framed("countersign/seal/v1/entry", &[id.as_bytes(), &number, prefix]);
    let ciphertext = aes_gcm::Aes256Gcm::new(&key.into())
        .encrypt(&[0u8; 12].into(), Payload { msg: &plaintext, aad: &aad })
        .unwrap();
    SealedEntry { class, commitment: both[32..].try_into().unwrap(), ciphertext }
}
