//! `countersign change reach`: statements that run out, and whom which state reaches.

use crate::custody::Custody;
use anyhow::Result;
use clap::Args;
use countersign_core::control::Reach as Statement;
use countersign_core::country::Country;
use countersign_core::time::{DAY, Seconds};
use countersign_desk::reach::{ReachReport, StateReach};

#[derive(Args)]
pub(super) struct Reach {
    /// Only people whose statement runs out within so many days, or has run out.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(0..=90))]
    within: Option<u16>,
}

impl Reach {
    pub(super) fn run(self, custody: &Custody) -> Result<()> {
        let (report, now) = (custody.desk.reach(), custody.desk.now());
        let soon =
            |reach: &Statement| self.within.is_none_or(|days| reach.expires().since(now) <= Seconds::from(days) * DAY);
        let mut shown = 0;
        for person in report.people.iter().filter(|person| soon(&person.reach)) {
            shown += 1;
            let until = person.reach.expires();
            let fate = if person.current {
                format!("good until {until}")
            } else if person.reach.at > now {
                format!("dated {}, a time to come: counts as out of reach of no state", person.reach.at)
            } else {
                format!("ran out at {until}: counts as out of reach of no state until counsel states it anew")
            };
            println!("{}: can be compelled by {}; {fate}", person.id, list(&person.reach.states));
            if let Some((next, effective)) = &person.next {
                println!("  from {effective}: {}, good until {}", list(&next.states), next.expires());
            }
        }
        if shown == 0 {
            println!("no statement runs out that soon");
        }
        say_states(&report);
        Ok(())
    }
}

/// Which state reaches how many, and what is wrong with that.
pub(crate) fn say_states(report: &ReachReport) {
    for reach in &report.states {
        let bloc = if reach.own_bloc { "own bloc" } else { "outside the own bloc" };
        let StateReach { state, trustees, approvers, .. } = reach;
        let of = report.threshold.map_or_else(String::new, |threshold| format!(" ({threshold} open a record)"));
        let needed = report.change_approvals;
        println!("{state}, {bloc}: reaches trustees {trustees}{of}, approvers {approvers} ({needed} sign a change)");
        if reach.opens(report) {
            println!("  {state} alone can have records opened: deal the shares anew to trustees in other states");
        }
        if reach.could_change(report) {
            println!(
                "  {state} reaches as many approvers as a change needs; trustees still have to agree: add approvers elsewhere"
            );
        }
    }
}

fn list(states: &[Country]) -> String {
    states.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
