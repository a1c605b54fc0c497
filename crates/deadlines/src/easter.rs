//! Easter Sunday of the western and of the eastern churches.

use jiff::civil::Date;

/// Western Easter of a year of the Gregorian calendar: Meeus, Jones and Butcher ("A New York correspondent", Nature, 20 April 1876).
pub(crate) fn western(year: i16) -> Option<Date> {
    let y = i32::from(year);
    let (golden, century, of_century) = (y % 19, y / 100, y % 100);
    let moon = (19 * golden + century - century / 4 - (century - (century + 8) / 25 + 1) / 3 + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (of_century / 4) - moon - of_century % 4) % 7;
    let late = (golden + 11 * moon + 22 * weekday) / 451;
    month_and_day(year, moon + weekday - 7 * late + 114, 0)
}

/// Easter of the churches that keep the Julian reckoning, as a day of the Gregorian calendar: Meeus, "Astronomical Algorithms", chapter 8.
/// The difference of the two calendars is 13 days from 1900 to 2099.
pub(crate) fn eastern(year: i16) -> Option<Date> {
    let y = i32::from(year);
    let moon = (19 * (y % 19) + 15) % 30;
    let weekday = (2 * (y % 4) + 4 * (y % 7) - moon + 34) % 7;
    if !(1900..=2099).contains(&y) {
        return None;
    }
    month_and_day(year, moon + weekday + 114, 13)
}

/// `sum` is 31 times the month plus the day less one, in the reckoning of both formulas.
fn month_and_day(year: i16, sum: i32, later: i64) -> Option<Date> {
    let (month, day) = (i8::try_from(sum / 31).ok()?, i8::try_from(sum % 31 + 1).ok()?);
    Date::new(year, month, day).ok()?.checked_add(jiff::Span::new().try_days(later).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Dates as churches publish them.
    #[test]
    fn known_years() {
        let known = [
            (2024, "2024-03-31", "2024-05-05"),
            (2025, "2025-04-20", "2025-04-20"),
            (2026, "2026-04-05", "2026-04-12"),
            (2027, "2027-03-28", "2027-05-02"),
            (2028, "2028-04-16", "2028-04-16"),
            (2029, "2029-04-01", "2029-04-08"),
            (2030, "2030-04-21", "2030-04-28"),
            (2035, "2035-03-25", "2035-04-29"),
            (2038, "2038-04-25", "2038-04-25"),
            (2000, "2000-04-23", "2000-04-30"),
            (1961, "1961-04-02", "1961-04-09"),
        ];
        for (year, west, east) in known {
            assert_eq!(western(year).unwrap().to_string(), west);
            assert_eq!(eastern(year).unwrap().to_string(), east);
        }
        assert_eq!(eastern(2100), None);
    }

    #[test]
    fn always_a_sunday_between_22_march_and_25_april() {
        for year in 1900..=2099 {
            let day = western(year).unwrap();
            assert_eq!(day.weekday(), jiff::civil::Weekday::Sunday);
            let (first, last) = (Date::new(year, 3, 22).unwrap(), Date::new(year, 4, 25).unwrap());
            assert!((first..=last).contains(&day), "{day}");
            assert_eq!(eastern(year).unwrap().weekday(), jiff::civil::Weekday::Sunday);
        }
    }
}
