use std::fmt;
use std::str::FromStr;

use crate::encoding;
use crate::tile::{LEVELS, TILE_WIDTH};

/// Address of a tile: `tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]`, relative to the log's prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TilePath {
    kind: TileKind,
    index: u64,
    // INVARIANT: 1 to 256; 256 is a full tile.
    width: u16,
}

/// Hash tile or entry bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileKind {
    /// Hashes; level 0 holds leaf hashes. Levels 0 to 63 can be written, 0 to 7 occur.
    Hashes(u8),
    /// Entries themselves.
    Entries,
}

/// Not a tile's path, or not its one spelling.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the path of a tile")]
pub struct PathError(String);

/// Longest path: `tile/entries/` and seven groups of an index below 2^64, and `.p/255`.
const MAX_PATH_BYTES: usize = 64;

impl TilePath {
    /// A tile's address; `None` for a width outside 1..=256 or a level above 63.
    pub fn new(kind: TileKind, index: u64, width: u16) -> Option<Self> {
        let level = match kind {
            TileKind::Hashes(level) => level,
            TileKind::Entries => 0,
        };
        (level <= 63 && (1..=256).contains(&width)).then_some(Self { kind, index, width })
    }

    /// Hash tile or bundle.
    pub fn kind(&self) -> TileKind {
        self.kind
    }

    /// Position within its level.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Hashes or entries in it, 1 to 256.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Whether it can still grow.
    pub fn is_partial(&self) -> bool {
        u64::from(self.width) < TILE_WIDTH
    }

    /// The full tile at the same place.
    pub fn to_full(self) -> Self {
        Self { width: TILE_WIDTH as u16, ..self }
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes(level) => write!(f, "tile/{level}/")?,
            TileKind::Entries => f.write_str("tile/entries/")?,
        }
        let mut rest = self.index;
        let mut groups = vec![rest % 1000];
        while rest >= 1000 {
            rest /= 1000;
            groups.push(rest % 1000);
        }
        for (left, group) in groups.iter().enumerate().rev() {
            if left == 0 { write!(f, "{group:03}")? } else { write!(f, "x{group:03}/")? }
        }
        if self.is_partial() { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

impl FromStr for TilePath {
    type Err = PathError;

    /// Parses the one spelling of a path; no leading slash, no other form of the same number.
    fn from_str(text: &str) -> Result<Self, PathError> {
        let wrong = || PathError(encoding::shown(text));
        if text.len() > MAX_PATH_BYTES {
            return Err(wrong());
        }
        let path = parse(text).ok_or_else(wrong)?;
        if path.to_string() == text { Ok(path) } else { Err(wrong()) }
    }
}

fn parse(text: &str) -> Option<TilePath> {
    let (kind, rest) = text.strip_prefix("tile/")?.split_once('/')?;
    let kind = match kind {
        "entries" => TileKind::Entries,
        level => TileKind::Hashes(u8::try_from(encoding::decimal(level)?).ok()?),
    };
    let (number, width) = match rest.split_once(".p/") {
        None => (rest, 256),
        Some((number, width)) => (number, u16::try_from(encoding::decimal(width)?).ok().filter(|width| *width < 256)?),
    };
    let mut index = 0_u64;
    for group in number.split('/') {
        let digits = group.strip_prefix('x').unwrap_or(group);
        if digits.len() != 3 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    TilePath::new(kind, index, width)
}

/// All tiles and bundles of a log of `size` leaves that is not pruned, for its full tiles and its own partial ones.
pub fn tiles_of(size: u64) -> Vec<TilePath> {
    tiles_to_write(0, size)
}

/// The tiles and bundles to write when a log that has all of `from` grows to `to`: those that became full and the
/// partial ones of size `to`. Empty if `to <= from`.
pub fn tiles_to_write(from: u64, to: u64) -> Vec<TilePath> {
    let mut paths = Vec::new();
    if to <= from {
        return paths;
    }
    let mut grow = |kind, from: u64, to: u64| {
        for index in from / TILE_WIDTH..=to / TILE_WIDTH {
            let width = (to - index * TILE_WIDTH).min(TILE_WIDTH) as u16;
            paths.extend(TilePath::new(kind, index, width));
        }
    };
    grow(TileKind::Entries, from, to);
    for level in 0..LEVELS {
        let (from, to) = (from >> (8 * level), to >> (8 * level));
        if from == to {
            break;
        }
        grow(TileKind::Hashes(level), from, to);
    }
    paths
}
