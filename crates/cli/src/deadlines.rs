//! The clocks and the calendar a custodian counts by: its own files, or those built in.

use crate::files;
use crate::place::Place;
use anyhow::{Context, Result};
use countersign_core::country::Country;
use countersign_deadlines::{Calendar, Clocks};
use std::path::Path;

/// The custodian's own calendar, beside its configuration.
const CALENDAR: &str = "calendar.json";
/// The custodian's own clocks.
const CLOCKS: &str = "clocks.json";

/// What a custodian seated in `seat` counts by.
pub(crate) fn of_custodian(place: &Place, seat: Country) -> Result<(Clocks, Calendar)> {
    let (own_clocks, own_calendar) = (place.custodian().join(CLOCKS), place.custodian().join(CALENDAR));
    let clocks = clocks(own_clocks.exists().then_some(own_clocks.as_path()))?;
    let calendar = if own_calendar.exists() {
        calendar_file(&own_calendar)?
    } else {
        Calendar::of(seat).with_context(|| format!("or put one at {}", own_calendar.display()))?
    };
    Ok((clocks, calendar))
}

/// The clocks of a file, or the ones built in.
pub(crate) fn clocks(file: Option<&Path>) -> Result<Clocks> {
    match file {
        Some(file) => {
            let text = files::read_text(file, Clocks::MAX_LEN)?;
            Clocks::parse(text.as_bytes()).with_context(|| file.display().to_string())
        }
        None => Ok(Clocks::eea()?),
    }
}

/// The calendar of a file.
pub(crate) fn calendar_file(file: &Path) -> Result<Calendar> {
    let text = files::read_text(file, Calendar::MAX_LEN)?;
    Calendar::parse(text.as_bytes()).with_context(|| file.display().to_string())
}
