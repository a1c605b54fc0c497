//! Reading and writing files so that they are there whole or not at all.

use anyhow::{Context, Result, bail};
use countersign_verify::evidence::Files;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};
use zeroize::Zeroizing;

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// A text for people that names the file.
pub fn read(path: &Path, limit: usize) -> Result<Vec<u8>> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {}", path.display()))?;
    if bytes.len() > limit {
        bail!("{} is longer than the {limit} bytes that are allowed here", path.display());
    }
    Ok(bytes)
}

/// Reads a text file of at most `limit` bytes.
///
/// # Errors
/// A text for people that names the file.
pub fn read_text(path: &Path, limit: usize) -> Result<String> {
    String::from_utf8(read(path, limit)?).with_context(|| format!("{} is not UTF-8", path.display()))
}

/// Reads a key of at most `limit` bytes. One that others can read is refused: whoever has it can sign in its owner's place.
///
/// # Errors
/// A text for people that names the file.
pub fn read_secret(path: &Path, limit: usize) -> Result<Zeroizing<String>> {
    let text = Zeroizing::new(read_text(path, limit)?);
    if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        bail!(
            "{} can be read by others: say `chmod 600` to it, or make a new key if others may have read it",
            path.display()
        );
    }
    Ok(text)
}

/// Writes a file that everybody may read: whole, or not at all.
///
/// # Errors
/// A text for people that names the file.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, bytes, 0o644)
}

/// Writes a secret that only its owner may read: whole, or not at all.
///
/// # Errors
/// A text for people that names the file.
pub fn write_secret(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, bytes, 0o600)
}

fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    // Of a bare name the parent is the empty path, which cannot be opened.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let go = || -> std::io::Result<()> {
        fs::create_dir_all(folder)?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let temporary = path.with_file_name(name);
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        File::open(folder)?.sync_all()
    };
    go().with_context(|| format!("cannot write {}", path.display()))
}

/// Every file under `folder`, by path relative to it.
///
/// # Errors
/// A text for people that names the file.
pub fn read_folder(folder: &Path, limit: usize) -> Result<Files> {
    let mut files = Files::new();
    let mut open = vec![PathBuf::new()];
    let mut total = 0usize;
    while let Some(relative) = open.pop() {
        let here = folder.join(&relative);
        for entry in fs::read_dir(&here).with_context(|| format!("cannot read {}", here.display()))? {
            let entry = entry?;
            let path = relative.join(entry.file_name());
            let kind = entry.file_type()?;
            if kind.is_dir() {
                open.push(path);
            } else if kind.is_file() {
                let bytes = read(&folder.join(&path), limit)?;
                total = total.saturating_add(bytes.len());
                if total > limit {
                    bail!("{} holds more than {limit} bytes", folder.display());
                }
                files.insert(slashes(&path)?, bytes);
            } else {
                bail!("{} is neither a file nor a folder: links are not followed", folder.join(&path).display());
            }
        }
    }
    Ok(files)
}

/// Writes files under a folder that must not exist yet: all of them or none.
///
/// # Errors
/// A text for people that names the file.
pub fn write_folder(folder: &Path, files: &Files) -> Result<()> {
    if folder.exists() {
        bail!("{} exists already: name a folder that does not", folder.display());
    }
    let temporary = folder.with_extension("part");
    if temporary.exists() {
        fs::remove_dir_all(&temporary).with_context(|| format!("cannot remove {}", temporary.display()))?;
    }
    for (path, bytes) in files {
        safe(path)?;
        replace(&temporary.join(path), bytes, 0o600)?;
    }
    fs::rename(&temporary, folder).with_context(|| format!("cannot write {}", folder.display()))
}

/// Reads a tar archive into memory; hostile paths, links and repeated names are refused.
///
/// # Errors
/// A text for people that names the file.
pub fn untar(bytes: &[u8], limit: usize) -> Result<Files> {
    let mut files = Files::new();
    let mut total = 0u64;
    for entry in tar::Archive::new(bytes).entries().context("not a tar archive")? {
        let mut entry = entry.context("not a tar archive")?;
        let path = entry.path_bytes().into_owned();
        let path = String::from_utf8(path).context("a path in the archive is not UTF-8")?;
        if entry.header().entry_type() != tar::EntryType::Regular {
            bail!("`{path}` in the archive is not a regular file");
        }
        safe(&path)?;
        total = total.saturating_add(entry.size());
        if total > limit as u64 {
            bail!("the archive holds more than {limit} bytes");
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content).with_context(|| format!("`{path}` in the archive is cut off"))?;
        if files.insert(path.clone(), content).is_some() {
            bail!("`{path}` stands twice in the archive");
        }
    }
    Ok(files)
}

/// Refuses paths that leave the folder.
fn safe(path: &str) -> Result<()> {
    let plain = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    if !plain || path.is_empty() || path.contains('\\') || path.contains("//") || path.ends_with('/') {
        bail!("`{}` is not a plain relative path", path.chars().take(80).collect::<String>());
    }
    Ok(())
}

fn slashes(path: &Path) -> Result<String> {
    let text = path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_paths_are_refused() {
        for bad in ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", "./a", "a\\b"] {
            assert!(safe(bad).is_err(), "{bad}");
        }
        safe("evidence/order.json").unwrap();
    }

    #[test]
    fn an_archive_with_a_link_or_a_repeated_name_is_refused() {
        let archive = |build: &dyn Fn(&mut tar::Builder<Vec<u8>>)| {
            let mut builder = tar::Builder::new(Vec::new());
            build(&mut builder);
            builder.into_inner().unwrap()
        };
        let file = |builder: &mut tar::Builder<Vec<u8>>, name: &str| {
            let mut header = tar::Header::new_ustar();
            header.set_size(1);
            header.set_cksum();
            builder.append_data(&mut header, name, &b"x"[..]).unwrap();
        };
        let good = archive(&|builder| file(builder, "a"));
        assert_eq!(untar(&good, 100).unwrap().len(), 1);
        assert!(untar(&good, 0).is_err());
        let twice = archive(&|builder| {
            file(builder, "a");
            file(builder, "a");
        });
        assert!(untar(&twice, 100).unwrap_err().to_string().contains("twice"));
        let link = archive(&|builder| {
            let mut header = tar::Header::new_ustar();
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            header.set_cksum();
            builder.append_link(&mut header, "a", "/etc/passwd").unwrap();
        });
        assert!(untar(&link, 100).unwrap_err().to_string().contains("not a regular file"));
        assert!(untar(b"not a tar at all, and shorter than a block", 100).is_err());
    }

    #[test]
    fn a_folder_is_written_once() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("out");
        let files = Files::from([("a/b.json".into(), b"{}".to_vec())]);
        write_folder(&folder, &files).unwrap();
        assert_eq!(read_folder(&folder, 100).unwrap(), files);
        assert!(write_folder(&folder, &files).is_err());
    }
}
