//! Files that are there, whole, after a crash, and that only their owner reads.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// Whether a file may stand in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// The write fails with [`ErrorKind::AlreadyExists`].
    Refuse,
    /// Replaced, whole or not at all.
    Replace,
}

/// End of the name of a file that is being written.
const UNFINISHED: &str = ".unfinished";

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Mode 0600.
    Owner,
    /// Mode 0644: what is public anyhow.
    Everybody,
}

/// Writes a file of mode 0600: beside its place, synced, moved there, and the folder synced.
pub(crate) fn place(path: &Path, bytes: &[u8], existing: Existing) -> io::Result<()> {
    place_for(path, bytes, existing, Readers::Owner)
}

/// As [`place`], for these readers.
pub(crate) fn place_for(path: &Path, bytes: &[u8], existing: Existing, readers: Readers) -> io::Result<()> {
    let folder = path.parent().ok_or_else(|| io::Error::other("a file needs a folder"))?;
    let unfinished = unfinished(path);
    let _ = fs::remove_file(&unfinished);
    let mut file = options(readers).create_new(true).open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    let placed = match existing {
        Existing::Replace => fs::rename(&unfinished, path),
        // A link fails when its name is taken; a rename would replace.
        Existing::Refuse => fs::hard_link(&unfinished, path).and_then(|()| fs::remove_file(&unfinished)),
    };
    if let Err(error) = placed {
        let _ = fs::remove_file(&unfinished);
        return Err(error);
    }
    sync_folder(folder)
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(UNFINISHED);
    path.with_file_name(name)
}

/// A file's bytes; `None` when there is none.
pub(crate) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Names of the files in a folder, sorted, those left unfinished by a crash under the name they were to get; none when
/// there is no folder. Names that are no text are nobody's here.
pub(crate) fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry?.file_name().into_string().ok();
        names.extend(name.map(|name| name.strip_suffix(UNFINISHED).unwrap_or(&name).to_owned()));
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// Removes a file that may be gone already, and what a crash left of writing it.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    for path in [&unfinished(path), path] {
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    path.parent().map_or(Ok(()), sync_folder)
}

/// Creates a folder of mode 0700 that may exist already.
pub(crate) fn folder(path: &Path) -> io::Result<()> {
    make_folder(path, 0o700)
}

/// Creates a folder of mode 0755 that may exist already, with those above it.
pub(crate) fn public_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() { Ok(()) } else { make_folder(path, 0o755) }
}

#[cfg_attr(not(unix), expect(unused_variables, reason = "only Unix has modes"))]
fn make_folder(path: &Path, mode: u32) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(mode);
    }
    builder.create(path)?;
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), sync_folder)
}

/// Creates an empty file of mode 0600 unless it is there.
pub(crate) fn touch(path: &Path) -> io::Result<()> {
    match options(Readers::Owner).create_new(true).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn options(readers: Readers) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(match readers {
            Readers::Owner => 0o600,
            Readers::Everybody => 0o644,
        });
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_or_refused_and_a_crash_leaves_no_obstacle() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(folder.path().join("secret.unfinished"), b"left by a crash").unwrap();
        place(&path, b"one", Existing::Refuse).unwrap();
        let refused = place(&path, b"two", Existing::Refuse).unwrap_err();
        assert_eq!((refused.kind(), read(&path).unwrap().unwrap()), (ErrorKind::AlreadyExists, b"one".to_vec()));
        place(&path, b"two", Existing::Replace).unwrap();
        assert_eq!(read(&path).unwrap().unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        fs::write(folder.path().join("other.unfinished"), b"left by a crash").unwrap();
        assert_eq!(names(folder.path()).unwrap(), ["other", "secret"]);
        remove(&folder.path().join("other")).unwrap();
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert_eq!(read(&path).unwrap(), None);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(names(&folder.path().join("none")).unwrap().is_empty());
    }
}
