//! Requests of authorities over HTTP: the desk behind the port of `web`.

use crate::custody::Custody;
use anyhow::{Result, ensure};
use countersign_core::id::PersonId;
use countersign_desk::DeskError;
use countersign_desk::filing::{Filed as Outcome, KnownSender, Unknown};
use countersign_intake::http::SignedHead;
use countersign_web::requests::{Answering, Failed, Filed, Requests, Sender, Turned};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::sync::Mutex;

/// `requests` in `custodian/config.json`: without it nothing is taken over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestsConfig {
    /// The name, and a port other than 443, under which authorities reach the proxy in front: what they sign is meant for it.
    pub(crate) host: String,
    /// The officer in whose name requests are taken in.
    pub(crate) officer: PersonId,
}

impl RequestsConfig {
    /// # Errors
    /// When `host` is not written as it stands in a `Host` field.
    pub(crate) fn check(&self) -> Result<()> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]".contains(&byte);
        ensure!(
            !self.host.is_empty() && self.host.bytes().all(fits),
            "`host` under `requests` is `{}`: write a name in lower case, and a port other than 443, without scheme and path",
            self.host.chars().take(80).collect::<String>()
        );
        Ok(())
    }
}

/// The desk, taking requests.
#[derive(Clone)]
pub(crate) struct Filing(Arc<Parts>);

struct Parts {
    custody: Arc<Custody>,
    config: RequestsConfig,
    /// Held while a message is taken: of two that are the same the second finds the first.
    taking: Mutex<()>,
}

impl Filing {
    /// # Errors
    /// When the officer is none.
    pub(crate) fn open(custody: &Arc<Custody>, config: RequestsConfig) -> Result<Self> {
        ensure!(
            custody.desk.is_officer(&config.officer),
            "`{}`, in whose name requests are to be taken (`requests` in custodian/config.json), is no officer in force",
            config.officer
        );
        Ok(Self(Arc::new(Parts { custody: Arc::clone(custody), config, taking: Mutex::new(()) })))
    }
}

impl Requests for Filing {
    fn host(&self) -> &str {
        &self.0.config.host
    }

    fn vouch(&self, head: &SignedHead) -> Result<Box<dyn Sender>, Turned> {
        let desk = &self.0.custody.desk;
        if !desk.is_officer(&self.0.config.officer) {
            return Err(Turned::Closed(format!("`{}` is no officer any more", self.0.config.officer)));
        }
        match desk.vouch(head) {
            Ok(Ok(sender)) => Ok(Box::new(Speaking { filing: self.clone(), sender })),
            Ok(Err(Unknown::Stranger)) => Err(Turned::Stranger),
            Ok(Err(Unknown::Late(problem))) => Err(Turned::Late(problem.to_string())),
            Err(error) => Err(Turned::Closed(error.to_string())),
        }
    }
}

/// A sender whose signature was checked.
struct Speaking {
    filing: Filing,
    sender: KnownSender,
}

impl Sender for Speaking {
    fn key(&self) -> &str {
        self.sender.key()
    }

    fn file(&self, raw: Vec<u8>) -> Answering<'_, Filed> {
        Box::pin(async move {
            let parts = &self.filing.0;
            let _one_by_one = parts.taking.lock().await;
            let (desk, references) = (&parts.custody.desk, &parts.custody.references);
            let filed = desk.file_signed(&self.sender, raw, references, &parts.config.officer).await;
            Ok(match filed.map_err(failed)? {
                Outcome::Taken { transaction, status } => {
                    tracing::info!(transaction, "a request was taken");
                    Filed::Taken { transaction, status: status.text().to_owned() }
                }
                Outcome::NotTaken { status, inside } => Filed::NotTaken { status: status.text().to_owned(), inside },
                Outcome::Stranger => Filed::Stranger,
            })
        })
    }

    fn status<'a>(&'a self, transaction: &'a str) -> Answering<'a, Option<String>> {
        Box::pin(async move {
            let status = self.filing.0.custody.desk.status_for(&self.sender, transaction).await.map_err(failed)?;
            Ok(status.map(|status| status.text().to_owned()))
        })
    }
}

fn failed(error: DeskError) -> Failed {
    Failed(error.to_string())
}
