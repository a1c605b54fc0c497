//! `countersign approver`: what an approver does alone, on a machine that is not the custodian's.

mod on_duty;

use crate::custody::Custody;
use crate::edge;
use crate::files;
use crate::signer::Signer;
use anyhow::{Context, Result, bail, ensure};
use base64ct::{Base64, Encoding};
use clap::{Args, Subcommand};
use countersign_core::control::Genesis;
use countersign_core::encoding::{hex, unhex};
use countersign_core::id::{Digest, PersonId};
use countersign_core::json::{Document, Exact};
use countersign_core::time::{DAY, MINUTE, Seconds};
use countersign_desk::figures::QUICK;
use countersign_seal::letter;
use countersign_seal::transport::TransportKey;
use countersign_verify::duress::{DURESS_NAMESPACE, DuressSecret, Letter, keys_digest_of};
use countersign_verify::founding::read_identity;
use rand_core::Rng as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

pub(crate) const EXAMPLE: &str =
    "Example (two keys in the roster; one letter for each trustee, all with the same secret):
  countersign approver duress-letter --genesis genesis.json --as anna-berg --key one.key --key two.key \\
      --secret anna.secret --trustee trustee-1-identity --out letter-1
  countersign approver key-for ORDER-DIGEST --key one.key --key two.key --secret anna.secret
  countersign approver figures --as anna-berg   (in the custodian's folder)
  countersign approver availability --lane court --requester XA --author lena-ohm";

#[derive(Args)]
pub(crate) struct Approver {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Tell one trustee, encrypted, how to recognise that you are made to sign.
    DuressLetter(DuressLetter),
    /// What your signatures add up to: how many approve, and how long each order can have been read at most.
    Figures(Figures),
    /// Who is on duty: by `custodian/on-duty.json`, without the absences of `custodian/rota.json`.
    OnDuty(on_duty::OnDuty),
    /// Whether the people on duty and the trustees can meet the clocks, asked at the worst moment.
    Availability(on_duty::Availability),
    /// Which of your two keys is the right one for an order; the other one calls for help.
    KeyFor(KeyFor),
}

#[derive(Args)]
struct DuressLetter {
    /// Genesis of the custodian.
    #[arg(long)]
    genesis: PathBuf,
    /// Who you are in the roster.
    #[arg(long = "as", value_name = "PERSON")]
    by: PersonId,
    #[command(flatten)]
    keys: Keys,
    /// The trustee's signed identity, as its owner gave it to you.
    #[arg(long)]
    trustee: PathBuf,
    /// Where the letter goes; whoever carries it cannot read it.
    #[arg(long)]
    out: PathBuf,
}

#[derive(Args)]
struct Figures {
    /// Who you are in the roster.
    #[arg(long = "as", value_name = "PERSON")]
    by: PersonId,
    /// Signatures of the last so many days.
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=3_660))]
    days: u16,
}

#[derive(Args)]
struct KeyFor {
    /// The digest that is to be signed.
    order: Digest,
    #[command(flatten)]
    keys: Keys,
}

/// An approver's two keys and secret.
#[derive(Args)]
struct Keys {
    /// Both keys: key files of countersign, or OpenSSH private keys.
    #[arg(long = "key", required = true, value_name = "KEY")]
    key: Vec<PathBuf>,
    /// Your secret, for your eyes only; made when the file does not exist.
    #[arg(long)]
    secret: PathBuf,
}

impl Approver {
    pub(crate) async fn run(self, dir: &Path) -> Result<()> {
        match self.command {
            Command::OnDuty(command) => Custody::during(dir, async |custody| command.run(custody)).await,
            Command::Availability(command) => Custody::during(dir, async |custody| command.run(custody)).await,
            Command::Figures(command) => Custody::during(dir, async |custody| command.run(custody).await).await,
            Command::DuressLetter(command) => command.run(),
            Command::KeyFor(command) => command.run(),
        }
    }
}

impl Keys {
    /// Both keys in the order of the roster.
    fn both(&self) -> Result<[(PathBuf, Signer); 2]> {
        let mut keys = Vec::new();
        for path in &self.key {
            keys.push((path.clone(), Signer::load(path)?));
        }
        keys.sort_by_key(|(_, signer)| signer.public());
        let keys =
            <[_; 2]>::try_from(keys).ok().context("name --key twice: the two keys of your entry in the roster")?;
        let [(_, first), (_, second)] = &keys;
        ensure!(first.public() != second.public(), "both files hold the same key");
        Ok(keys)
    }

    fn secret(&self) -> Result<DuressSecret> {
        let text = files::read_secret(&self.secret, 1024)?;
        let bytes: [u8; 32] =
            unhex(text.trim_end()).with_context(|| format!("{} is not a secret", self.secret.display()))?;
        Ok(DuressSecret::from_bytes(bytes))
    }
}

impl DuressLetter {
    fn run(self) -> Result<()> {
        let genesis = Exact::<Genesis>::parse(&files::read(&self.genesis, Genesis::MAX_LEN)?);
        let genesis = genesis.with_context(|| self.genesis.display().to_string())?;
        let keys = self.keys.both()?;
        let [(_, first), (_, second)] = &keys;
        let (identity, transport) = trustee(&self.trustee)?;
        if !self.keys.secret.exists() {
            let mut bytes = Zeroizing::new([0; 32]);
            edge::rng()?.fill_bytes(bytes.as_mut_slice());
            files::write_secret(&self.keys.secret, Zeroizing::new(format!("{}\n", hex(bytes.as_slice()))).as_bytes())?;
            println!("made {}: keep it apart from both keys", self.keys.secret.display());
        }
        let letter = Letter {
            custodian: genesis.value().custodian.id,
            genesis: genesis.digest(),
            trustee: identity,
            keys: keys_digest_of(&self.by, [&first.public(), &second.public()]),
            secret: self.keys.secret()?,
        };
        let line = letter.signed_line();
        let signatures = [first.sign(DURESS_NAMESPACE, &line)?, second.sign(DURESS_NAMESPACE, &line)?];
        let content = letter.encode([&signatures[0], &signatures[1]])?;
        let sealed = letter::seal(&content, &genesis.digest(), &transport, &mut edge::rng()?)?;
        files::write(&self.out, &sealed)?;
        println!("{}: for the trustee with the identity key {identity}, which takes it with", self.out.display());
        println!("  countersign trustee duress accept FOLDER {}", self.out.display());
        println!(
            "it counts once t trustees have taken theirs; a trustee takes the first letter about two keys and no other"
        );
        Ok(())
    }
}

/// A trustee's identity key and transport key, from its signed identity.
fn trustee(file: &Path) -> Result<(Digest, TransportKey)> {
    let text = files::read_text(file, 4 * 1024)?;
    let signed = read_identity(&text).with_context(|| format!("{} is no identity of a trustee", file.display()))?;
    let transport = Base64::decode_vec(&signed.value().transport).ok().and_then(|key| TransportKey::decode(&key).ok());
    let Some(transport) = transport else { bail!("{}: the transport key cannot be used", file.display()) };
    Ok((signed.value().identity, transport))
}

impl Figures {
    async fn run(self, custody: &Custody) -> Result<()> {
        let (days, since) = (self.days, custody.desk.now().plus(-Seconds::from(self.days) * DAY));
        let figures = custody.desk.approver_figures(&self.by, since).await?;
        let (Some(rate), Some(median)) = (figures.approval_rate(), figures.median()) else {
            println!("{} signed no order in the last {days} days", self.by);
            return Ok(());
        };
        let (approved, refused, quick) = (figures.approved, figures.refused, figures.quick);
        println!("{} in the last {days} days: {approved} approved, {refused} refused ({rate} % approved)", self.by);
        println!("from the proposal to your signature: half of them within {}", minutes(median));
        println!("signed within {} of the proposal: {quick}", minutes(QUICK));
        println!("these are the longest times that you can have read; nobody knows how long you did");
        let (drawn, confirmed, objected) = (figures.drawn, figures.confirmed, figures.objected);
        println!(
            "of the orders that you approved, drawn for a second review: {drawn} ({confirmed} confirmed, {objected} objected)"
        );
        Ok(())
    }
}

fn minutes(seconds: Seconds) -> String {
    format!("{} min {} s", seconds / MINUTE, seconds % MINUTE)
}

impl KeyFor {
    fn run(self) -> Result<()> {
        let keys = self.keys.both()?;
        let right = self.keys.secret()?.right_key(&self.order);
        let path = keys.get(right).map(|(path, _)| path.display().to_string()).unwrap_or_default();
        println!("{path}");
        Ok(())
    }
}
