//! Files that are there, whole, after a crash: written beside, synced, renamed, and their folder synced.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Ending of files that are being written; what a crash leaves of them means nothing.
pub(crate) const UNFINISHED: &str = "unfinished";

/// Puts `bytes` at `path`, whole or not at all, in the place of whatever was there.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut folders = BTreeSet::new();
    place(path, bytes, &mut folders)?;
    // A crash between creating a folder and syncing the one above it leaves a folder that is there and would not outlast a power cut.
    folders
        .extend(path.ancestors().skip(2).take(2).filter(|folder| !folder.as_os_str().is_empty()).map(Path::to_owned));
    sync_folders(&folders)
}

/// As [`replace`], but leaves the syncing of the folders it adds to `folders` to the caller.
pub(crate) fn place(path: &Path, bytes: &[u8], folders: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    let parent = path.parent().ok_or_else(|| io::Error::other("a file needs a folder"))?;
    create_folder(parent, folders)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(UNFINISHED);
    let unfinished = path.with_file_name(name);
    let mut file = File::create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&unfinished, path)?;
    folders.insert(parent.to_owned());
    Ok(())
}

/// Makes renames and new entries of these folders last.
pub(crate) fn sync_folders(folders: &BTreeSet<PathBuf>) -> io::Result<()> {
    folders.iter().try_for_each(|folder| File::open(folder)?.sync_all())
}

fn create_folder(folder: &Path, folders: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    create_folder(parent, folders)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => {
            folders.insert(parent.to_owned());
            Ok(())
        }
    }
}
