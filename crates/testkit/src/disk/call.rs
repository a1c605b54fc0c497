//! What a program did to the disk, as a list that can be done again up to any point.

use std::path::PathBuf;

/// One call of the file system that changes or syncs something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Opens a file for writing and makes it when it is not there.
    Create {
        /// The file.
        path: PathBuf,
        /// Whether one that is there loses its bytes.
        truncate: bool,
    },
    /// Writes bytes at an offset.
    Write {
        /// The file.
        path: PathBuf,
        /// The offset.
        at: usize,
        /// The bytes that were written.
        bytes: Vec<u8>,
    },
    /// Cuts or grows a file.
    Length {
        /// The file.
        path: PathBuf,
        /// Its new length.
        length: usize,
    },
    /// Syncs a file or a folder.
    Sync {
        /// The file or folder.
        path: PathBuf,
        /// How many calls were complete when the sync began: of others running beside it, it promises nothing.
        before: usize,
    },
    /// A sync that reported an error.
    FailedSync {
        /// The file or folder.
        path: PathBuf,
    },
    /// Renames a file.
    Rename {
        /// Its old name.
        from: PathBuf,
        /// Its new name.
        to: PathBuf,
    },
    /// Removes a file.
    Remove {
        /// The file.
        path: PathBuf,
    },
    /// Makes a folder.
    CreateFolder {
        /// The folder.
        path: PathBuf,
    },
}

/// What happened in order: calls, and what the program told the world in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<N> {
    /// A call of the file system.
    Call(Call),
    /// Something that must stay true whatever happens to the disk afterwards.
    Note(N),
}
