use countersign_tlog::checkpoint::SignedCheckpoint;
use countersign_tlog::cosignature::cosign;
use countersign_tlog::note::KeyKind;
use countersign_tlog::policy::{Policy, PolicyErrorKind, PolicyFailure, Severity, TimeWindow};
use countersign_tlog::proof::{LogProof, ProofError, verify_proof};
use proptest::prelude::*;

use crate::kit;

const T: u64 = 1_800_000_000;

#[test]
fn a_proof_verifies_with_a_quorum() {
    let file = kit::proof(77, 1_000, &[T, T + 5, T + 1]).to_string();
    let included =
        verify_proof(&kit::leaf(77), file.as_bytes(), &kit::policy(), TimeWindow::recent(T + 60, 3_600)).unwrap();
    assert_eq!((included.index, included.size, included.origin.as_str()), (77, 1_000, kit::ORIGIN));
    let cosigners: Vec<_> = included.witnessed.cosigners.iter().map(|one| (one.name.as_str(), one.timestamp)).collect();
    assert_eq!(cosigners, [("w1", T), ("w2", T + 5), ("w3", T + 1)]);
    assert_eq!(included.witnessed.quorum_time, T + 1);
    let mut proof = LogProof::parse(file.as_bytes()).unwrap();
    assert_eq!(proof.to_string(), file);
    proof.extra = Some(b"context".to_vec());
    assert_eq!(LogProof::parse(proof.to_string().as_bytes()).unwrap(), proof);
}

#[test]
fn a_proof_fails_for_each_reason() {
    let window = TimeWindow::recent(T, 3_600);
    let good = kit::proof(3, 7, &[T, T, T]);
    let check = |proof: &LogProof, leaf: u64| proof.verify(&kit::leaf(leaf), &kit::policy(), window);
    check(&good, 3).unwrap();
    assert!(matches!(check(&good, 4), Err(ProofError::Merkle(_))));
    assert!(matches!(check(&LogProof { index: 4, ..good.clone() }, 3), Err(ProofError::Merkle(_))));
    assert!(matches!(check(&LogProof { hashes: vec![], ..good.clone() }, 3), Err(ProofError::Merkle(_))));
    for (times, outside) in [(vec![T], 0), (vec![T, T - 3_601], 1), (vec![T, T + 121], 1), (vec![], 0)] {
        let error = check(&kit::proof(3, 7, &times), 3).unwrap_err();
        assert!(
            matches!(error, ProofError::Policy(PolicyFailure::Quorum { outside: o, .. }) if o == outside),
            "{error}"
        );
    }
    check(&kit::proof(3, 7, &[T - 3_600, T + 120]), 3).unwrap();
    let mut unsigned = good.clone();
    unsigned.checkpoint.retain(|line| !line.is_by(kit::log_key().verifier()));
    assert!(matches!(check(&unsigned, 3), Err(ProofError::Policy(PolicyFailure::Log(_)))));
    let stranger = Policy::parse(
        kit::policy_text(2)
            .replace(
                &kit::log_key().verifier().to_string(),
                &kit::key("stranger.example", KeyKind::Ed25519, 9).verifier().to_string(),
            )
            .as_bytes(),
    )
    .unwrap();
    assert!(matches!(
        good.verify(&kit::leaf(3), &stranger, window),
        Err(ProofError::Policy(PolicyFailure::UnknownLog(_)))
    ));
}

#[test]
fn bad_proof_files_are_refused() {
    let good = kit::proof(3, 7, &[T, T]).to_string();
    let hash = good.lines().nth(2).unwrap();
    for bad in [
        "",
        &good[1..],
        &good.replace("@v1", "@v2"),
        &good.replace("index 3", "index 03"),
        &good.replace("index 3\n", ""),
        &good.replace("index 3", "extra !\nindex 3"),
        &good.replace("index 3", "index 3\nextra AA=="),
        &good.replace("index 3", "extra AA==\nextra AA==\nindex 3"),
        &good.replace(hash, &hash[1..]),
        &good.replace(hash, ""),
        &good.replace("index 3\n", &format!("index 3\n{}", format!("{hash}\n").repeat(61))),
        &good.replace('\n', "\r\n"),
        &good[..good.len() - 1],
        &format!("{good}\n"),
    ] {
        assert!(LogProof::parse(bad.as_bytes()).is_err(), "{bad}");
    }
}

#[test]
fn policies_of_groups() {
    let w: Vec<String> = (1..=6).map(|n| kit::witness(n).verifier().to_string()).collect();
    let text = format!(
        "# two houses\n\tlog {} https://log.example/ \n\nwitness X1 {}\nwitness X2 {}\nwitness X3 {}\ngroup X 2 X1 X2 X3\n\
         witness Y1 {}\nwitness Y2 {}\ngroup Y any Y1 Y2\ngroup both all X Y\nquorum both\n",
        kit::log_key().verifier(),
        w[0],
        w[1],
        w[2],
        w[3],
        w[4],
    );
    let policy = Policy::parse(text.as_bytes()).unwrap();
    assert_eq!(policy.logs()[0].url.as_deref(), Some("https://log.example/"));
    assert!(policy.check(&kit::cosigned(3, &[T, T, T]), TimeWindow::ANY).is_err());
    assert!(policy.check(&kit::cosigned(3, &[T, T, T, T + 9]), TimeWindow::ANY).is_ok());
    // X alone makes any two quorums meet, although Y does not.
    assert_eq!(policy.refused(), None);
    assert!(policy.lint().iter().any(|finding| finding.severity == Severity::Warning && finding.text.contains("both")));
}

#[test]
fn the_linter_refuses_quorums_that_can_be_split() {
    assert_eq!(kit::policy().lint(), []);
    assert!(Policy::parse(kit::policy_text(1).as_bytes()).unwrap().refused().unwrap().contains("ask for at least 2"));
    assert_eq!(Policy::parse(kit::policy_text(3).as_bytes()).unwrap().refused(), None);
    let none = kit::policy_text(2).replace("quorum all-w", "quorum none");
    assert!(Policy::parse(none.as_bytes()).unwrap().refused().unwrap().contains("none"));
    let single = kit::policy_text(2).replace("quorum all-w", "quorum w1");
    let findings = Policy::parse(single.as_bytes()).unwrap().lint();
    assert_eq!(findings.iter().filter(|finding| finding.text.contains("does not count")).count(), 2);
}

#[test]
fn bad_policies_name_their_line() {
    use PolicyErrorKind as K;
    let good = kit::policy_text(2);
    let w1 = kit::witness(1).verifier().to_string();
    type Expected = fn(&K) -> bool;
    let cases: Vec<(String, usize, Expected)> = vec![
        (String::new(), 0, |k| matches!(k, K::QuorumLine)),
        (good.replace("quorum all-w\n", ""), 0, |k| matches!(k, K::QuorumLine)),
        (format!("{good}quorum w1\n"), 7, |k| matches!(k, K::QuorumLine)),
        (good.trim_end().to_owned(), 0, |k| matches!(k, K::Octets)),
        (good.replace("log ", "log\r "), 1, |k| matches!(k, K::Octets)),
        (good.replace("log ", "log \u{b}"), 1, |k| matches!(k, K::Octets)),
        (good.replace("log ", "logs "), 1, |k| matches!(k, K::Form)),
        (good.replace("quorum all-w", "quorum all-w w1"), 6, |k| matches!(k, K::Form)),
        (good.replace("group all-w 2 w1 w2 w3", "group all-w 2"), 5, |k| matches!(k, K::Form)),
        (good.replace("2 w1", "0 w1"), 5, |k| matches!(k, K::Threshold)),
        (good.replace("2 w1", "4 w1"), 5, |k| matches!(k, K::Threshold)),
        (good.replace("2 w1", "02 w1"), 5, |k| matches!(k, K::Threshold)),
        (good.replace("w1 w2 w3", "w1 w2 w2"), 5, |k| matches!(k, K::MemberTwice(_))),
        (good.replace("w1 w2 w3", "w1 w2 none"), 5, |k| matches!(k, K::UnknownName(_))),
        (good.replace("w1 w2 w3", "w1 w2 all-w"), 5, |k| matches!(k, K::UnknownName(_))),
        (good.replace("quorum all-w", "quorum x"), 6, |k| matches!(k, K::UnknownName(_))),
        (good.replace("witness w2", "witness w1"), 3, |k| matches!(k, K::DuplicateName(_))),
        (good.replace("witness w2", "witness none"), 3, |k| matches!(k, K::DuplicateName(_))),
        (format!("{good}witness w9 {w1}\n"), 7, |k| matches!(k, K::DuplicateKey)),
        (good.replace(&w1, &kit::key("a", KeyKind::CosignatureV1, 1).verifier().to_string()), 2, |k| {
            matches!(k, K::DuplicateKey)
        }),
        (good.replace(&w1, &kit::key("a", KeyKind::Ed25519, 99).verifier().to_string()), 2, |k| {
            matches!(k, K::KeyKind)
        }),
        (good.replace(&w1, "x"), 2, |k| matches!(k, K::Key(_))),
        (format!("{}{good}", "#\n".repeat(200_000)), 0, |k| matches!(k, K::TooLarge)),
    ];
    for (text, line, kind) in cases {
        let error = Policy::parse(text.as_bytes()).unwrap_err();
        assert!(error.line == line && kind(&error.kind), "{error}: {}", text.chars().take(400).collect::<String>());
    }
}

#[test]
fn names_are_octets() {
    let text =
        [kit::policy_text(2).replace("quorum all-w\n", "").as_bytes(), b"group \xff all all-w\nquorum \xff\n# \xfe\n"]
            .concat();
    Policy::parse(&text).unwrap().check(&kit::cosigned(3, &[T, T]), TimeWindow::ANY).unwrap();
}

#[test]
fn names_that_are_not_utf8_stay_different() {
    let text = kit::policy_text(2);
    let named = [("w1", b"\xff".as_slice()), ("w2", b"\xfe"), ("w3", b"\xef\xbf\xbd")];
    let mut bytes = Vec::new();
    for line in text.lines() {
        for (at, word) in line.split(' ').enumerate() {
            let octets = named.iter().find(|(name, _)| *name == word).map_or(word.as_bytes(), |(_, octets)| octets);
            bytes.extend_from_slice(if at == 0 { b"" } else { b" " });
            bytes.extend_from_slice(octets);
        }
        bytes.push(b'\n');
    }
    let policy = Policy::parse(&bytes).unwrap();
    let names: Vec<&str> = policy.witnesses().iter().map(|witness| witness.name.as_str()).collect();
    assert_eq!(names, ["octets ff", "octets fe", "\u{fffd}"]);
    for alone in &names {
        assert!(!policy.is_quorum([*alone, *alone]), "{alone}");
    }
    assert!(policy.is_quorum(names[..2].iter().copied()));
}

#[test]
fn all_witnesses_of_the_largest_policy_fit_under_a_checkpoint() {
    let keys: Vec<_> =
        (0..64).map(|number| kit::key(&format!("w{number}.example"), KeyKind::CosignatureV1, 100 + number)).collect();
    let mut text = format!("log {}\n", kit::log_key().verifier());
    let mut signed = kit::checkpoint(3);
    for (number, key) in keys.iter().enumerate() {
        text += &format!("witness w{number} {}\n", key.verifier());
        signed.add(cosign(&signed, key, T).unwrap()).unwrap();
    }
    let members: String = (0..64).map(|number| format!(" w{number}")).collect();
    let policy = Policy::parse(format!("{text}group g all{members}\nquorum g\n").as_bytes()).unwrap();
    let read = SignedCheckpoint::parse(signed.to_string().as_bytes()).unwrap();
    assert_eq!(policy.check(&read, TimeWindow::ANY).unwrap().cosigners.len(), 64);
}

/// A policy of at most seven witnesses in nested groups: each step takes some of what is left over into a group.
fn nested() -> impl Strategy<Value = String> {
    let steps = proptest::collection::vec((1_usize..4, any::<proptest::sample::Index>()), 1..5);
    (1_usize..8, steps).prop_map(|(witnesses, steps)| {
        let mut text = format!("log {}\n", kit::log_key().verifier());
        let mut left: Vec<String> = (1..=witnesses).map(|number| format!("w{number}")).collect();
        for (number, name) in (1..).zip(&left) {
            text += &format!("witness {name} {}\n", kit::witness(number).verifier());
        }
        for (number, (members, threshold)) in steps.into_iter().enumerate() {
            let members: Vec<String> = left.drain(..members.min(left.len())).collect();
            text += &format!("group g{number} {} {}\n", threshold.index(members.len()) + 1, members.join(" "));
            left.push(format!("g{number}"));
        }
        format!("{text}quorum {}\n", left.last().unwrap())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_linter_refuses_exactly_the_quorums_that_two_disjoint_sets_satisfy(text in nested()) {
        let policy = Policy::parse(text.as_bytes()).unwrap();
        let names: Vec<&str> = policy.witnesses().iter().map(|witness| witness.name.as_str()).collect();
        let of = |set: u32| names.iter().enumerate().filter(move |(at, _)| set >> at & 1 == 1).map(|(_, name)| *name);
        let all = (1 << names.len()) - 1;
        // A set and everything outside it: if two disjoint sets satisfy the quorum, then so do two that share out all.
        let split = (0..=all).any(|set| policy.is_quorum(of(set)) && policy.is_quorum(of(all & !set)));
        prop_assert_eq!(policy.refused().is_some(), split, "{}", text);
    }
}
