//! Programs of others that check what the demo wrote: `true`, `false`, or `"not installed"`.

use crate::ceremony::AUTHORITY_FILES;
use crate::signer::armor;
use anyhow::{Context, Result};
use countersign_core::approval::{APPROVAL_NAMESPACE, Approval, approval_message};
use countersign_testkit::require::find_program;
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

fn not_installed() -> Value {
    Value::from("not installed")
}

/// Whether `age --decrypt` opens a package with the authority's identity.
pub(crate) fn age_opens(package: &Path, keys: &Path) -> Result<Value> {
    let Some(age) = find_program("age") else { return Ok(not_installed()) };
    let [_, _, identity] = AUTHORITY_FILES;
    let output = Command::new(age).arg("--decrypt").arg("-i").arg(keys.join(identity)).arg(package).output()?;
    // The content is a tar archive: its magic stands at byte 257.
    Ok(Value::from(output.status.success() && output.stdout.get(257..262) == Some(b"ustar")))
}

/// Whether `sha512sum --check --strict` accepts a list of digests in its folder.
pub(crate) fn sums_hold(folder: &Path, list: &str) -> Result<Value> {
    let Some(program) = find_program("sha512sum") else { return Ok(not_installed()) };
    let output = Command::new(program).args(["--check", "--strict", "--quiet", list]).current_dir(folder).output()?;
    Ok(Value::from(output.status.success()))
}

/// Whether `ssh-keygen -Y verify` accepts an approval in SSHSIG form.
pub(crate) fn ssh_signature_holds(approval: &Approval, folder: &Path) -> Result<Value> {
    let Some(program) = find_program("ssh-keygen") else { return Ok(not_installed()) };
    let signers = folder.join("allowed_signers");
    let signature = folder.join("approval.sig");
    crate::files::write(&signers, format!("{} {}\n", approval.approver, approval.key).as_bytes())?;
    crate::files::write(&signature, armor(&approval.signature).as_bytes())?;
    let mut child = Command::new(program)
        .args(["-Y", "verify", "-n", APPROVAL_NAMESPACE, "-I", approval.approver.as_str(), "-f"])
        .arg(&signers)
        .arg("-s")
        .arg(&signature)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start ssh-keygen")?;
    child.stdin.take().context("ssh-keygen takes no input")?.write_all(&approval_message(&approval.signed_digest()))?;
    Ok(Value::from(child.wait()?.success()))
}
