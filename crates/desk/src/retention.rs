//! Erasing a client, and legal holds that forbid it.
//!
//! A client is erased by deleting the one secret that every copy of the records needs. Each act is an effect: its intent is durable
//! before it and, for what takes something away, public; its outcome comes after. Killed at any point, [`settle_retention`] of the
//! next start finishes it, so the journal never says of a secret that is there that it is gone.
//!
//! [`settle_retention`]: Desk::settle_retention

use crate::case_file::kind;
use crate::desk::{Desk, stored};
use crate::documents::{Retention, RetentionAct, RetentionV1};
use crate::error::{DeskError, Result};
use crate::leaves::leaf;
use countersign_core::id::{Digest, Handle, PersonId};
use countersign_core::json::Exact;
use countersign_core::leaf::LeafKind;
use countersign_core::time::Timestamp;
use countersign_store::{EffectKey, NewEffect};
use serde_json::Value;

/// What is known of a client's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The erasure that was ordered, when one was.
    pub erasure: Option<Exact<Retention>>,
    /// Whether the secret is gone: then nobody opens the records any more.
    pub erased: bool,
    /// Holds that forbid an erasure now.
    pub holds: Vec<Exact<Retention>>,
}

/// Name of the effect, in effects and intents.
const EFFECT: &str = "retention";

/// What the leaf says of an erasure that a hold prevented after it was begun.
const WITHHELD: &str = "withheld";

impl Desk {
    /// Erases a client: deletes the secret without which no copy and no backup of the records opens. Erasing again gives the first
    /// erasure.
    ///
    /// # Errors
    /// [`DeskError::Input`] while a hold stands; [`DeskError::NotFound`] for a client that is not in the register;
    /// [`DeskError::Journal`] when the intent does not become public: then nothing is deleted until it is.
    pub async fn erase_client(&self, client: &Handle, basis: &str, by: &PersonId) -> Result<Exact<Retention>> {
        let _turn = self.retention.lock().await;
        self.check_client(client, by).await?;
        if let Some(begun) = self.erasure_of(client).await? {
            self.carry_out(&begun).await?;
            if self.sigmas.sigma(client).await?.is_none() {
                return Ok(begun);
            }
        }
        if let Some(hold) = self.holds_of(client).await?.first() {
            return Err(DeskError::Input(held(hold.value())));
        }
        let record = self.retention(client, RetentionAct::Erase, basis, by)?;
        self.keep(&record).await?;
        self.store.set_setting(&erasure_setting(client), record.digest().as_bytes()).await?;
        self.carry_out(&record).await?;
        match self.sigmas.sigma(client).await? {
            None => Ok(record),
            Some(_) => Err(DeskError::Input("a hold came first: nothing is erased".into())),
        }
    }

    /// Forbids erasing a client until a time.
    ///
    /// # Errors
    /// [`DeskError::Input`] when the time is past or the client is erased; [`DeskError::NotFound`].
    pub async fn hold_client(
        &self,
        client: &Handle,
        basis: &str,
        until: Timestamp,
        by: &PersonId,
    ) -> Result<Exact<Retention>> {
        let _turn = self.retention.lock().await;
        self.check_client(client, by).await?;
        if until <= self.now() {
            return Err(DeskError::Input(format!("a hold until {until} is over before it begins")));
        }
        if self.sigmas.sigma(client).await?.is_none() {
            return Err(DeskError::Input("the client is erased: there is nothing left to hold".into()));
        }
        let record = Retention { until: Some(until), ..self.retention_draft(client, RetentionAct::Hold, basis, by) };
        let record = Exact::write(record)?;
        self.keep(&record).await?;
        self.carry_out(&record).await?;
        Ok(record)
    }

    /// Ends a hold before its time. Without a digest it is the only one that stands.
    ///
    /// # Errors
    /// [`DeskError::Input`] when there is none, or more than one and no digest is given.
    pub async fn release_hold(
        &self,
        client: &Handle,
        hold: Option<&str>,
        basis: &str,
        by: &PersonId,
    ) -> Result<Exact<Retention>> {
        let _turn = self.retention.lock().await;
        self.check_client(client, by).await?;
        let mut holds = self.holds_of(client).await?;
        holds.retain(|one| hold.is_none_or(|prefix| one.digest().to_hex().starts_with(prefix)));
        let hold = match holds.as_slice() {
            [one] => one.digest(),
            [] => return Err(DeskError::Input("no such hold stands on this client".into())),
            several => {
                let names: Vec<String> = several.iter().map(|one| one.digest().to_hex()).collect();
                return Err(DeskError::Input(format!("several holds stand: name one of {}", names.join(", "))));
            }
        };
        let record = Retention { hold: Some(hold), ..self.retention_draft(client, RetentionAct::Release, basis, by) };
        let record = Exact::write(record)?;
        self.keep(&record).await?;
        self.carry_out(&record).await?;
        Ok(record)
    }

    /// What is known of a client's data.
    ///
    /// # Errors
    /// [`DeskError::NotFound`] for a client that is not in the register.
    pub async fn retention_of(&self, client: &Handle) -> Result<Standing> {
        self.check_known(client).await?;
        Ok(Standing {
            erasure: self.erasure_of(client).await?,
            erased: self.sigmas.sigma(client).await?.is_none(),
            holds: self.holds_of(client).await?,
        })
    }

    /// Finishes what was begun and interrupted; returns how many.
    ///
    /// # Errors
    /// As the acts themselves; what is not finished stays begun.
    pub async fn settle_retention(&self) -> Result<usize> {
        let _turn = self.retention.lock().await;
        let mut settled = 0;
        for open in self.store.open_effects().await? {
            if open.effect.kind == EFFECT {
                let record = self.record(&open.effect.subject).await?;
                self.carry_out(&record).await?;
                settled += 1;
            }
        }
        Ok(settled)
    }

    /// From a record that is kept to an outcome that is logged. Every step may be repeated.
    async fn carry_out(&self, record: &Exact<Retention>) -> Result<()> {
        let value = record.value();
        let effect = EffectKey { kind: EFFECT.into(), subject: record.digest() };
        let key = match self.store.intent_of(&effect).await? {
            Some(key) => key,
            None => {
                let at = self.now();
                let values =
                    vec![Value::from(EFFECT), Value::from(record.digest().to_hex()), Value::from(at.to_string())];
                let intent = leaf(LeafKind::Intent, at, values, &mut *self.rng())?;
                let key = intent.key;
                self.store.begin_effect(NewEffect { effect: effect.clone(), at, intent }).await?;
                key
            }
        };
        if !self.store.open_effects().await?.iter().any(|open| open.effect == effect) {
            return Ok(());
        }
        if value.act != RetentionAct::Hold {
            // What takes something away is public before. A hold protects, and protects at once.
            self.journal.public(&key).await.map_err(DeskError::Journal)?;
        }
        let act = self.apply(record).await?;
        let at = self.now();
        let until = value.until.map_or(Value::Null, |until| Value::from(until.to_string()));
        let values = vec![Value::from(record.digest().to_hex()), Value::from(act), until, Value::from(at.to_string())];
        let outcome = leaf(LeafKind::Retention, at, values, &mut *self.rng())?;
        Ok(self.store.finish_effect(&effect, at, outcome).await?)
    }

    /// Does it, and says what was done.
    async fn apply(&self, record: &Exact<Retention>) -> Result<&'static str> {
        let value = record.value();
        let mut holds = self.holds_listed(&value.client).await?;
        match value.act {
            RetentionAct::Erase => {
                // Asked again: a hold may have come between an interrupted erasure and its end.
                if !self.holds_of(&value.client).await?.is_empty() {
                    self.store.set_setting(&erasure_setting(&value.client), &[]).await?;
                    return Ok(WITHHELD);
                }
                self.sigmas.delete_sigma(&value.client).await?;
                if self.sigmas.sigma(&value.client).await?.is_some() {
                    return Err(DeskError::internal("the client's secret is still there after it was deleted"));
                }
            }
            RetentionAct::Hold if !holds.contains(&record.digest()) => holds.push(record.digest()),
            RetentionAct::Hold => {}
            RetentionAct::Release => holds.retain(|hold| value.hold != Some(*hold)),
        }
        if value.act != RetentionAct::Erase {
            let list: Vec<String> = holds.iter().map(Digest::to_hex).collect();
            self.store.set_setting(&holds_setting(&value.client), list.join("\n").as_bytes()).await?;
        }
        Ok(value.act.as_str())
    }

    /// Holds that stand now.
    async fn holds_of(&self, client: &Handle) -> Result<Vec<Exact<Retention>>> {
        let now = self.now();
        let mut standing = Vec::new();
        for digest in self.holds_listed(client).await? {
            let hold = self.record(&digest).await?;
            if hold.value().until.is_some_and(|until| until > now) {
                standing.push(hold);
            }
        }
        Ok(standing)
    }

    async fn holds_listed(&self, client: &Handle) -> Result<Vec<Digest>> {
        let kept = self.store.setting(&holds_setting(client)).await?.unwrap_or_default();
        let text = String::from_utf8(kept).map_err(DeskError::internal)?;
        text.lines().map(|line| Digest::parse(line).map_err(DeskError::internal)).collect()
    }

    /// The erasure that was begun for a client.
    async fn erasure_of(&self, client: &Handle) -> Result<Option<Exact<Retention>>> {
        let kept = self.store.setting(&erasure_setting(client)).await?.unwrap_or_default();
        match <[u8; 32]>::try_from(kept.as_slice()) {
            Ok(digest) => self.record(&Digest(digest)).await.map(Some),
            Err(_) => Ok(None),
        }
    }

    async fn record(&self, digest: &Digest) -> Result<Exact<Retention>> {
        let stored = self.store.document(digest).await?;
        let stored = stored.ok_or_else(|| DeskError::internal(format!("the retention record {digest} is missing")))?;
        Ok(Exact::parse(&stored.bytes)?)
    }

    async fn keep(&self, record: &Exact<Retention>) -> Result<()> {
        Ok(self.store.append_leaves(vec![stored(kind::RETENTION, record)], Vec::new()).await?)
    }

    fn retention(&self, client: &Handle, act: RetentionAct, basis: &str, by: &PersonId) -> Result<Exact<Retention>> {
        Ok(Exact::write(self.retention_draft(client, act, basis, by))?)
    }

    fn retention_draft(&self, client: &Handle, act: RetentionAct, basis: &str, by: &PersonId) -> Retention {
        Retention {
            v: RetentionV1,
            client: *client,
            act,
            hold: None,
            basis: basis.to_owned(),
            until: None,
            by: by.clone(),
            at: self.now(),
        }
    }

    async fn check_client(&self, client: &Handle, by: &PersonId) -> Result<()> {
        if !self.control().counting_at(self.now()).people().contains_key(by) {
            return Err(DeskError::Input(format!("`{by}` is not in force in the roster, or has fallen silent")));
        }
        self.check_known(client).await
    }

    async fn check_known(&self, client: &Handle) -> Result<()> {
        if self.store.records_of(client).await?.is_empty() {
            return Err(DeskError::not_found("client in the sealed register", client));
        }
        Ok(())
    }
}

fn held(hold: &Retention) -> String {
    let until = hold.until.map(|until| until.to_string()).unwrap_or_default();
    format!("the client is held until {until} ({}): release the hold first", hold.basis)
}

fn erasure_setting(client: &Handle) -> String {
    format!("client-erasure/{client}")
}

fn holds_setting(client: &Handle) -> String {
    format!("client-holds/{client}")
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
