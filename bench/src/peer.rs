//! The peer: what one writes with the crate `tlog_tiles` in an afternoon. Every new tile and bundle is written and synced, then the
//! signed checkpoint. No outbox, no idempotency keys, nothing is read back.

use ed25519_dalek::{Signer as _, SigningKey};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use tlog_tiles::{Error, Hash, HashReader, Tile, stored_hashes, tree_hash};

const HEIGHT: u8 = 8;

/// A log in a folder.
pub struct NaiveLog {
    folder: PathBuf,
    key: SigningKey,
    size: u64,
    hashes: Stored,
    /// Entries of the unfinished bundle.
    bundle: Vec<u8>,
}

struct Stored(Vec<Hash>);

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, Error> {
        Ok(indexes.iter().map(|index| self.0[*index as usize]).collect())
    }
}

impl NaiveLog {
    /// An empty log.
    pub fn new(folder: &Path) -> Self {
        let key = SigningKey::from_bytes(&[1; 32]);
        Self { folder: folder.to_owned(), key, size: 0, hashes: Stored(Vec::new()), bundle: Vec::new() }
    }

    /// Appends leaves and makes them last under a signed checkpoint.
    ///
    /// # Errors
    /// Those of the system and of `tlog_tiles`.
    pub fn append<T: AsRef<[u8]>>(&mut self, leaves: &[T]) -> Result<(), Box<dyn std::error::Error>> {
        let old = self.size;
        for leaf in leaves {
            let leaf = leaf.as_ref();
            let new = stored_hashes(self.size, leaf, &self.hashes)?;
            self.hashes.0.extend(new);
            self.bundle.extend(u16::try_from(leaf.len())?.to_be_bytes());
            self.bundle.extend(leaf);
            self.size += 1;
            if self.size.is_multiple_of(1 << HEIGHT) {
                let bundle = std::mem::take(&mut self.bundle);
                self.write(&Tile::new(HEIGHT, 0, (self.size >> HEIGHT) - 1, 1 << HEIGHT, true).path(), &bundle)?;
            }
        }
        let width = u32::try_from(self.size % (1 << HEIGHT))?;
        if width > 0 {
            self.write(&Tile::new(HEIGHT, 0, self.size >> HEIGHT, width, true).path(), &self.bundle)?;
        }
        for tile in Tile::new_tiles(HEIGHT, old, self.size) {
            self.write(&tile.path(), &tile.read_data(&self.hashes)?)?;
        }
        let root = tree_hash(self.size, &self.hashes)?;
        let text = format!("log.example/peer\n{}\n{}\n", self.size, root);
        let signature = self.key.sign(text.as_bytes());
        self.write("checkpoint", &[text.as_bytes(), &signature.to_bytes()].concat())?;
        Ok(())
    }

    /// Root of the tree.
    ///
    /// # Errors
    /// Those of `tlog_tiles`.
    pub fn root(&self) -> Result<[u8; 32], Error> {
        Ok(tree_hash(self.size, &self.hashes)?.0)
    }

    fn write(&self, path: &str, bytes: &[u8]) -> std::io::Result<()> {
        let path = self.folder.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    }
}
