//! The part of a request after `?`.

use countersign_core::time::Date;

use crate::screen::DEFAULT_THRESHOLD;
use crate::served::Refusal;

/// Longest part after `?`, in bytes.
const MAX_BYTES: usize = 8 << 10;
/// Results of a match when nothing is said.
const MATCHES: usize = 5;
/// Results of a search when nothing is said.
const FOUND: usize = 10;
/// Most results.
const MAX_RESULTS: usize = 500;
/// Furthest a search can be turned over.
const MAX_OFFSET: usize = 9_499;
/// Most ids that can be left out.
const MAX_EXCLUDED: usize = 50;

/// What a request asks for beside its queries.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    /// Most results.
    pub limit: usize,
    /// Results before these are left out (search only).
    pub offset: usize,
    /// From which score a result says `match`.
    pub threshold: f32,
    /// From which score there is a result; never above the threshold.
    pub cutoff: f32,
    /// What is searched for.
    pub q: String,
    /// Only entities that are of this schema (search only).
    pub schema: Option<String>,
    /// Only these sources.
    pub include_dataset: Vec<String>,
    /// Not these sources.
    pub exclude_dataset: Vec<String>,
    /// Not these schemas.
    pub exclude_schema: Vec<String>,
    /// Only entities with one of these topics.
    pub topics: Vec<String>,
    /// Only entities tied to one of these territories, small letters (search only).
    pub countries: Vec<String>,
    /// Only entities of which something changed on or after this day.
    pub changed_since: Option<Date>,
    /// Not these entities.
    pub exclude_entity_ids: Vec<String>,
}

impl Parameters {
    /// Reads the parameters of a match.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for what is out of range or unreadable.
    pub fn of_match(query: &str) -> Result<Self, Refusal> {
        Self::read(query, MATCHES)
    }

    /// Reads the parameters of a search.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for what is out of range or unreadable.
    pub fn of_search(query: &str) -> Result<Self, Refusal> {
        Self::read(query, FOUND)
    }

    fn read(query: &str, limit: usize) -> Result<Self, Refusal> {
        if query.len() > MAX_BYTES {
            return Err(Refusal::Invalid(format!("the part after `?` has {} bytes, at most {MAX_BYTES}", query.len())));
        }
        let mut found = Self {
            limit,
            offset: 0,
            threshold: DEFAULT_THRESHOLD,
            cutoff: f32::INFINITY,
            q: String::new(),
            schema: None,
            include_dataset: Vec::new(),
            exclude_dataset: Vec::new(),
            exclude_schema: Vec::new(),
            topics: Vec::new(),
            countries: Vec::new(),
            changed_since: None,
            exclude_entity_ids: Vec::new(),
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = |text: &str| {
                decode(text)
                    .ok_or_else(|| Refusal::Invalid("the part after `?` is not UTF-8 in percent form".to_owned()))
            };
            let (name, value) = (decoded(name)?, decoded(value)?);
            match name.as_str() {
                "limit" => found.limit = number(&name, &value, MAX_RESULTS)?,
                "offset" => found.offset = number(&name, &value, MAX_OFFSET)?,
                "threshold" => found.threshold = score(&name, &value)?,
                "cutoff" => found.cutoff = score(&name, &value)?,
                "q" => found.q = value,
                "schema" => found.schema = Some(value),
                "include_dataset" | "datasets" => found.include_dataset.push(value),
                "exclude_dataset" => found.exclude_dataset.push(value),
                "exclude_schema" => found.exclude_schema.push(value),
                "topics" => found.topics.push(value),
                "countries" => found.countries.push(value.to_ascii_lowercase()),
                "changed_since" => {
                    let day = value.get(..10).unwrap_or(&value);
                    found.changed_since = Some(
                        Date::parse(day)
                            .map_err(|_| Refusal::Invalid("`changed_since` is no day: write 2026-11-22".to_owned()))?,
                    );
                }
                "exclude_entity_ids" => {
                    found.exclude_entity_ids.push(value);
                    if found.exclude_entity_ids.len() > MAX_EXCLUDED {
                        return Err(Refusal::Invalid(format!("at most {MAX_EXCLUDED} `exclude_entity_ids`")));
                    }
                }
                // Further parameters of yente choose among its algorithms and ways of searching; there is one of each here.
                _ => {}
            }
        }
        found.cutoff = found.cutoff.min(found.threshold);
        Ok(found)
    }
}

fn number(name: &str, value: &str, most: usize) -> Result<usize, Refusal> {
    value
        .parse()
        .ok()
        .filter(|number| *number <= most)
        .ok_or_else(|| Refusal::Invalid(format!("`{name}` has to be a number from 0 to {most}")))
}

fn score(name: &str, value: &str) -> Result<f32, Refusal> {
    value
        .parse()
        .ok()
        .filter(|score| (0.0..=1.0).contains(score))
        .ok_or_else(|| Refusal::Invalid(format!("`{name}` has to be a number from 0 to 1")))
}

/// `application/x-www-form-urlencoded` (WHATWG URL), strictly UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                u8::try_from(digit(rest.next()?)? * 16 + digit(rest.next()?)?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_and_bounded() {
        let found = Parameters::of_match(
            "limit=7&threshold=0.8&cutoff=0.5&exclude_schema=Vessel&exclude_schema=Airplane&fuzzy=true",
        )
        .unwrap();
        assert_eq!((found.limit, found.threshold, found.cutoff), (7, 0.8, 0.5));
        assert_eq!(found.exclude_schema, ["Vessel", "Airplane"]);
        let nothing = Parameters::of_match("").unwrap();
        assert_eq!((nothing.limit, nothing.threshold, nothing.cutoff), (5, DEFAULT_THRESHOLD, DEFAULT_THRESHOLD));
        assert_eq!(Parameters::of_match("threshold=0.4&cutoff=0.9").unwrap().cutoff, 0.4);
        let q = Parameters::of_search("q=%D0%98%D0%BB%D1%8C%D1%8F+Zemlinov&changed_since=2026-11-01").unwrap();
        assert_eq!((q.q.as_str(), q.limit), ("Илья Zemlinov", 10));
        for bad in [
            "limit=501",
            "limit=-1",
            "limit=x",
            "threshold=1.1",
            "threshold=NaN",
            "cutoff=inf",
            "q=%ff",
            "q=%4",
            "q=%zz",
            "changed_since=yesterday",
            "offset=10000",
        ] {
            assert!(Parameters::of_match(bad).is_err(), "{bad}");
        }
        assert!(Parameters::of_match(&"a".repeat(MAX_BYTES + 1)).is_err());
        assert!(Parameters::of_match(&"exclude_entity_ids=x&".repeat(MAX_EXCLUDED + 1)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "\\PC{0,60}") {
            let _ = Parameters::of_search(&text);
        }
    }
}
