//! Two sequencers on one journal, one folder and the same witnesses: whatever the order of their steps, one goes on, and nothing is lost.

use super::journal::Care;
use super::machine::Machine;
use super::oracle::survives;
use super::world::World;
use crate::kit::leaf;
use countersign_log::LogError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Sequence,
    Publish,
}
use Act::{Publish, Sequence};

/// What each of the two does, in this order.
const EACH: [Act; 4] = [Sequence, Publish, Sequence, Publish];

/// Every order in which two writers can take their steps: `true` is the second one's turn.
fn orders() -> Vec<Vec<bool>> {
    let both = 2 * EACH.len();
    let turns = (0..1_u32 << both).map(|bits| (0..both).map(|step| bits >> step & 1 == 1).collect::<Vec<bool>>());
    turns.filter(|turns| turns.iter().filter(|second| **second).count() == EACH.len()).collect()
}

async fn act(world: &World, act: Act) -> Result<(), LogError> {
    match act {
        Sequence => world.log.sequence().await.map(|_| ()),
        Publish => world.publish().await,
    }
}

#[tokio::test]
async fn of_two_writers_one_goes_on_in_every_order_of_their_steps() {
    let orders = orders();
    assert_eq!(orders.len(), 70);
    for order in orders {
        let machine = Machine::default();
        let before = World::start(&machine, Care::ALL).await.unwrap();
        before.accept(&[leaf(100)]).await.unwrap();
        before.flush().await.unwrap();
        // One journal, as two processes see one database: the second opens what the first has open.
        let second = World::beside(&before).await.unwrap();
        let writers = [before, second];
        let mut next = [0, 0];
        let mut ended = [None, None];
        for (number, turn) in (0..).zip(&order) {
            // There is always something new to sign.
            writers[0].accept(&[leaf(number)]).await.unwrap();
            let who = usize::from(*turn);
            if let Err(error) = act(&writers[who], EACH[next[who]]).await {
                assert!(error.is_final(), "{order:?}: {error}");
                ended[who] = Some(error);
            }
            next[who] += 1;
        }
        for (writer, ended) in writers.iter().zip(&ended) {
            let state = writer.log.progress().borrow().stopped.clone();
            assert_eq!(state.is_some(), ended.is_some(), "{order:?}");
        }
        assert_eq!(ended.iter().flatten().count(), 1, "{order:?}: {ended:?}");
        writers[0].accept(&[leaf(50)]).await.unwrap();
        let mut going = 0;
        for writer in &writers {
            going += usize::from(writer.flush().await.is_ok());
        }
        assert_eq!(going, 1, "{order:?}");
        survives(machine.disk(), &machine.facts()).await.unwrap_or_else(|reason| panic!("{order:?}: {reason}"));
    }
}
