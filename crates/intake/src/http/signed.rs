//! Which signed requests are taken: a fixed list of components, fixed parameters, a short life.

use super::base::signature_base;
use super::fields::{Bare, Entry, Member, Parameters, dictionary};
use super::{digest, head::HttpRequest};
use crate::key::RequestKey;
use crate::refusal::{Problem, quoted};
use countersign_core::time::{MINUTE, Seconds, Timestamp};

/// The components that a signature covers, in this order. `content-digest` binds the content, `@target-uri` the custodian's address.
pub const COMPONENTS: [&str; 4] = ["@method", "@target-uri", "content-type", "content-digest"];
/// The tag (RFC 9421, section 2.3) that keeps signatures for this purpose apart from all others.
pub const TAG: &str = "countersign/inbound/v1";
/// The components that the signature of a query covers. A query has no content.
pub const QUERY_COMPONENTS: [&str; 2] = ["@method", "@target-uri"];
/// The tag of a query.
pub const QUERY_TAG: &str = "countersign/status-query/v1";
/// Longest time from `created` to `expires`.
pub const LONGEST_LIFE: Seconds = 5 * MINUTE;
/// How far the sender's clock may be ahead of ours.
pub const SKEW: Seconds = 2 * MINUTE;

/// What a signature is for: its components and its tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To send a message.
    Message,
    /// To ask how a request stands.
    Query,
}

impl Purpose {
    fn components(self) -> &'static [&'static str] {
        match self {
            Self::Message => &COMPONENTS,
            Self::Query => &QUERY_COMPONENTS,
        }
    }

    fn tag(self) -> &'static str {
        match self {
            Self::Message => TAG,
            Self::Query => QUERY_TAG,
        }
    }
}

/// The signature of a request, read from its head alone; whether it verifies is for the key of the directory to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHead {
    base: String,
    signature: [u8; 64],
    created: Timestamp,
    expires: Timestamp,
    key_id: String,
    nonce: String,
}

impl SignedHead {
    /// Reads the form of a signature.
    ///
    /// # Errors
    /// [`Problem`] naming the field: anything but one signature over exactly the components of its purpose with exactly the parameters
    /// `created`, `expires`, `nonce`, `keyid` and `tag`.
    pub fn read(request: &HttpRequest<'_>, purpose: Purpose) -> Result<Self, Problem> {
        let input = only("signature-input", field(request, "signature-input")?)?;
        let signature = only("signature", field(request, "signature")?)?;
        let wrong = |reason: String| Problem::new("signature-input", reason);
        if input.key != signature.key {
            return Err(wrong("`signature` and `signature-input` name different signatures".into()));
        }
        let Member::List(items, parameters) = &input.member else {
            return Err(wrong("the member is no list of components".into()));
        };
        let covered = items.iter().map(|(item, parameters)| match item {
            Bare::Text(name) if parameters.is_empty() => Some(name.as_str()),
            _ => None,
        });
        let components = purpose.components();
        if !covered.eq(components.iter().map(|name| Some(*name))) {
            return Err(wrong(format!("sign exactly these components in this order: {}", components.join(", "))));
        }
        let Parts { created, expires, key_id, nonce } = parts(parameters, purpose.tag()).map_err(wrong)?;
        let signature: Option<[u8; 64]> = match signature.member {
            Member::Item(Bare::Bytes(bytes), parameters) if parameters.is_empty() => bytes.try_into().ok(),
            _ => None,
        };
        let signature =
            signature.ok_or_else(|| Problem::new("signature", "it is not 64 bytes in base64 between colons"))?;
        if purpose == Purpose::Message {
            field(request, "content-digest")?;
        }
        let base = signature_base(&input.member, &input.text, |name| request.component(name)).map_err(wrong)?;
        Ok(Self { base, signature, created, expires, key_id, nonce })
    }

    /// Checks the life of the signature.
    ///
    /// # Errors
    /// [`Problem`] when it is from the future, or too old.
    pub fn in_time(&self, now: Timestamp) -> Result<(), Problem> {
        let wrong = |reason: String| Err(Problem::new("signature-input", reason));
        if self.created > now.plus(SKEW) {
            return wrong(format!("it was created at {}, later than now ({now}): set the clock", self.created));
        }
        if self.expires < now {
            return wrong(format!("it expired at {}, now is {now}: sign it again", self.expires));
        }
        Ok(())
    }

    /// Checks life and signature. The nonce is for the caller to keep: a request is taken once.
    ///
    /// # Errors
    /// [`Problem`] when the request is from the future, too old, or not signed by this key.
    pub fn verify(&self, key: &RequestKey, now: Timestamp) -> Result<(), Problem> {
        self.in_time(now)?;
        key.verify_message(self.base.as_bytes(), &self.signature)
            .map_err(|error| Problem::new("signature", error.to_string()))
    }

    /// The key that the sender names: its spelling in the directory.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// A text that the sender uses once.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// Until when the request is taken.
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    /// What was signed.
    pub fn base(&self) -> &str {
        &self.base
    }
}

/// A whole request whose signature has the right form and covers this content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRequest<'b> {
    request: HttpRequest<'b>,
    head: SignedHead,
}

impl<'b> SignedRequest<'b> {
    /// Reads the request and the form of its signature.
    ///
    /// # Errors
    /// [`Problem`] naming the line or field: as [`SignedHead::read`], or a content that is not the one digested.
    pub fn parse(bytes: &'b [u8]) -> Result<Self, Problem> {
        let request = HttpRequest::parse(bytes)?;
        let head = SignedHead::read(&request, Purpose::Message)?;
        digest::check(field(&request, "content-digest")?, request.content)
            .map_err(|reason| Problem::new("content-digest", reason))?;
        Ok(Self { request, head })
    }

    /// The request.
    pub fn request(&self) -> &HttpRequest<'b> {
        &self.request
    }

    /// Its signature.
    pub fn head(&self) -> &SignedHead {
        &self.head
    }
}

fn field<'b>(request: &HttpRequest<'b>, name: &str) -> Result<&'b str, Problem> {
    let missing = || Problem::new(name, "the field is missing: sign the request as docs/formats/inbound.md says");
    request.field(name).ok_or_else(missing)
}

fn only(name: &str, value: &str) -> Result<Entry, Problem> {
    let mut entries = dictionary(value).map_err(|reason| Problem::new(name, reason))?;
    match (entries.pop(), entries.is_empty()) {
        (Some(entry), true) => Ok(entry),
        _ => Err(Problem::new(name, "it has more than one signature: send one")),
    }
}

struct Parts {
    created: Timestamp,
    expires: Timestamp,
    key_id: String,
    nonce: String,
}

fn parts(parameters: &Parameters, purpose: &str) -> Result<Parts, String> {
    const KNOWN: [&str; 5] = ["created", "expires", "nonce", "keyid", "tag"];
    if let Some((other, _)) = parameters.iter().find(|(name, _)| !KNOWN.contains(&name.as_str())) {
        return Err(format!("the parameter {} is not taken; these are: {}", quoted(other), KNOWN.join(", ")));
    }
    let find = |name: &str| {
        let found = parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        found.ok_or_else(|| format!("the parameter `{name}` is missing"))
    };
    let time = |name: &str| match find(name)? {
        Bare::Integer(seconds) => Timestamp::from_unix(*seconds).ok_or_else(|| format!("`{name}` is no time")),
        _ => Err(format!("`{name}` is no number of seconds")),
    };
    let text = |name: &str| match find(name)? {
        Bare::Text(text) => Ok(text.clone()),
        _ => Err(format!("`{name}` is no string")),
    };
    let (created, expires, nonce, tag) = (time("created")?, time("expires")?, text("nonce")?, text("tag")?);
    if tag != purpose {
        return Err(format!("the tag is {}, not `{purpose}`", quoted(&tag)));
    }
    if !(1..=LONGEST_LIFE).contains(&expires.since(created)) {
        return Err(format!("`expires` is not 1 to {LONGEST_LIFE} seconds after `created`"));
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if !(16..=64).contains(&nonce.len()) || !nonce.bytes().all(plain) {
        return Err("the nonce is not 16 to 64 of letters, digits, `-` and `_`".into());
    }
    Ok(Parts { created, expires, key_id: text("keyid")?, nonce })
}
