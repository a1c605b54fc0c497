//! A trustee at work: it reads the journal before every answer.

use crate::answer::Answered;
use crate::error::{Result, TrusteeError};
use crate::source::LogSource;
use crate::trustee::Trustee;
use countersign_core::time::Clock;
use std::sync::Arc;

/// 32 fresh bytes at every call, from the system's generator outside of tests.
pub type Seeds = Arc<dyn Fn() -> [u8; 32] + Send + Sync>;

/// A trustee with its clock, its randomness and the journal it follows.
#[derive(Clone)]
pub struct Service {
    /// The trustee.
    pub trustee: Arc<Trustee>,
    /// Where it reads the journal.
    pub source: Arc<dyn LogSource>,
    /// Its own clock.
    pub clock: Arc<dyn Clock>,
    /// Its own randomness.
    pub seeds: Seeds,
}

/// How often an answer is begun again because the owner did something meanwhile.
const MOST_ATTEMPTS: usize = 4;

/// What is asked for.
#[derive(Clone, Copy)]
enum Asked {
    Release,
    Lookup,
    Totals,
}

impl Service {
    /// Follows the journal to its end, then answers. An answer that has begun is finished even if the caller goes away; one that was
    /// overtaken by an act of the trustee's owner begins again with what holds now.
    ///
    /// # Errors
    /// [`TrusteeError`]: also when the journal cannot be read, for then the trustee does not know what is in force.
    pub async fn ask(&self, request: &[u8]) -> Result<Answered> {
        self.finish(Asked::Release, request.to_vec()).await
    }

    /// As [`ask`](Self::ask), for lookups and enrolments of the blind index.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn lookup(&self, request: &[u8]) -> Result<Answered> {
        self.finish(Asked::Lookup, request.to_vec()).await
    }

    /// As [`ask`](Self::ask), for daily totals.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn countersign_totals(&self, request: &[u8]) -> Result<Answered> {
        self.finish(Asked::Totals, request.to_vec()).await
    }

    async fn finish(&self, asked: Asked, request: Vec<u8>) -> Result<Answered> {
        let this = self.clone();
        let work = async move {
            let mut answered = this.once(asked, &request).await;
            for _ in 1..MOST_ATTEMPTS {
                if !matches!(answered, Err(TrusteeError::Overtaken)) {
                    break;
                }
                answered = this.once(asked, &request).await;
            }
            // Beside the answer, which waits for nobody outside; a call that is not told now is told later.
            let trustee = Arc::clone(&this.trustee);
            tokio::spawn(async move { trustee.page().await.is_ok() });
            answered
        };
        tokio::spawn(work).await.map_err(|error| TrusteeError::storage("finish an answer", error))?
    }

    async fn once(&self, asked: Asked, request: &[u8]) -> Result<Answered> {
        // Whoever is not the desk does not even make the trustee read the journal.
        let recognised = match asked {
            Asked::Release => self.trustee.recognises(request).await?,
            Asked::Lookup => self.trustee.recognises_lookup(request).await?,
            Asked::Totals => self.trustee.recognises_totals(request).await?,
        };
        if recognised == Some(false) {
            return Ok(Answered::Unauthenticated);
        }
        self.trustee.tail(self.source.as_ref(), self.clock.now()).await?;
        match asked {
            Asked::Release => self.trustee.answer(request, self.clock.now(), (self.seeds)()).await,
            Asked::Lookup => self.trustee.lookup(request, self.clock.now(), (self.seeds)()).await,
            Asked::Totals => self.trustee.countersign_totals(self.source.as_ref(), request, self.clock.now()).await,
        }
    }
}

/// A trustee in the same process, with the interface of [`HttpTrustee`](crate::HttpTrustee).
#[derive(Clone)]
pub struct LocalTrustee(
    /// The service asked.
    pub Service,
);

impl LocalTrustee {
    /// Index of its shares.
    pub fn index(&self) -> u16 {
        self.0.trustee.index()
    }

    /// Sends a signed request and returns the signed answer.
    ///
    /// # Errors
    /// A text for people: `refused`, or that the trustee cannot answer now.
    pub async fn ask(&self, request: &[u8]) -> std::result::Result<Vec<u8>, String> {
        self.said(self.0.ask(request).await)
    }

    /// Sends a signed lookup request and returns the signed answer.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn lookup(&self, request: &[u8]) -> std::result::Result<Vec<u8>, String> {
        self.said(self.0.lookup(request).await)
    }

    /// Sends a signed totals request and returns the signed answer.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn totals(&self, request: &[u8]) -> std::result::Result<Vec<u8>, String> {
        self.said(self.0.countersign_totals(request).await)
    }

    fn said(&self, answered: Result<Answered>) -> std::result::Result<Vec<u8>, String> {
        match answered {
            Ok(Answered::Answer(bytes)) => Ok(bytes),
            Ok(Answered::Unauthenticated) => Err("refused".into()),
            Err(error) => {
                tracing::error!(trustee = self.index(), %error, "a request was not answered");
                Err(format!("trustee {} cannot answer now", self.index()))
            }
        }
    }
}
