//! Tiles and entry bundles: paths, what to write when a log grows, how to read. C2SP tlog-tiles.

mod bundle;
mod edge;
mod path;
mod read;

pub use bundle::{BundleError, MAX_ENTRY_BYTES, decode_bundle, encode_bundle};
pub use edge::{BundleEdge, HashEdge};
pub use path::{PathError, TileKind, TilePath, tiles_of, tiles_to_write};
pub use read::{TileError, TileHashes, TileReader, read_entries, recompute};

/// Hashes in a full tile, entries in a full bundle.
pub const TILE_WIDTH: u64 = 256;

/// Bytes of a full hash tile.
pub const FULL_TILE_BYTES: usize = 8192;

/// Largest bundle in bytes: 256 entries of 65,535 bytes and their lengths.
pub const MAX_BUNDLE_BYTES: usize = 256 * (2 + MAX_ENTRY_BYTES);

/// Levels of tiles that a tree of at most 2^63 - 1 leaves can have.
const LEVELS: u8 = 8;
