use crate::kit::{Bench, leaf, policy};
use countersign_core::id::Digest;
use countersign_core::time::{MINUTE, Timestamp};
use countersign_log::{Intent, IntentError, overdue};
use countersign_store::{EffectKey, NewLeaf, OpenEffect};
use countersign_tlog::leaf::{LeafId, seal_fields};
use countersign_tlog::policy::TimeWindow;
use rand_core::SeedableRng;

#[tokio::test]
async fn an_intent_comes_only_from_a_public_leaf() {
    let bench = Bench::new().await;
    let log = bench.open().await.unwrap();
    let sealed = |fields: &[(&str, serde_json::Value)], number: u64| {
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(number);
        let (bytes, disclosures) = seal_fields(LeafId([1; 16]), 6_000_000, fields, &mut rng).unwrap();
        let disclosures: Vec<String> = disclosures.iter().map(|one| one.as_str().to_owned()).collect();
        NewLeaf { leaf: bytes, kind: "intent".to_owned(), disclosures, ..leaf(number) }
    };
    let intent = sealed(&[("kind", "intent".into()), ("effect", "release".into()), ("subject", "ab12".into())], 1);
    let other = sealed(&[("kind", "order".into()), ("effect", "release".into()), ("subject", "ab12".into())], 2);
    bench.journal.enqueue(&[intent.clone(), other.clone()]).await.unwrap();
    log.sequence().await.unwrap();
    let durable = log.durable(&intent.key).await.unwrap();
    assert!(
        durable.verify(&intent.leaf, &policy(), TimeWindow::ANY).is_err(),
        "a durable proof passed as a public one"
    );
    log.publish().await.unwrap();
    let public = log.public(&intent.key).await.unwrap();
    let licence = Intent::from_public(&public, &intent.disclosures).unwrap();
    assert_eq!((licence.effect(), licence.subject(), licence.index()), ("release", "ab12", 0));
    assert!(matches!(Intent::from_public(&public, &intent.disclosures[..2]), Err(IntentError::NoIntent)));
    assert!(matches!(Intent::from_public(&public, &other.disclosures), Err(IntentError::Leaf(_))));
    let public = log.public(&other.key).await.unwrap();
    assert!(matches!(Intent::from_public(&public, &other.disclosures), Err(IntentError::NoIntent)));
}

#[test]
fn intents_without_outcome_are_listed_after_ten_minutes() {
    let start = Timestamp::from_unix(1_800_000_000).unwrap();
    let subject = Digest::parse(&"00".repeat(32)).unwrap();
    let open = OpenEffect { effect: EffectKey { kind: "release".to_owned(), subject }, at: start, intent: leaf(1).key };
    assert_eq!(overdue(vec![open.clone()], start.plus(10 * MINUTE)), []);
    assert_eq!(overdue(vec![open.clone()], start.plus(10 * MINUTE + 1)), [open]);
}
