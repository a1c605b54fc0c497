#![no_main]
//! Every document of `core`: what is read is written back byte for byte.

use countersign_core::approval::Approval;
use countersign_core::case::EventRecord;
use countersign_core::case::note::CounselNote;
use countersign_core::case::step::StepRecord;
use countersign_core::consent::Consent;
use countersign_core::check_in::CheckIn;
use countersign_core::control::{Change, Genesis};
use countersign_core::directory::Directory;
use countersign_core::duty::{Duty, Run};
use countersign_core::facts::Facts;
use countersign_core::json::{Document, Exact};
use countersign_core::list_update::ListUpdate;
use countersign_core::order::Order;
use countersign_core::reading::{Reading, ViewRecord};
use countersign_core::resealed::Resealed;
use countersign_core::restriction::{AppealDecision, Notice, NoticeReceipt, Plan, Planned, Record};
use countersign_core::totals::DailyTotals;
use countersign_core::worker::{Binding, Worker};
use libfuzzer_sys::fuzz_target;

fn one<T: Document>(bytes: &[u8]) {
    if let Ok(document) = Exact::<T>::parse(bytes) {
        assert_eq!(document.bytes(), bytes);
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((format, bytes)) = data.split_first() else { return };
    match format % 26 {
        0 => one::<Order>(bytes),
        1 => one::<Approval>(bytes),
        2 => one::<Facts>(bytes),
        3 => one::<Directory>(bytes),
        4 => one::<Genesis>(bytes),
        5 => one::<Change>(bytes),
        6 => one::<DailyTotals>(bytes),
        7 => one::<Reading>(bytes),
        8 => one::<Consent>(bytes),
        9 => one::<Worker>(bytes),
        10 => one::<Binding>(bytes),
        11 => one::<Duty>(bytes),
        12 => one::<Run>(bytes),
        13 => one::<Resealed>(bytes),
        14 => one::<ViewRecord>(bytes),
        15 => one::<StepRecord>(bytes),
        16 => one::<Plan>(bytes),
        17 => one::<Planned>(bytes),
        18 => one::<Record>(bytes),
        19 => one::<AppealDecision>(bytes),
        20 => one::<Notice>(bytes),
        21 => one::<NoticeReceipt>(bytes),
        22 => one::<CheckIn>(bytes),
        23 => one::<CounselNote>(bytes),
        24 => one::<ListUpdate>(bytes),
        _ => one::<EventRecord>(bytes),
    }
});
