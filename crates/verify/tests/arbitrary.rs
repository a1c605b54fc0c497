//! No bytes make a reader panic, and what is read is written back byte for byte.

use crate::samples::samples;
use crate::world::*;
use countersign_core::approval::Approval;
use countersign_core::case::EventRecord;
use countersign_core::control::{Change, Genesis};
use countersign_core::directory::Directory;
use countersign_core::facts::Facts;
use countersign_core::json::{Document, Exact};
use countersign_core::order::Order;
use countersign_core::totals::DailyTotals;
use countersign_verify::evidence::{Files, verify_evidence};
use countersign_verify::manifest::Manifest;
use countersign_verify::trustee_log::TrusteeDay;
use countersign_verify::wire::{
    Answer, DelayOrder, Receipt, ReleaseRequest, Signed, TotalsAnswer, TotalsRequest, TrusteeLogKey,
};
use proptest::prelude::*;
use std::sync::OnceLock;

fn one<T: Document>(bytes: &[u8]) {
    if let Ok(document) = Exact::<T>::parse(bytes) {
        assert_eq!(document.bytes(), bytes);
    }
    let _ = Signed::<T>::open(bytes, &public("desk"));
}

fn every_format(bytes: &[u8]) {
    one::<Order>(bytes);
    one::<Approval>(bytes);
    one::<Facts>(bytes);
    one::<Directory>(bytes);
    one::<Genesis>(bytes);
    one::<Change>(bytes);
    one::<EventRecord>(bytes);
    one::<Manifest>(bytes);
    one::<DelayOrder>(bytes);
    one::<Receipt>(bytes);
    one::<Answer>(bytes);
    one::<ReleaseRequest>(bytes);
    one::<DailyTotals>(bytes);
    one::<TotalsRequest>(bytes);
    one::<TotalsAnswer>(bytes);
    one::<TrusteeLogKey>(bytes);
    one::<TrusteeDay>(bytes);
}

struct Good {
    world: World,
    request: String,
    evidence: Files,
}

// World is plain data; sharing it keeps the cases quick.
fn good() -> &'static Good {
    static GOOD: OnceLock<Good> = OnceLock::new();
    GOOD.get_or_init(|| {
        let mut world = World::new();
        let draft = world.draft();
        let case = world.publish(draft);
        let given: Vec<Given> = (1..=3).map(|trustee| world.give(&case, trustee)).collect();
        let request = Exact::write(case.request(1, world.now)).unwrap().text().to_owned();
        Good { evidence: world.evidence(&case, &given), request, world }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        every_format(&bytes);
        let _ = good().world.send_bytes(&bytes, 1);
    }

    /// A good document with some bytes changed, cut or doubled.
    #[test]
    fn damaged_documents(which in any::<prop::sample::Index>(), place in any::<prop::sample::Index>(),
                         byte in any::<u8>(), cut in 0..6usize, doubled in any::<bool>()) {
        static SAMPLES: OnceLock<Vec<(&'static str, String)>> = OnceLock::new();
        let samples = SAMPLES.get_or_init(samples);
        let mut bytes = which.get(samples).1.clone().into_bytes();
        let at = place.index(bytes.len());
        bytes[at] = byte;
        let end = (at + cut).min(bytes.len());
        let part: Vec<u8> = bytes.drain(at..end).collect();
        if doubled {
            bytes.splice(at..at, part.repeat(2));
        }
        every_format(&bytes);
    }

    /// The desk signs whatever is inside: every check behind the signature sees hostile content.
    #[test]
    fn damaged_requests_under_a_right_signature(places in proptest::collection::vec(any::<prop::sample::Index>(), 1..4),
                                                letter in "[0-9a-z\"\\\\{}:,]") {
        let good = good();
        let mut text = good.request.clone();
        for place in places {
            let at = place.index(text.len());
            if text.is_char_boundary(at) && text.is_char_boundary(at + 1) {
                text.replace_range(at..=at, &letter);
            }
        }
        if let Ok(request) = Exact::<ReleaseRequest>::parse(text.as_bytes()) {
            let changed = text != good.request;
            let outcome = good.world.send(request.value().clone());
            // `at` is the only member that nothing depends on.
            let only_time = Exact::<ReleaseRequest>::parse(good.request.as_bytes())
                .is_ok_and(|original| {
                    let mut same = original.value().clone();
                    same.at = request.value().at;
                    same == *request.value()
                });
            prop_assert!(outcome.is_err() || !changed || only_time, "{text}");
        }
    }

    /// Small folders of any files under names that mean something.
    #[test]
    fn any_folder(names in proptest::collection::vec(any::<prop::sample::Index>(), 0..12),
                  bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let good = &good().evidence;
        let paths: Vec<&String> = good.keys().collect();
        let mut files = good.clone();
        for name in names {
            files.insert((*name.get(&paths)).clone(), bytes.clone());
        }
        let _ = verify_evidence(&files, None);
        relist(&mut files);
        let _ = verify_evidence(&files, None);
    }
}
