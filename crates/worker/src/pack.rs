//! The product as one age file.

use crate::error::WorkerError;
use std::io::Write;
use zeroize::Zeroizing;

/// A ustar archive of these files, encrypted to one X25519 recipient. The archive is wiped.
pub(crate) fn pack<'f>(
    recipient: &str,
    files: impl IntoIterator<Item = (&'f str, &'f [u8])>,
) -> Result<Vec<u8>, WorkerError> {
    let failed = |error: std::io::Error| WorkerError::Package(error.to_string());
    let recipient: age::x25519::Recipient =
        recipient.parse().map_err(|error| WorkerError::Package(format!("age key of the recipient: {error}")))?;
    let archive = archive(files)?;
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient))
        .map_err(|error| WorkerError::Package(error.to_string()))?;
    let mut out = Vec::with_capacity(archive.len() + 4096);
    let mut writer = encryptor.wrap_output(&mut out).map_err(failed)?;
    writer.write_all(&archive).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(out)
}

/// A ustar archive of these files.
pub(crate) fn archive<'f>(
    files: impl IntoIterator<Item = (&'f str, &'f [u8])>,
) -> Result<Zeroizing<Vec<u8>>, WorkerError> {
    let failed = |error: std::io::Error| WorkerError::Package(error.to_string());
    let files: Vec<(&str, &[u8])> = files.into_iter().collect();
    // Reserved at once: a buffer that grows leaves copies of what it held behind.
    let room: usize = files.iter().map(|(_, bytes)| bytes.len().next_multiple_of(512) + 1024).sum();
    let mut archive = tar::Builder::new(Buffer(Zeroizing::new(Vec::with_capacity(room + 4096))));
    for (path, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(0);
        header.set_cksum();
        archive.append_data(&mut header, path, bytes).map_err(failed)?;
    }
    let Buffer(archive) = archive.into_inner().map_err(failed)?;
    Ok(archive)
}

struct Buffer(Zeroizing<Vec<u8>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
