use super::*;
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    one_in: u64,
    draws: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    receipt: Digest,
    threshold: u16,
    drawn: bool,
}

#[test]
fn receipts_draw_as_the_vectors_say() {
    let text = include_str!("../../../../../vectors/core/second-review.json");
    let vectors: Vectors = serde_json::from_str(text).unwrap();
    assert_eq!(vectors.one_in, ONE_IN);
    assert!(vectors.draws.iter().filter(|row| row.drawn).count() >= 4);
    assert!(vectors.draws.iter().filter(|row| !row.drawn).count() >= 8);
    for row in vectors.draws {
        assert_eq!(draws(&row.receipt, row.threshold), row.drawn, "{} of {}", row.receipt, row.threshold);
    }
}

/// Receipts of many cases, each of as many trustees as are needed.
fn drawn_cases(seed: u64, threshold: u16, cases: u64) -> u64 {
    let receipt = |case: u64, trustee: u16| {
        digest::parts("test", &[&seed.to_be_bytes(), &case.to_be_bytes(), &trustee.to_be_bytes()])
    };
    let drawn = |case: &u64| (0..threshold).any(|trustee| draws(&receipt(*case, trustee), threshold));
    (0..cases).filter(drawn).count() as u64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// 1 - (1 - 1/10t)^t lies between 0.095 and 0.1; of 4,000 cases that is 380 to 400, and six standard deviations are 114.
    #[test]
    fn the_share_of_cases_is_near_one_in_ten(seed: u64, threshold in 1u16..=7) {
        let found = drawn_cases(seed, threshold, 4_000);
        prop_assert!((380 - 114..=400 + 114).contains(&found), "{found} of 4000 with {threshold} trustees");
    }

    #[test]
    fn the_draw_is_a_function_of_the_receipt(receipt: [u8; 32], threshold: u16) {
        prop_assert_eq!(draws(&Digest(receipt), threshold), draws(&Digest(receipt), threshold));
        // What draws where more trustees are needed draws where a divisor of them is.
        if threshold % 2 == 0 && threshold > 0 && draws(&Digest(receipt), threshold) {
            prop_assert!(draws(&Digest(receipt), threshold / 2));
        }
    }
}
