//! A disk that is full, and is not any more.

use super::journal::Care;
use super::machine::{Done, Fault, Machine};
use super::oracle::survives;
use super::world::World;
use crate::kit::{leaf, leaves};
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The disk is full from one call on, for a time; every such call is tried.
#[tokio::test]
async fn full_from_any_call_on_then_freed() {
    let mut from = 0;
    loop {
        let machine = Machine::default();
        let world = World::start(&machine, Care::ALL).await.unwrap();
        world.accept(&leaves(0..255)).await.unwrap();
        world.flush().await.unwrap();
        (from..from + 200).for_each(|call| machine.plan(call, Fault::Fails(ErrorKind::StorageFull, Done::Half)));
        let mut failed = 0;
        for step in [255, 256] {
            let accepted = world.accept(&[leaf(step)]).await;
            let flushed = world.flush().await;
            for error in [accepted.err(), flushed.err()].into_iter().flatten() {
                assert!(!error.is_final(), "full from call {from}: {error}");
                failed += 1;
            }
        }
        machine.calm();
        world.accept(&[leaf(255), leaf(256)]).await.unwrap();
        world.flush().await.unwrap_or_else(|error| panic!("full from call {from}: {error}"));
        assert_eq!(world.log.published().unwrap().checkpoint().size, 257);
        survives(machine.disk(), &machine.facts()).await.unwrap_or_else(|reason| panic!("full from {from}: {reason}"));
        if failed == 0 {
            break;
        }
        from += 1;
    }
    assert!(from > 40, "{from} calls");
}

#[tokio::test]
async fn a_running_log_goes_on_when_there_is_room_again() {
    let machine = Machine::default();
    let world = World::start(&machine, Care::ALL).await.unwrap();
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(Arc::clone(&world.log).run(stopped));
    world.accept(&leaves(0..3)).await.unwrap();
    world.log.public(&leaf(2).key).await.unwrap();
    world.accept(&leaves(3..5)).await.unwrap();
    // Nothing of the log has run in between: accepting does not wait for anything.
    machine.fill(true);
    assert!(world.accept(&[leaf(5)]).await.is_err());
    let wait = tokio::time::timeout(Duration::from_millis(500), world.log.durable(&leaf(4).key)).await;
    assert!(wait.is_err(), "signed on a full disk");
    machine.fill(false);
    world.accept(&[leaf(5)]).await.unwrap();
    world.log.public(&leaf(5).key).await.unwrap();
    stop.send(true).unwrap();
    running.await.unwrap().unwrap();
}
