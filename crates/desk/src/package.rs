//! The package of recipient mode A, and the job of a worker: evidence, sealed entries, the trustees' encrypted replies - in one age file, or one archive.

use crate::desk::Desk;
use crate::error::{DeskError, Result};
use crate::publish::PublicOrder;
use crate::register::opened_record;
use crate::release::Said;
use base64ct::{Base64, Encoding};
use countersign_core::approval::Approval;
use countersign_core::class::Class;
use countersign_core::encoding::hex;
use countersign_core::id::RecordId;
use countersign_core::json::Exact;
use countersign_core::order::Order;
use countersign_seal::handover;
use countersign_seal::identity::Identity;
use countersign_seal::label::Label;
use countersign_seal::sigma::Sigma;
use countersign_seal::transport::TransportKey;
use countersign_verify::evidence::{Files, SUMS, sums};
use countersign_verify::manifest::Manifest;
use countersign_verify::wire::StandingEvidence;
use std::collections::BTreeMap;
use std::io::Write;
use zeroize::Zeroizing;

/// What a package is built from.
pub(crate) struct Sources<'s> {
    pub(crate) desk: &'s Desk,
    /// The approvals that were handed to the trustees.
    pub(crate) approvals: &'s [Exact<Approval>],
    pub(crate) order: &'s Exact<Order>,
    pub(crate) manifest: &'s Exact<Manifest>,
    /// Exact bytes of the facts: of a case, or of a run.
    pub(crate) facts: &'s [u8],
    /// The standing order of a run.
    pub(crate) standing: Option<&'s StandingEvidence>,
    pub(crate) public: &'s PublicOrder,
    pub(crate) answered: &'s [&'s Said],
    pub(crate) delay: Option<String>,
    /// Exact text of the worker's binding, where the order names a worker.
    pub(crate) binding: Option<&'s str>,
    /// Where the run seals records anew: the X-Wing key, base64, to which the clients' sigmas are encrypted.
    pub(crate) handed: Option<&'s str>,
    /// The authority's age recipient; none for a worker, whose replies nobody else can read.
    pub(crate) age: Option<String>,
}

/// A package, and the evidence folder as the custodian keeps it.
pub(crate) struct Built {
    pub(crate) file: Vec<u8>,
    pub(crate) evidence: Files,
}

/// Builds the package. The authority's evidence has no facts: counsel's conclusions stay with custodian and trustees.
pub(crate) async fn build(sources: &Sources<'_>) -> Result<Built> {
    let own = evidence(sources, true).await?;
    let mut package = Files::new();
    // What a run is for goes along: the worker needs it.
    for (path, bytes) in evidence(sources, sources.standing.is_some()).await? {
        package.insert(format!("evidence/{path}"), bytes);
    }
    sealed(sources, &mut package).await?;
    if let Some(key) = sources.handed {
        anew(sources, key, &mut package).await?;
    }
    for said in sources.answered {
        package.insert(format!("replies/{}.bin", said.trustee), said.reply.clone().unwrap_or_default());
    }
    with_sums(&mut package);
    let tar = Zeroizing::new(tar(&package)?);
    let file = match &sources.age {
        Some(recipient) => encrypt(recipient, &tar)?,
        None => tar.to_vec(),
    };
    Ok(Built { file, evidence: own })
}

async fn evidence(sources: &Sources<'_>, with_facts: bool) -> Result<Files> {
    let Sources { desk, approvals, order, manifest, public, answered, delay, .. } = sources;
    let custodian = desk.custodian();
    let ring = custodian.ring_of(&order.value().ring)?;
    let mut files = desk.control_files().await?;
    let mut put = |path: String, bytes: Vec<u8>| {
        files.insert(path, bytes);
    };
    put("order.json".into(), order.bytes().to_vec());
    put("manifest.json".into(), manifest.bytes().to_vec());
    if with_facts {
        put("facts.json".into(), sources.facts.to_vec());
    }
    if let Some(standing) = sources.standing {
        put("standing/order.json".into(), standing.order.clone().into_bytes());
        put("standing/duty.json".into(), standing.duty.clone().into_bytes());
        put("standing/order.leaf".into(), standing.leaf.leaf.clone().into_bytes());
        let disclosures = serde_json::to_vec(&standing.leaf.disclosures).map_err(DeskError::internal)?;
        put("standing/order.disclosures.json".into(), disclosures);
        put("standing/order.tlog-proof".into(), standing.leaf.proof.clone().into_bytes());
    }
    for (number, approval) in (1u32..).zip(approvals.iter()) {
        put(format!("approvals/{number:02}.json"), approval.bytes().to_vec());
    }
    put("order.leaf".into(), public.leaf.leaf().to_vec());
    put("order.disclosures.json".into(), serde_json::to_vec(&public.disclosures).map_err(DeskError::internal)?);
    put("order.tlog-proof".into(), public.leaf.proof().to_string().into_bytes());
    for said in answered.iter() {
        put(format!("receipts/{}.signed", said.trustee), said.receipt_text.clone().into_bytes());
    }
    put("ring.json".into(), ring.ring.document().bytes().to_vec());
    for (trustee, confirmation) in (1u32..).zip(&ring.confirmations) {
        put(format!("ring-confirmations/{trustee:03}.json"), confirmation.clone().into_bytes());
    }
    put("shares.json".into(), ring.shares.bytes().to_vec());
    put("directory.json".into(), custodian.directory.bytes().to_vec());
    put("policy-bundle.json".into(), custodian.bundle.to_document().map_err(DeskError::internal)?.into_bytes());
    if let Some(binding) = sources.binding {
        put("binding.signed".into(), binding.as_bytes().to_vec());
    }
    if let Some(delay) = delay {
        put("delay.signed".into(), delay.clone().into_bytes());
    }
    with_sums(&mut files);
    Ok(files)
}

/// Sealed records of the manifest, and sigma_c of exactly the classes that the order opens.
async fn sealed(sources: &Sources<'_>, package: &mut Files) -> Result<()> {
    let mut sigmas: BTreeMap<RecordId, BTreeMap<Class, String>> = BTreeMap::new();
    for entry in &sources.manifest.value().entries {
        let stored = sources.desk.store().record(&entry.record).await?;
        let stored = stored.ok_or_else(|| DeskError::not_found("record", entry.record))?;
        let record = opened_record(&stored).map_err(DeskError::internal)?;
        let (handle, u) = (record.label().head().handle, *record.capsule().header.u().bytes());
        package.insert(format!("sealed/{}.bin", entry.record), record.encode());
        // An erased client has no sigma: the recipient's tool says so.
        if let Some(sigma) = sources.desk.sigmas.sigma(&handle).await? {
            let sigma = Sigma::from_bytes(*sigma);
            let released = entry.classes.iter().map(|class| (class, hex(sigma.of_class(class, &u).expose()))).collect();
            sigmas.insert(entry.record, released);
        }
    }
    package.insert("sealed/sigmas.json".into(), serde_json::to_vec(&sigmas).map_err(DeskError::internal)?);
    Ok(())
}

/// What a worker needs to seal the run's records anew: the ring in force, and its clients' whole sigmas, which only the key
/// that was made for this order opens.
async fn anew(sources: &Sources<'_>, key: &str, package: &mut Files) -> Result<()> {
    let desk = sources.desk;
    let ring = desk.custodian().ring.as_ref().ok_or_else(|| DeskError::internal("no ring"))?;
    package.insert("reseal/ring.json".into(), ring.ring.document().bytes().to_vec());
    for (trustee, confirmation) in (1u32..).zip(&ring.confirmations) {
        package.insert(format!("reseal/ring-confirmations/{trustee:03}.json"), confirmation.clone().into_bytes());
    }
    let mut sigmas = BTreeMap::new();
    for entry in &sources.manifest.value().entries {
        let label = Label::decode(&entry.label.0).map_err(DeskError::internal)?;
        let handle = label.head().handle;
        if sigmas.contains_key(&handle) {
            continue;
        }
        let sigma = desk.sigmas.sigma(&handle).await?;
        let sigma = sigma.ok_or_else(|| {
            DeskError::Input(format!("client {handle} was erased since this run was begun: begin the next one"))
        })?;
        sigmas.insert(handle, Sigma::from_bytes(*sigma));
    }
    let key = Base64::decode_vec(key).map_err(DeskError::internal)?;
    let key = TransportKey::decode(&key).map_err(DeskError::internal)?;
    let sender = Identity::from_seed(&desk.custodian().desk_key.to_bytes());
    let sealed = handover::seal(&sigmas, &sources.order.digest(), &key, &sender, &mut *desk.rng());
    package.insert("reseal/sigmas.sealed".into(), sealed.map_err(DeskError::internal)?);
    Ok(())
}

fn with_sums(files: &mut Files) {
    let list = sums(files);
    files.insert(SUMS.into(), list.into_bytes());
}

fn tar(files: &Files) -> Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(0);
        header.set_cksum();
        archive.append_data(&mut header, path, bytes.as_slice()).map_err(DeskError::internal)?;
    }
    archive.into_inner().map_err(DeskError::internal)
}

fn encrypt(recipient: &str, bytes: &[u8]) -> Result<Vec<u8>> {
    let recipient: age::x25519::Recipient =
        recipient.parse().map_err(|error| DeskError::Input(format!("age key of the authority: {error}")))?;
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient))
        .map_err(DeskError::internal)?;
    let mut out = Vec::with_capacity(bytes.len() + 4096);
    let mut writer = encryptor.wrap_output(&mut out).map_err(DeskError::internal)?;
    writer.write_all(bytes).map_err(DeskError::internal)?;
    writer.finish().map_err(DeskError::internal)?;
    Ok(out)
}
