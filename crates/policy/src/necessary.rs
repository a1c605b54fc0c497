//! What must hold of a request for a policy to do anything, read off its condition.
//!
//! Cedar evaluates a condition from the left and stops as soon as it is decided. So a condition that begins with
//! `context.lane == Lane::"court" &&` is false in every other lane, whatever follows, and cannot err there. This module
//! finds such tests; `shelves` leaves a policy out of a question when one of them fails, because a policy whose
//! condition is false without an error changes neither the decision nor its reasons nor its errors (Cedar: Policy
//! Language Reference, "Authorization").
//!
//! INVARIANT: if a clause fails, the condition is false and did not err. Anything not understood gives no clause.

use cedar_policy::EvalResult;
use serde_json::Value;

/// What a condition reads: a variable and the names of attributes after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) variable: String,
    pub(crate) attributes: Vec<String>,
    /// Not the value itself, but whether it is, or belongs to, this entity: type and id.
    pub(crate) belongs_to: Option<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Literal {
    Word { kind: String, id: String },
    Number(i64),
    Flag(bool),
}

/// The value of a path is among these literals, or is not.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Test {
    path: Path,
    literals: Vec<Literal>,
    among: bool,
}

/// At least one of these tests holds.
type Clause = Vec<Test>;

/// More than this is not worth the look.
const MOST_CLAUSES: usize = 16;
const MOST_TESTS: usize = 8;

/// The condition of a policy in Cedar's JSON form, if it has exactly one `when` and nothing else.
pub(crate) fn condition(structure: &Value) -> Option<&Value> {
    match structure.get("conditions")?.as_array()?.as_slice() {
        [only] if only.get("kind")?.as_str()? == "when" => only.get("body"),
        _ => None,
    }
}

/// Clauses of which a failing one makes `expression` the opposite of `holds`, without an error.
fn clauses(expression: &Value, holds: bool) -> Vec<Clause> {
    let Some((operator, operands)) = single(expression) else { return Vec::new() };
    let sides = || Some((operands.get("left")?, operands.get("right")?));
    match (operator, holds) {
        // Decided by the left side alone; by the right side if the left cannot err.
        ("&&", true) | ("||", false) => {
            let Some((left, right)) = sides() else { return Vec::new() };
            let mut found = clauses(left, holds);
            if cannot_err(left) {
                found.extend(clauses(right, holds));
            }
            found.truncate(MOST_CLAUSES);
            found
        }
        // Decided only by both sides: each clause of the one with each of the other.
        ("||", true) | ("&&", false) => {
            let Some((left, right)) = sides() else { return Vec::new() };
            let right = clauses(right, holds);
            clauses(left, holds)
                .iter()
                .flat_map(|one| right.iter().map(move |other| one.iter().chain(other).cloned().collect::<Clause>()))
                .filter(|clause| clause.len() <= MOST_TESTS)
                .take(MOST_CLAUSES)
                .collect()
        }
        ("!", _) => operands.get("arg").map_or_else(Vec::new, |inner| clauses(inner, !holds)),
        ("==" | "!=", _) => {
            let test = sides().and_then(|(left, right)| {
                let (path, value) = path(left).map(|path| (path, right)).or_else(|| Some((path(right)?, left)))?;
                Some(Test { path, literals: vec![literal(value)?], among: (operator == "==") == holds })
            });
            test.map(|test| vec![vec![test]]).unwrap_or_default()
        }
        ("contains", _) => {
            let test = sides().and_then(|(set, member)| {
                let (operator, members) = single(set)?;
                let members = members.as_array().filter(|_| operator == "Set")?;
                let literals = members.iter().map(literal).collect::<Option<Vec<_>>>()?;
                Some(Test { path: path(member)?, literals, among: holds })
            });
            test.map(|test| vec![vec![test]]).unwrap_or_default()
        }
        ("in", _) => {
            sides().and_then(|(left, right)| belongs(left, right)).map(|path| flag(path, holds)).unwrap_or_default()
        }
        // Validated, so a truth value where one is wanted.
        (".", _) => path(expression).map(|path| flag(path, holds)).unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn flag(path: Path, holds: bool) -> Vec<Clause> {
    vec![vec![Test { path, literals: vec![Literal::Flag(holds)], among: true }]]
}

fn belongs(entity: &Value, group: &Value) -> Option<Path> {
    let Literal::Word { kind, id } = literal(group)? else { return None };
    Some(Path { belongs_to: Some((kind, id)), ..path(entity)? })
}

/// Whether an expression that validates evaluates without an error on every request and entity slice that validate.
///
/// What is left to err is arithmetic, extension functions and tags; attributes exist, because the slice is complete and
/// the validator wants a `has` before an optional one.
fn cannot_err(expression: &Value) -> bool {
    let Some((operator, operands)) = single(expression) else { return false };
    let part = |name: &str| operands.get(name).is_some_and(cannot_err);
    match operator {
        "Var" | "Value" => true,
        "Set" => operands.as_array().is_some_and(|members| members.iter().all(cannot_err)),
        "." | "has" => part("left"),
        "!" | "isEmpty" => operands.get("arg").is_some_and(cannot_err),
        "&&" | "||" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "contains" | "containsAll" | "containsAny" => {
            part("left") && part("right")
        }
        _ => false,
    }
}

fn single(expression: &Value) -> Option<(&str, &Value)> {
    let object = expression.as_object().filter(|object| object.len() == 1)?;
    object.iter().next().map(|(operator, operands)| (operator.as_str(), operands))
}

fn path(expression: &Value) -> Option<Path> {
    let (operator, operands) = single(expression)?;
    match operator {
        "Var" => Some(Path { variable: operands.as_str()?.to_owned(), attributes: Vec::new(), belongs_to: None }),
        "." => {
            let mut path = path(operands.get("left")?)?;
            path.attributes.push(operands.get("attr")?.as_str()?.to_owned());
            Some(path)
        }
        _ => None,
    }
}

fn literal(expression: &Value) -> Option<Literal> {
    let (operator, value) = single(expression)?;
    if operator != "Value" {
        return None;
    }
    match value {
        Value::Bool(flag) => Some(Literal::Flag(*flag)),
        Value::Number(number) => number.as_i64().map(Literal::Number),
        Value::Object(_) => {
            let (name, entity) = single(value)?;
            let part = |name: &str| Some(entity.get(name)?.as_str()?.to_owned());
            (name == "__entity").then(|| Some(Literal::Word { kind: part("type")?, id: part("id")? }))?
        }
        _ => None,
    }
}

impl Literal {
    fn is(&self, value: &EvalResult) -> bool {
        match (self, value) {
            (Self::Word { kind, id }, EvalResult::EntityUid(uid)) => {
                uid.id().unescaped() == id && uid.type_name().to_string() == *kind
            }
            (Self::Number(number), EvalResult::Long(value)) => number == value,
            (Self::Flag(flag), EvalResult::Bool(value)) => flag == value,
            _ => false,
        }
    }
}

/// The paths of all clauses, each with the literals it is compared with; a value is known by the place of its literal.
#[derive(Debug, Default)]
pub(crate) struct Paths(Vec<(Path, Vec<Literal>)>);

/// What is known of the paths: bit of the literal that a path's value equals, or [`OTHER`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Known(Vec<Option<u64>>);

/// A value that no clause mentions.
const OTHER: u64 = 1 << 63;

/// A test in bits.
#[derive(Debug, Clone)]
struct Bits {
    path: usize,
    allowed: u64,
    /// It names the values that are wanted, or most of those that are not.
    narrow: bool,
}

/// What must hold for a policy to do anything: of each clause one test.
#[derive(Debug, Clone, Default)]
pub(crate) struct Necessary(Vec<Vec<Bits>>);

impl Paths {
    /// Reads off a condition what must hold.
    pub(crate) fn necessary(&mut self, condition: &Value) -> Necessary {
        let found = clauses(condition, true);
        let compiled =
            found.iter().filter_map(|clause| clause.iter().map(|test| self.bits(test)).collect::<Option<Vec<_>>>());
        Necessary(compiled.collect())
    }

    fn bits(&mut self, test: &Test) -> Option<Bits> {
        let path = self.0.iter().position(|(path, _)| *path == test.path).unwrap_or(self.0.len());
        if path == self.0.len() {
            self.0.push((test.path.clone(), Vec::new()));
        }
        let (_, known) = self.0.get_mut(path)?;
        let mut mentioned = 0;
        for literal in &test.literals {
            let at = known.iter().position(|other| other == literal).unwrap_or(known.len());
            if at == known.len() {
                known.push(literal.clone());
            }
            // More literals than bits: the clause is given up.
            mentioned |= u32::try_from(at).ok().filter(|at| *at < 63).map(|at| 1_u64 << at)?;
        }
        let allowed = if test.among { mentioned } else { !mentioned };
        Some(Bits { path, allowed, narrow: test.among || test.literals.len() > 2 })
    }

    /// What is known of a request: `value` gives what a path has there.
    pub(crate) fn known(&self, value: impl Fn(&Path) -> Option<EvalResult>) -> Known {
        let bit = |(path, literals): &(Path, Vec<Literal>)| {
            let value = value(path)?;
            let at = literals.iter().position(|literal| literal.is(&value));
            Some(at.and_then(|at| u32::try_from(at).ok()).map_or(OTHER, |at| 1_u64.checked_shl(at).unwrap_or(OTHER)))
        };
        Known(self.0.iter().map(bit).collect())
    }
}

impl Known {
    /// The same, with what else is known.
    pub(crate) fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(one, other)| one.or(*other)).collect())
    }
}

impl Bits {
    fn holds(&self, known: &Known) -> Option<bool> {
        known.0.get(self.path).copied().flatten().map(|bit| self.allowed & bit != 0)
    }
}

impl Necessary {
    /// Whether what is known excludes the policy.
    pub(crate) fn fails(&self, known: &Known) -> bool {
        self.0.iter().any(|clause| clause.iter().all(|test| test.holds(known) == Some(false)))
    }

    /// Whether some clause fails of most requests.
    pub(crate) fn narrow(&self) -> bool {
        self.0.iter().any(|clause| clause.iter().all(|test| test.narrow))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cedar_policy::Policy;

    fn found(condition: &str) -> Vec<String> {
        let text = format!("permit (principal, action, resource) when {{ {condition} }};");
        let structure = Policy::parse(None, text).unwrap().to_json().unwrap();
        let shown = |literal: &Literal| match literal {
            Literal::Word { id, .. } => id.clone(),
            Literal::Number(number) => number.to_string(),
            Literal::Flag(flag) => flag.to_string(),
        };
        let test = |test: &Test| {
            let literals: Vec<String> = test.literals.iter().map(shown).collect();
            let sign = if test.among { "in" } else { "out" };
            let group = test.path.belongs_to.as_ref().map(|(_, id)| format!(" of {id}")).unwrap_or_default();
            format!("{}{group} {sign} {}", test.path.attributes.join("."), literals.join("|"))
        };
        let clauses = clauses(super::condition(&structure).unwrap(), true);
        clauses.iter().map(|clause| clause.iter().map(test).collect::<Vec<_>>().join(" or ")).collect()
    }

    #[test]
    fn what_must_hold_is_read_off_a_condition() {
        for (condition, expected) in [
            (r#"context.lane == L::"a" && context.x > 3"#, vec!["lane in a"]),
            (r#"context.x > 3 && context.lane == L::"a""#, vec!["lane in a"]),
            (r#"L::"a" != context.lane"#, vec!["lane out a"]),
            (r#"!(resource.a.kind == K::"b") || context.y"#, vec!["a.kind out b or y in true"]),
            (r#"!(context.x || context.lane == L::"a")"#, vec!["x in false", "lane out a"]),
            (r#"!(context.x && context.lane == L::"a")"#, vec!["x in false or lane out a"]),
            (r#"[L::"a", L::"b"].contains(context.lane) && resource.n == 0"#, vec!["lane in a|b", "n in 0"]),
            (r#"![L::"a"].contains(context.lane)"#, vec!["lane out a"]),
            (r#"resource.state in L::"a""#, vec!["state of a in true"]),
            (r#"!(resource.state in L::"a") && context.x"#, vec!["state of a in false", "x in true"]),
            // Nothing can be said of these.
            (r#"context.s.contains(L::"a")"#, vec![]),
            (r#"context.x > 3 || context.lane == L::"a""#, vec![]),
            (r#"resource in context.group"#, vec![]),
            (r#"resource in [L::"a"]"#, vec![]),
            (r#"context.lane == context.other"#, vec![]),
            ("true", vec![]),
        ] {
            assert_eq!(found(condition), expected, "{condition}");
        }
    }

    /// A test behind something that may err says nothing: the policy errs before it is reached.
    #[test]
    fn what_stands_behind_a_possible_error_does_not_count() {
        let none: Vec<String> = Vec::new();
        assert_eq!(found(r#"context.n * 2 > 3 && context.lane == L::"a""#), none);
        assert_eq!(found(r#"!(context.n + 2 > 3 || context.lane == L::"a")"#), none);
        assert_eq!(found(r#"decimal("1.0") == decimal("1.0") && context.x"#), none);
        assert_eq!(found(r#"(if context.n - 1 > 2 then context.a else context.b) && context.x"#), none);
        // Before it, it does: what follows is not evaluated.
        assert_eq!(found(r#"context.lane == L::"a" && context.n * 2 > 3"#), ["lane in a"]);
        // Of two sides of which one may err, neither decides alone.
        assert_eq!(found(r#"context.x || context.n * 2 > 3"#), none);
    }

    #[test]
    fn unknown_values_exclude_nothing() {
        let text = r#"permit (principal, action, resource) when { context.lane == L::"a" && context.x };"#;
        let structure = Policy::parse(None, text).unwrap().to_json().unwrap();
        let mut paths = Paths::default();
        let needs = paths.necessary(super::condition(&structure).unwrap());
        let known = |lane: Option<&str>, flag: Option<bool>| {
            paths.known(|path| match path.attributes.first().map(String::as_str) {
                Some("lane") => lane.map(|id| EvalResult::EntityUid(format!("L::\"{id}\"").parse().unwrap())),
                _ => flag.map(EvalResult::Bool),
            })
        };
        for (lane, flag, fails) in [
            (None, None, false),
            (Some("a"), None, false),
            (Some("b"), None, true),
            (None, Some(false), true),
            (Some("a"), Some(true), false),
        ] {
            assert_eq!(needs.fails(&known(lane, flag)), fails, "{lane:?} {flag:?}");
        }
        // A value of another type is another value.
        let number = paths.known(|_| Some(EvalResult::Long(1)));
        assert!(needs.fails(&number));
        assert!(needs.narrow());
    }

    #[test]
    fn more_literals_than_bits_give_up_the_clause() {
        let many: Vec<String> = (0..70).map(|n| format!("context.n != {n}")).collect();
        let text = format!("permit (principal, action, resource) when {{ {} }};", many.join(" && "));
        let structure = Policy::parse(None, text).unwrap().to_json().unwrap();
        let mut paths = Paths::default();
        let needs = paths.necessary(super::condition(&structure).unwrap());
        assert!(!needs.0.is_empty() && needs.0.len() <= MOST_CLAUSES);
        let set: Vec<String> = (100..190).map(|n| n.to_string()).collect();
        let text = format!("permit (principal, action, resource) when {{ [{}].contains(context.n) }};", set.join(", "));
        let structure = Policy::parse(None, text).unwrap().to_json().unwrap();
        assert!(paths.necessary(super::condition(&structure).unwrap()).0.is_empty());
        // A literal beyond the bits is "another value" to every test that was compiled.
        let known = paths.known(|_| Some(EvalResult::Long(185)));
        assert!(!needs.fails(&known));
    }
}
