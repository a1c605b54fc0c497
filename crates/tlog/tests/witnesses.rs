use countersign_tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use countersign_tlog::cosignature::cosign;
use countersign_tlog::merkle::consistency_proof;
use countersign_tlog::note::{KeyKind, KeyName, Note, SigningKey, VerifierKey};
use countersign_tlog::witness::{
    AddCheckpoint, Refusal, cosignature_body, decide, monitoring_path, parse_conflict, parse_cosignature, verify_latest,
};
use countersign_tlog::{Hash, empty_root};

use crate::kit;

fn request(old: u64, new: u64) -> AddCheckpoint {
    AddCheckpoint {
        old_size: old,
        proof: consistency_proof(old, new, &mut kit::tree(new)).unwrap(),
        checkpoint: kit::checkpoint(new),
    }
}

fn logs() -> Vec<VerifierKey> {
    vec![kit::log_key().verifier().clone()]
}

fn status(request: &AddCheckpoint, latest: Option<&SignedCheckpoint>) -> Result<SignedCheckpoint, (u16, String)> {
    decide(request, &logs(), |_| latest).map_err(|refusal| {
        let response = refusal.response();
        (response.status, response.body)
    })
}

#[test]
fn a_witness_follows_a_log() {
    let first = status(&request(0, 5), None).unwrap();
    let second = status(&request(5, 9), Some(&first)).unwrap();
    let same = status(&request(9, 9), Some(&second)).unwrap();
    assert_eq!(same.checkpoint().size, 9);
    let empty = status(&request(0, 0), None).unwrap();
    status(&request(0, 4), Some(&empty)).unwrap();
}

#[test]
fn unknown_signatures_are_not_kept() {
    let mut request = request(0, 5);
    request.checkpoint.add(cosign(&kit::checkpoint(5), &kit::witness(2), 7).unwrap()).unwrap();
    let request = AddCheckpoint::parse(request.to_body().as_bytes()).unwrap();
    assert_eq!(status(&request, None).unwrap(), kit::checkpoint(5));
}

#[test]
fn each_refusal_has_its_status() {
    let latest = kit::checkpoint(5);
    assert_eq!(status(&request(3, 9), Some(&latest)).unwrap_err(), (409, "5\n".to_owned()));
    assert_eq!(status(&request(0, 9), Some(&latest)).unwrap_err().0, 409);
    assert_eq!(status(&request(5, 9), None).unwrap_err(), (409, "0\n".to_owned()));
    assert_eq!(status(&AddCheckpoint { old_size: 10, ..request(5, 9) }, Some(&latest)).unwrap_err().0, 400);
    assert_eq!(status(&AddCheckpoint { proof: vec![], ..request(5, 9) }, Some(&latest)).unwrap_err().0, 422);
    assert_eq!(status(&AddCheckpoint { proof: vec![Hash([0; 32])], ..request(0, 9) }, None).unwrap_err().0, 422);
    assert_eq!(
        status(&AddCheckpoint { proof: vec![Hash([0; 32])], ..request(5, 5) }, Some(&latest)).unwrap_err().0,
        422
    );

    let sign = |size, root| Checkpoint { origin: KeyName::new(kit::ORIGIN).unwrap(), size, root };
    let fork = sign(5, Hash([1; 32])).sign(&kit::log_key()).unwrap();
    assert_eq!(status(&AddCheckpoint { checkpoint: fork, ..request(5, 5) }, Some(&latest)).unwrap_err().0, 422);
    let hollow = Note::sign(&sign(0, Hash([1; 32])).to_string(), &[&kit::log_key()]).unwrap();
    let hollow = SignedCheckpoint::parse(hollow.to_string().as_bytes()).unwrap();
    assert_eq!(status(&AddCheckpoint { checkpoint: hollow, ..request(0, 0) }, None).unwrap_err().0, 422);

    let other = kit::key("other.example", KeyKind::Ed25519, 8);
    let stranger =
        Checkpoint { origin: other.verifier().name().clone(), size: 0, root: empty_root() }.sign(&other).unwrap();
    assert_eq!(status(&AddCheckpoint { checkpoint: stranger, ..request(0, 0) }, None).unwrap_err().0, 404);
    let impostor = kit::key(kit::ORIGIN, KeyKind::Ed25519, 8);
    let forged = kit::checkpoint(9).checkpoint().sign(&impostor).unwrap();
    assert_eq!(status(&AddCheckpoint { checkpoint: forged, ..request(5, 9) }, Some(&latest)).unwrap_err().0, 403);
    let mut damaged = request(5, 9);
    let mut line = damaged.checkpoint.note().signatures()[0].clone();
    line.signature[3] ^= 1;
    damaged.checkpoint.retain(|_| false);
    damaged.checkpoint.add(line).unwrap();
    assert_eq!(status(&damaged, Some(&latest)).unwrap_err().0, 403);
}

#[test]
fn requests_round_trip_and_bad_ones_are_400() {
    let good = request(5, 9);
    let body = good.to_body();
    assert_eq!(AddCheckpoint::parse(body.as_bytes()).unwrap(), good);
    let hash = good.proof[0].to_string();
    for bad in [
        "",
        "old 5\n",
        &body.replace("old 5", "old 05"),
        &body.replace("old 5", "old -5"),
        &body.replace("old 5", "new 5"),
        &body.replace("old 5", "old  5"),
        &body.replace("old 5\n", ""),
        &body.replace(&hash, "x"),
        &body.replace(&format!("{hash}\n"), &format!("{hash}\n").repeat(64)),
        &body.replace('\n', "\r\n"),
        &body[..body.len() - 1],
        &body.replace("\n\n", "\n"),
        &"x".repeat(200_000),
    ] {
        assert!(matches!(AddCheckpoint::parse(bad.as_bytes()), Err(Refusal::BadRequest(_))), "{bad}");
    }
}

#[test]
fn answers_are_read_back() {
    let signed = kit::checkpoint(5);
    let (w1, w2) = (kit::witness(1), kit::witness(2));
    let lines = [cosign(&signed, &w2, 9).unwrap(), cosign(&signed, &w1, 8).unwrap()];
    let body = cosignature_body(&lines);
    let read = |body: &str, signed: &SignedCheckpoint, witness: &SigningKey| {
        parse_cosignature(body.as_bytes(), signed, witness.verifier())
    };
    assert_eq!(read(&body, &signed, &w1).unwrap(), lines[1]);
    assert!(read(&body, &kit::checkpoint(6), &w1).is_err());
    assert!(read(&body, &signed, &kit::witness(3)).is_err());
    assert!(read("", &signed, &w1).is_err());
    let times = [5, 7, 6].map(|time| cosign(&signed, &w1, time).unwrap());
    assert_eq!(read(&cosignature_body(&times), &signed, &w1).unwrap(), times[1]);
    assert!(read(&body.repeat(51), &signed, &w1).is_err());
    assert_eq!(parse_conflict(b"12\n").unwrap(), 12);
    for bad in ["", "12", "012\n", "x\n", "12\n\n"] {
        assert!(parse_conflict(bad.as_bytes()).is_err());
    }
    let cosigned = kit::cosigned(5, &[4]).to_string();
    verify_latest(cosigned.as_bytes(), &logs()[0], w1.verifier()).unwrap();
    assert!(verify_latest(cosigned.as_bytes(), &logs()[0], w2.verifier()).is_err());
    assert_eq!(monitoring_path("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad/checkpoint");
}
