//! A sample exchange core: takes notices over real HTTP on this machine, as `docs/formats/restriction-notice.md` says a receiver does.

use countersign_core::id::Salt;
use countersign_core::json::Exact;
use countersign_core::restriction::{Effect, Notice, NoticeOutcome, NoticeReceipt, NoticeReceiptV1};
use countersign_intake::http::base::signature_base;
use countersign_intake::http::fields::{Bare, Member, dictionary};
use countersign_intake::http::{HttpRequest, digest};
use countersign_intake::key::RequestKey;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

/// What the core does with a request before it looks at it.
#[derive(Clone, Copy)]
pub(crate) enum Mood {
    /// Answers with this status and a page.
    Status(u16),
    /// Takes the notice, says so to the test, and never answers.
    Hang,
}

#[derive(Default)]
pub(crate) struct State {
    /// Accounts as the core has them.
    pub(crate) accounts: BTreeMap<String, (u64, Option<Effect>)>,
    /// Ids in the order of their coming.
    pub(crate) came: Vec<Salt>,
    /// Outcomes in the order of the answers.
    pub(crate) outcomes: Vec<NoticeOutcome>,
    moods: VecDeque<Mood>,
    taken: BTreeSet<Salt>,
    nonces: BTreeSet<String>,
    key: Option<RequestKey>,
    /// Requests that were not what a receiver takes.
    pub(crate) wrong: Vec<String>,
}

pub(crate) struct Core {
    pub(crate) url: String,
    pub(crate) state: Arc<Mutex<State>>,
    /// Says when the core hangs.
    pub(crate) hangs: Receiver<()>,
}

impl Core {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1/restrictions", listener.local_addr().unwrap());
        let (state, (say, hangs)) = (Arc::new(Mutex::new(State::default())), channel());
        let (shared, address) = (Arc::clone(&state), url.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (state, say, url) = (Arc::clone(&shared), say.clone(), address.clone());
                thread::spawn(move || serve(stream.unwrap(), &url, &state, &say));
            }
        });
        Self { url, state, hangs }
    }

    /// The key that `restrict webhook` printed.
    pub(crate) fn trust(&self, key: &str) {
        self.state.lock().unwrap().key = Some(RequestKey::parse(key).unwrap());
    }

    pub(crate) fn will(&self, moods: &[Mood]) {
        self.state.lock().unwrap().moods.extend(moods);
    }

    /// The core's own export.
    pub(crate) fn export(&self) -> String {
        let state = self.state.lock().unwrap();
        let rows = state
            .accounts
            .iter()
            .map(|(account, (_, effect))| format!("{account},{}\n", effect.map_or("none", Effect::as_str)));
        std::iter::once("account,effect\n".to_owned()).chain(rows).collect()
    }
}

fn serve(mut stream: TcpStream, url: &str, state: &Mutex<State>, say: &Sender<()>) {
    let mut bytes = Vec::new();
    while !is_whole(&bytes) {
        let mut part = [0; 4096];
        match stream.read(&mut part) {
            Ok(0) | Err(_) => return,
            Ok(read) => bytes.extend_from_slice(&part[..read]),
        }
    }
    let mut state_now = state.lock().unwrap();
    let mood = state_now.moods.pop_front();
    if let Some(Mood::Status(code)) = mood {
        drop(state_now);
        return answer(&mut stream, code, "<html>not now</html>");
    }
    let said = match take(&mut state_now, &bytes, url) {
        Ok(receipt) => receipt.text().to_owned(),
        Err(reason) => {
            state_now.wrong.push(reason);
            drop(state_now);
            return answer(&mut stream, 401, "no");
        }
    };
    drop(state_now);
    if matches!(mood, Some(Mood::Hang)) {
        say.send(()).unwrap();
        // The other side is killed now, and its connection ends.
        let _ = stream.read(&mut [0; 1]);
        return;
    }
    answer(&mut stream, 200, &said);
}

fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, content)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    content.len() >= length.unwrap_or(0)
}

fn answer(stream: &mut TcpStream, code: u16, body: &str) {
    let length = body.len();
    let _ = write!(stream, "HTTP/1.1 {code} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
}

fn take(state: &mut State, bytes: &[u8], url: &str) -> Result<Exact<NoticeReceipt>, String> {
    let request = HttpRequest::parse(bytes).map_err(|problem| problem.to_string())?;
    let field = |name: &str| request.field(name).ok_or_else(|| format!("{name} is missing"));
    let input = dictionary(field("signature-input")?)?.pop().ok_or("no input")?;
    let Member::List(_, parameters) = &input.member else { return Err("no list".into()) };
    let parameter = |name: &str| match parameters.iter().find(|(known, _)| known == name) {
        Some((_, Bare::Text(text))) => Ok(text.clone()),
        _ => Err(format!("no {name}")),
    };
    if parameter("tag")? != "countersign/restriction-notice/v1" {
        return Err("another tag".into());
    }
    if !state.nonces.insert(parameter("nonce")?) {
        return Err("a nonce twice".into());
    }
    digest::check(field("content-digest")?, request.content)?;
    let base = signature_base(&input.member, &input.text, |name| match name {
        "@target-uri" => Some(url.to_owned()),
        other => request.component(other),
    })?;
    let Some(Member::Item(Bare::Bytes(signature), _)) =
        dictionary(field("signature")?)?.pop().map(|entry| entry.member)
    else {
        return Err("no signature".into());
    };
    let key = state.key.as_ref().ok_or("no key")?;
    let signature: [u8; 64] = signature.try_into().map_err(|_| "not 64 bytes")?;
    key.verify_message(base.as_bytes(), &signature).map_err(|error| error.to_string())?;
    let notice = Exact::<Notice>::parse(request.content).map_err(|error| error.to_string())?;
    let notice = notice.value();
    if field("idempotency-key")? != format!("\"{}\"", notice.id) {
        return Err("another idempotency key".into());
    }
    state.came.push(notice.id);
    let before = state.accounts.get(&notice.account).map_or(0, |(sequence, _)| *sequence);
    let outcome = if !state.taken.insert(notice.id) {
        NoticeOutcome::Known
    } else if before > notice.sequence {
        NoticeOutcome::Superseded
    } else {
        state.accounts.insert(notice.account.clone(), (notice.sequence, notice.effect));
        NoticeOutcome::Taken
    };
    state.outcomes.push(outcome);
    Ok(Exact::write(NoticeReceipt { v: NoticeReceiptV1, id: notice.id, outcome }).unwrap())
}
