//! Which issuers' listings bind this custodian: a policy in Cedar, asked once per listing.
//!
//! Its own small evaluation and not the crate `policy`: that one decides releases, is re-run by trustees and holds nothing it does not need
//! for that. The engine is the same. Whatever goes wrong is no recognition, so the alert goes to people.

use cedar_policy::{
    Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request, RestrictedExpression, Schema,
    ValidationMode, Validator,
};

use countersign_core::digest;

use crate::programme;
use crate::queue::Lane;
use crate::screen::Listing;

/// The policy that holds when a custodian has none of its own.
pub const DEFAULT: &str = include_str!("../../data/recognition.cedar");
const SCHEMA: &str = include_str!("../../data/recognition.cedarschema");
/// Longest policy, in bytes.
pub const MAX_BYTES: usize = 64 << 10;

/// Why a policy is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecognitionError {
    /// It is too long.
    #[error("the policy has {0} bytes; at most {MAX_BYTES} are read")]
    TooLong(usize),
    /// It is not of the language, or speaks of what is not there.
    #[error("the policy of recognition: {0}")]
    Policy(String),
}

/// A policy of recognition.
pub struct Recognition {
    policies: PolicySet,
    schema: Schema,
    digest: String,
}

impl Recognition {
    /// Reads a policy strictly.
    ///
    /// # Errors
    /// [`RecognitionError`], also when it names something that the schema does not have.
    pub fn parse(text: &str) -> Result<Self, RecognitionError> {
        if text.len() > MAX_BYTES {
            return Err(RecognitionError::TooLong(text.len()));
        }
        let told = |error: String| RecognitionError::Policy(error.replace('\n', " "));
        let (schema, _) = Schema::from_cedarschema_str(SCHEMA).map_err(|error| told(error.to_string()))?;
        let policies: PolicySet = text.parse().map_err(|error: cedar_policy::ParseErrors| told(error.to_string()))?;
        let checked = Validator::new(schema.clone()).validate(&policies, ValidationMode::Strict);
        if let Some(error) = checked.validation_errors().next() {
            return Err(told(error.to_string()));
        }
        Ok(Self { policies, schema, digest: digest::plain(text.as_bytes()).to_string() })
    }

    /// SHA-256 of its text.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The queue for listings of one entity, and why. `territories` are the client's, in small letters.
    pub fn lane(&self, listings: &[Listing], territories: &[String]) -> (Lane, String) {
        let independent = independent(listings);
        let mut reasons = Vec::new();
        for listing in listings {
            if listing.basis.needs_people() {
                reasons.push(format!("{} ({}) is for people to judge", listing.issuer, listing.programme));
                continue;
            }
            match self.recognises(listing, independent, territories) {
                Ok(true) => return (Lane::Recognised, format!("the listing of {} is recognised", listing.issuer)),
                Ok(false) => reasons.push(format!("the listing of {} is not recognised", listing.issuer)),
                Err(error) => reasons.push(format!("recognition of {} failed: {error}", listing.issuer)),
            }
        }
        reasons.dedup();
        let reason = if reasons.is_empty() { "no listing is stated".to_owned() } else { reasons.join("; ") };
        (Lane::People, reason)
    }

    /// The listings that bind this custodian, each by itself. One that only people may judge is none, and so is one whose recognition fails.
    pub fn binding<'a>(&self, listings: &'a [Listing], territories: &[String]) -> Vec<&'a Listing> {
        let independent = independent(listings);
        let binds = |listing: &&Listing| {
            !listing.basis.needs_people() && self.recognises(listing, independent, territories) == Ok(true)
        };
        listings.iter().filter(binds).collect()
    }

    fn recognises(&self, listing: &Listing, independent: usize, territories: &[String]) -> Result<bool, String> {
        let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
        let basis = serde_json::to_value(listing.basis).map_err(|error| error.to_string())?;
        let attributes = [
            ("issuer", text(&listing.issuer)),
            ("jurisdiction", text(programme::territory_of(&listing.issuer))),
            ("programme", text(&listing.programme)),
            ("basis", text(basis.as_str().unwrap_or_default())),
            ("independent_issuers", RestrictedExpression::new_long(i64::try_from(independent).unwrap_or(i64::MAX))),
            ("client_territories", RestrictedExpression::new_set(territories.iter().map(|one| text(one)))),
        ];
        let context = Context::from_pairs(attributes.map(|(name, value)| (name.to_owned(), value)))
            .map_err(|error| error.to_string())?;
        let uid = |uid: &str| uid.parse::<EntityUid>().map_err(|error| error.to_string());
        let request = Request::new(
            uid("Custodian::\"self\"")?,
            uid("Action::\"recognise\"")?,
            uid("Listing::\"asked\"")?,
            context,
            Some(&self.schema),
        )
        .map_err(|error| error.to_string())?;
        let answer = Authorizer::new().is_authorized(&request, &self.policies, &Entities::empty());
        if let Some(error) = answer.diagnostics().errors().next() {
            return Err(error.to_string());
        }
        Ok(answer.decision() == Decision::Allow)
    }
}

/// How many issuers list somebody by their own decision. What only people may judge supports nobody else's listing either: else an answer to
/// one issuer's sanctions would make that issuer's listing bind.
fn independent(listings: &[Listing]) -> usize {
    let deciding = listings.iter().filter(|listing| !listing.basis.needs_people());
    let issuers = deciding.map(|listing| listing.transposes.as_deref().unwrap_or(&listing.issuer));
    issuers.collect::<std::collections::BTreeSet<&str>>().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::designation::Basis;

    fn listing(issuer: &str, basis: Basis, transposes: Option<&str>) -> Listing {
        Listing {
            issuer: issuer.into(),
            programme: "P".into(),
            act: None,
            listed_on: None,
            basis,
            transposes: transposes.map(str::to_owned),
        }
    }

    fn lane(policy: &str, listings: &[Listing], territories: &[&str]) -> Lane {
        let territories: Vec<String> = territories.iter().map(|one| (*one).to_owned()).collect();
        Recognition::parse(policy).unwrap().lane(listings, &territories).0
    }

    #[test]
    fn the_default_policy() {
        use Basis::*;
        for (listings, expected) in [
            (vec![listing("zz_unsc", UnMandate, None)], Lane::Recognised),
            (vec![listing("eu_council", Autonomous, None)], Lane::Recognised),
            (vec![listing("us_ofac", Autonomous, None)], Lane::People),
            (vec![listing("us_ofac", Autonomous, None), listing("ca_gac", Autonomous, None)], Lane::Recognised),
            (vec![listing("us_ofac", Autonomous, None), listing("us_ofac", Autonomous, None)], Lane::People),
            (vec![listing("us_ofac", Autonomous, Some("x")), listing("ca_gac", Autonomous, Some("x"))], Lane::People),
            (vec![listing("cn_mfa", Counter, None)], Lane::People),
            (vec![listing("cn_mfa", Counter, None), listing("ru_mfa", Counter, None)], Lane::People),
            (vec![listing("cn_mfa", Counter, None), listing("us_ofac", Autonomous, None)], Lane::People),
            (vec![listing("us_ofac", Autonomous, None), listing("zz_icpo_interpol", RedNotice, None)], Lane::People),
            (vec![listing("us_ofac", Autonomous, None), listing("ae_ae", Criminal, None)], Lane::People),
            (vec![listing("cn_mfa", Autonomous, Some("ru_mfa")), listing("ru_mfa", Counter, None)], Lane::People),
            (vec![listing("zz_icpo_interpol", RedNotice, None)], Lane::People),
            (
                vec![listing("zz_icpo_interpol", RedNotice, None), listing("eu_council", Autonomous, None)],
                Lane::Recognised,
            ),
            (vec![listing("other_port_office", Autonomous, None)], Lane::People),
            (vec![], Lane::People),
        ] {
            assert_eq!(lane(DEFAULT, &listings, &[]), expected, "{listings:?}");
        }
    }

    #[test]
    fn a_listing_that_stands_beside_a_recognised_one_does_not_bind_by_that() {
        use Basis::*;
        let policy = Recognition::parse(DEFAULT).unwrap();
        let both = [listing("zz_unsc", UnMandate, None), listing("us_ofac", Autonomous, Some("zz_unsc"))];
        let issuers =
            |all: &[Listing]| policy.binding(all, &[]).iter().map(|one| one.issuer.clone()).collect::<Vec<_>>();
        assert_eq!(issuers(&both), ["zz_unsc"], "one issuer copied the other");
        assert_eq!(issuers(&[listing("us_ofac", Autonomous, None)]), [""; 0]);
        let answered = [listing("us_ofac", Autonomous, None), listing("cn_mfa", Counter, None)];
        assert_eq!(issuers(&answered), [""; 0], "an answer to a listing does not confirm it");
        assert_eq!(issuers(&[listing("cn_mfa", Counter, None)]), [""; 0]);
        assert_eq!(issuers(&[]), [""; 0]);
    }

    #[test]
    fn no_policy_recognises_what_people_judge() {
        let all = "permit(principal, action, resource);";
        assert_eq!(lane(all, &[listing("us_ofac", Basis::Autonomous, None)], &[]), Lane::Recognised);
        for basis in [Basis::Counter, Basis::Criminal, Basis::RedNotice] {
            assert_eq!(lane(all, &[listing("cn_mfa", basis, None)], &[]), Lane::People);
        }
    }

    #[test]
    fn a_policy_can_ask_for_the_client() {
        let policy = "permit(principal, action == Action::\"recognise\", resource) when { context.client_territories.contains(context.jurisdiction) };";
        let american = [listing("us_ofac", Basis::Autonomous, None)];
        assert_eq!(
            (lane(policy, &american, &["us"]), lane(policy, &american, &["de"])),
            (Lane::Recognised, Lane::People)
        );
    }

    #[test]
    fn what_the_schema_does_not_have_is_refused() {
        for text in [
            "permit(principal, action, resource) when { context.isuer == \"x\" };",
            "permit(principal, action, resource) when { context.independent_issuers == \"x\" };",
            "permit(principal",
            "permit(principal == Person::\"x\", action, resource);",
        ] {
            assert!(matches!(Recognition::parse(text), Err(RecognitionError::Policy(_))), "{text}");
        }
        assert!(matches!(Recognition::parse(&" ".repeat(MAX_BYTES + 1)), Err(RecognitionError::TooLong(_))));
        // An error while a policy runs is no recognition.
        let overflow =
            "permit(principal, action, resource) when { context.independent_issuers * 9223372036854775807 * 3 != 0 };";
        let two = [listing("us_ofac", Basis::Autonomous, None), listing("ca_gac", Basis::Autonomous, None)];
        assert_eq!(lane(overflow, &two, &[]), Lane::People);
    }
}
