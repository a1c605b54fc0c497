//! The one inbound model: what a message of an authority says, whatever it was spelled in.
//!
//! Semantics of ETSI TS 103 120 (clauses 6 to 9): a message is a list of actions on objects; it is taken whole or not at all. An
//! authorisation is the legal act, a task is one thing to be done under it, a document comes along. The sender states what it wants to
//! happen and never what the state of a thing is.

use crate::refusal::{Problem, Refusal, quoted};
use countersign_core::class::ClassSet;
use countersign_core::named_enum;
use countersign_core::order::Instrument;
use countersign_core::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Largest message in bytes, documents included.
pub const MAX_MESSAGE: usize = 8 * 1024 * 1024;
/// Most actions in one message.
pub const MAX_ACTIONS: usize = 1_000;
/// Most targets in one message.
pub const MAX_TARGETS: usize = 10_000;
/// Longest text member in bytes, contents of documents apart.
pub const MAX_TEXT: usize = 1_000;

named_enum!(
    /// What a task asks to be done.
    TaskKind, "a kind of task" {
        /// Disclose data that exist.
        Disclosure = "disclosure",
        /// Keep data from being erased.
        Preservation = "preservation",
    }
);

named_enum!(
    /// What the sender wants to happen to an object that was taken before.
    Desired, "a desired status of something sent before" {
        /// Withdraw it.
        Cancelled = "cancelled",
    }
);

/// Whom a task aims at, in the sender's words. Never kept in clear: the desk turns accounts into handles and forgets the rest.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// An account number of this custodian.
    Account(String),
    /// A person named by something else: a name with a birth date, an address of e-mail, a telephone number.
    Person(String),
    /// Everyone who paid an address.
    EveryoneWhoPaid {
        /// The chain, for example `bitcoin`.
        chain: String,
        /// The address.
        address: String,
    },
}

/// The legal act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorisation {
    /// The sender's id of it.
    pub id: String,
    /// The sender's reference: file number.
    pub reference: String,
    /// Legal form.
    pub instrument: Instrument,
    /// Whether a threat to life is claimed.
    pub emergency: bool,
    /// Who approved it, in the sender's words.
    pub approved_by: String,
    /// When.
    pub approved_at: Timestamp,
    /// Whether the sender asks that the persons concerned are not told yet. Only a signed delay order has that effect.
    pub delay_asked: bool,
}

/// One thing to be done.
#[derive(Clone, PartialEq, Eq)]
pub struct Task {
    /// The sender's id of it.
    pub id: String,
    /// The authorisation it is done under.
    pub authorisation: String,
    /// What is to be done.
    pub kind: TaskKind,
    /// Whom it aims at; never empty.
    pub targets: Vec<Target>,
    /// Classes asked for; never empty.
    pub classes: ClassSet,
    /// Times that the data lie in, begin and end.
    pub window: Option<(Timestamp, Timestamp)>,
}

/// A document that came along.
#[derive(Clone, PartialEq, Eq)]
pub struct Enclosure {
    /// The sender's id of it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Media type, as stated.
    pub media_type: String,
    /// Contents.
    pub contents: Vec<u8>,
}

/// One action.
#[derive(Clone, PartialEq, Eq)]
pub enum Action {
    /// A new legal act.
    Authorise(Authorisation),
    /// A new task.
    Ask(Task),
    /// A document.
    Enclose(Enclosure),
    /// Another desired status of an object sent before.
    Change {
        /// Id of the object.
        id: String,
        /// The generation of the object that the sender last saw.
        generation: u32,
        /// What it wants to happen.
        desired: Desired,
    },
}

/// From whom, to whom, when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The sender's id of the message; used once.
    pub transaction: String,
    /// How the sender names itself: its id in the directory, or `STATE/IDENTIFIER`.
    pub sender: String,
    /// How it names us.
    pub receiver: String,
    /// When it says it sent the message.
    pub sent: Timestamp,
}

/// A request: exactly one authorisation, tasks of one kind that ask all targets for the same classes.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The legal act.
    pub authorisation: Authorisation,
    /// At least one.
    pub tasks: Vec<Task>,
    /// What came along.
    pub enclosures: Vec<Enclosure>,
}

/// Another desired status of an object sent before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Id of the object.
    pub id: String,
    /// The generation that the sender last saw.
    pub generation: u32,
    /// What it wants to happen.
    pub desired: Desired,
}

/// What a message comes to.
#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    /// A request.
    Request(Request),
    /// Changes of what was sent before; at least one.
    Changes(Vec<Change>),
}

/// One message, complete and consistent in itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// From whom, to whom, when.
    pub header: Header,
    /// What it says.
    pub body: Body,
}

impl Message {
    /// Puts a message together from its actions, each with its number or with what is wrong in it.
    ///
    /// # Errors
    /// [`Refusal`] with every action that is wrong, and with every rule across actions that is broken.
    pub fn assemble(header: Header, actions: Vec<(u32, Result<Action, Problem>)>) -> Result<Self, Refusal> {
        let mut problems = Vec::new();
        let mut sound = Vec::new();
        let mut numbers = BTreeSet::new();
        if actions.is_empty() || actions.len() > MAX_ACTIONS {
            problems.push(Problem::new("actions", format!("a message has 1 to {MAX_ACTIONS} actions")));
        }
        for (number, action) in actions {
            if !numbers.insert(number) {
                problems.push(Problem::new("actions", format!("two actions have the number {number}")));
            }
            match action {
                Ok(action) => sound.push((number, action)),
                Err(problem) => problems.push(problem.of_action(number)),
            }
        }
        // Rules across actions are judged only on a whole: half a message would be blamed for what its other half says.
        Refusal::unless_none(problems, ())?;
        Ok(Self { header, body: body(sound)? })
    }
}

impl Request {
    /// What the tasks ask to be done.
    pub fn kind(&self) -> TaskKind {
        self.tasks.first().map_or(TaskKind::Disclosure, |task| task.kind)
    }

    /// Whom the tasks aim at, each once.
    pub fn targets(&self) -> BTreeSet<&Target> {
        self.tasks.iter().flat_map(|task| &task.targets).collect()
    }

    /// What is asked about each of them.
    pub fn classes(&self) -> ClassSet {
        self.tasks.iter().fold(ClassSet::default(), |all, task| all.union(&task.classes))
    }

    /// Times that the data lie in; `None` when no task names any.
    pub fn window(&self) -> Option<(Timestamp, Timestamp)> {
        self.tasks.first().and_then(|task| task.window)
    }
}

fn body(actions: Vec<(u32, Action)>) -> Result<Body, Refusal> {
    let mut problems = Vec::new();
    let mut ids = BTreeSet::new();
    let (mut authorisations, mut tasks, mut enclosures, mut changes) = (vec![], vec![], vec![], vec![]);
    for (number, action) in actions {
        let id = match &action {
            Action::Authorise(authorisation) => &authorisation.id,
            Action::Ask(task) => &task.id,
            Action::Enclose(enclosure) => &enclosure.id,
            Action::Change { id, .. } => id,
        };
        if !ids.insert(id.clone()) {
            let reason = format!("the object {} stands in the message twice", quoted(id));
            problems.push(Problem::new("object", reason).of_action(number));
        }
        match action {
            Action::Authorise(authorisation) => authorisations.push(authorisation),
            Action::Ask(task) => tasks.push((number, task)),
            Action::Enclose(enclosure) => enclosures.push(enclosure),
            Action::Change { id, generation, desired } => changes.push(Change { id, generation, desired }),
        }
    }
    let asks = !authorisations.is_empty() || !tasks.is_empty() || !enclosures.is_empty();
    if !changes.is_empty() {
        if asks {
            problems.push(Problem::new("actions", "a message either asks or changes what was asked before, not both"));
        }
        return Refusal::unless_none(problems, Body::Changes(changes));
    }
    let only = (authorisations.len() == 1).then(|| authorisations.pop()).flatten();
    let Some(authorisation) = only else {
        problems.push(Problem::new("actions", "a message brings exactly one authorisation: send one message for each"));
        return Err(Refusal::unless_none(problems, ()).err().unwrap_or_else(|| Problem::new("actions", "none").into()));
    };
    for (number, task) in &tasks {
        if task.authorisation != authorisation.id {
            let reason =
                format!("it names the authorisation {}, which the message does not bring", quoted(&task.authorisation));
            problems.push(Problem::new("task", reason).of_action(*number));
        }
    }
    let tasks: Vec<Task> = tasks.into_iter().map(|(_, task)| task).collect();
    problems.extend(one_question(&tasks));
    Refusal::unless_none(problems, Body::Request(Request { authorisation, tasks, enclosures }))
}

/// One case has one scope, people x classes. Tasks that cross them otherwise would make the case ask for more than the sender did.
fn one_question(tasks: &[Task]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut add = |reason: &str| problems.push(Problem::new("tasks", reason));
    let Some(first) = tasks.first() else {
        add("a message with an authorisation brings at least one task");
        return problems;
    };
    if tasks.iter().any(|task| task.kind != first.kind) {
        add("disclosure and preservation are asked in one message: send one for each");
    }
    if tasks.iter().any(|task| task.window != first.window) {
        add("the tasks name different times: send one message for each");
    }
    let targets: BTreeSet<&Target> = tasks.iter().flat_map(|task| &task.targets).collect();
    if targets.len() > MAX_TARGETS {
        add("a message names at most 10000 targets");
        return problems;
    }
    let named = targets.iter().any(|target| !matches!(target, Target::EveryoneWhoPaid { .. }));
    let selectors = targets.iter().filter(|target| matches!(target, Target::EveryoneWhoPaid { .. })).count();
    if selectors > 1 || (selectors == 1 && named) {
        add("a message names people, or one address whose payers are meant, not both");
    }
    let mut asked: BTreeMap<&Target, ClassSet> = BTreeMap::new();
    for task in tasks {
        for target in &task.targets {
            let classes = asked.entry(target).or_default();
            *classes = classes.union(&task.classes);
        }
    }
    let first = asked.values().next();
    if !asked.values().all(|classes| Some(classes) == first) {
        add("the tasks ask different classes about different targets: send one message for each set of classes");
    }
    problems
}

/// The sender's own id of a message or an object: 1 to 64 of letters, digits, `.`, `_` and `-`.
pub(crate) fn token(text: &str) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    ((1..=64).contains(&text.len()) && text.bytes().all(fits)).then(|| text.to_owned())
}

/// One line of foreign text that people will read: not empty, bounded, without characters that change what is seen.
pub(crate) fn line(text: &str) -> Option<String> {
    let unseen = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let trimmed = text.trim();
    (!trimmed.is_empty() && trimmed.len() <= MAX_TEXT && !trimmed.chars().any(unseen)).then(|| trimmed.to_owned())
}
