use countersign_tlog::follow::{FollowError, Follower};
use countersign_tlog::policy::TimeWindow;

use crate::kit;
use crate::tiles::written;

const ANY: TimeWindow = TimeWindow::ANY;

#[test]
fn a_follower_reads_everything_in_steps() {
    let mut folder = written(&[300, 500, 1]);
    let (mut follower, mut seen) = (Follower::new(), Vec::new());
    for size in [300, 800, 801] {
        let signed = kit::cosigned(size, &[5, 6]);
        while follower.size() < size {
            let step = follower.step(&signed, &kit::policy(), ANY, &mut folder, 170).unwrap();
            assert_eq!((step.first, step.checkpoint_size), (follower.size(), size));
            seen.extend(step.leaves);
            follower = step.next;
        }
        assert!(follower.step(&signed, &kit::policy(), ANY, &mut folder, 9).unwrap().leaves.is_empty());
    }
    assert_eq!(seen, (0..801).map(kit::leaf).collect::<Vec<_>>());
}

#[test]
fn a_follower_refuses_forks_old_copies_and_lone_logs() {
    let mut folder = written(&[300, 5]);
    let follower =
        Follower::new().step(&kit::cosigned(300, &[5, 6]), &kit::policy(), ANY, &mut folder, 1_000).unwrap().next;
    let older = follower.step(&kit::cosigned(299, &[5, 6]), &kit::policy(), ANY, &mut folder, 9);
    assert!(matches!(older, Err(FollowError::Older { found: 299, verified: 300 })));
    let alone = follower.step(&kit::cosigned(305, &[5]), &kit::policy(), ANY, &mut folder, 9);
    assert!(matches!(alone, Err(FollowError::Policy(_))));

    // Another history of the same size, signed and cosigned all the same.
    let mut other = Follower::new();
    let signed = kit::cosigned(305, &[5, 6]);
    let mut changed = folder.clone();
    let bundle = changed.0.get_mut("tile/entries/000").unwrap();
    bundle[3] ^= 1;
    assert!(matches!(other.step(&signed, &kit::policy(), ANY, &mut changed, 1_000), Err(FollowError::Fork { .. })));
    assert!(matches!(other.step(&signed, &kit::policy(), ANY, &mut changed, 7), Err(FollowError::Fork { .. })));
    other = Follower::at({
        let mut frontier = countersign_tlog::merkle::Frontier::new();
        (1..301).for_each(|index| assert!(frontier.push_leaf(&kit::leaf(index)).is_ok()));
        frontier
    });
    assert!(matches!(other.step(&signed, &kit::policy(), ANY, &mut folder, 1_000), Err(FollowError::Fork { .. })));
    changed.0.clear();
    assert!(matches!(follower.step(&signed, &kit::policy(), ANY, &mut changed, 1_000), Err(FollowError::Tile(_))));
}

#[test]
fn a_second_follower_catches_up_with_a_tree_verified_before() {
    let mut folder = written(&[300, 500]);
    let head = kit::cosigned(800, &[5, 6]).checkpoint().clone();
    let (mut follower, mut seen) = (Follower::new(), Vec::new());
    while follower.size() < head.size {
        let caught_up = follower.catch_up(head.size, head.root, &mut folder, 170).unwrap();
        seen.extend(caught_up.leaves);
        follower = caught_up.next;
    }
    assert_eq!(seen, (0..800).map(kit::leaf).collect::<Vec<_>>());
    assert_eq!(follower.frontier().root(), head.root);
    let older = follower.catch_up(799, head.root, &mut folder, 9);
    assert!(matches!(older, Err(FollowError::Older { found: 799, verified: 800 })));
    // Entries of another history, and a tree that is not the one that was verified.
    let follower = Follower::new();
    let mut changed = folder.clone();
    changed.0.get_mut("tile/entries/000").unwrap()[3] ^= 1;
    for most in [1, 170, 1_000] {
        let refused = follower.catch_up(head.size, head.root, &mut changed, most);
        assert!(matches!(refused, Err(FollowError::Fork { .. })), "{most}");
    }
    let other = kit::cosigned(300, &[5, 6]).checkpoint().root;
    assert!(matches!(follower.catch_up(800, other, &mut folder, 170), Err(FollowError::Fork { .. })));
    folder.0.clear();
    assert!(matches!(follower.catch_up(800, head.root, &mut folder, 9), Err(FollowError::Tile(_))));
}
