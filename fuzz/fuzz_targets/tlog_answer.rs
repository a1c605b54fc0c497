#![no_main]
//! What a witness answers: nothing but its own line over this checkpoint is taken, a size has one spelling.
use countersign_tlog::checkpoint::SignedCheckpoint;
use countersign_tlog::note::VerifierKey;
use countersign_tlog::witness::{parse_conflict, parse_cosignature, verify_latest};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

// The log, the witness and the checkpoint of vectors/tlog/witness-answers.json.
static LOG: LazyLock<VerifierKey> = LazyLock::new(|| {
    VerifierKey::parse("log.example/xa+4110c06f+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c").expect("a key")
});
static WITNESS: LazyLock<VerifierKey> = LazyLock::new(|| {
    VerifierKey::parse("witness.example/w1+efcd800c+BGa+fjMsekUzMr2dCn99sFX1xe8aBq2mbZizn7aBDEc6").expect("a key")
});
static CHECKPOINT: LazyLock<SignedCheckpoint> = LazyLock::new(|| {
    SignedCheckpoint::parse(
        "log.example/xa\n5\nNBUVmC1lDiNSDb1U1/zwr6G3DMOhakEdRk3JwayWwwE=\n\n— log.example/xa QRDAb+AkCLrRVluHpIhs8zVs0rjLauYD2GGvpg6XXTFJOq4pf0i1oZDycR/vGHFHqtmt9llfeZ9z7+ygB3eETzHmowE=\n"
            .as_bytes(),
    )
    .expect("a checkpoint")
});

fuzz_target!(|data: &[u8]| {
    if let Ok(line) = parse_cosignature(data, &CHECKPOINT, &WITNESS) {
        assert!(line.is_by(&WITNESS));
        assert!(std::str::from_utf8(data).expect("it was read").contains(&line.to_string()));
    }
    if let Ok(size) = parse_conflict(data) {
        assert_eq!(format!("{size}\n").as_bytes(), data);
    }
    if let Ok(latest) = verify_latest(data, &LOG, &WITNESS) {
        assert_eq!(latest.to_string().as_bytes(), data);
    }
});
