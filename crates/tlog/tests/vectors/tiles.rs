use std::collections::BTreeSet;

use countersign_tlog::leaf_hash;
use countersign_tlog::merkle::root_at;
use countersign_tlog::tile::{
    TileError, TileHashes, TileKind, TilePath, TileReader, decode_bundle, encode_bundle, tiles_of, tiles_to_write,
};
use serde_json::{Map, json};
use sha2::{Digest, Sha256};

use super::{Cases, hex};
use crate::kit;
use crate::tiles::written;

/// Gives the same bytes whatever tile is asked for.
struct Same<'b>(&'b [u8]);

impl TileReader for Same<'_> {
    type Error = String;
    fn read(&mut self, _: &TilePath) -> Result<Vec<u8>, String> {
        Ok(self.0.to_vec())
    }
}

#[test]
fn tiles() {
    let mut cases = Cases::new(
        "paths of tiles; tiles to write when a log grows; logs that published these sizes, leaf n being the text \
         `leaf n`, with the SHA-256 of every file; hash tiles and entry bundles",
    );
    paths(&mut cases);
    for (from, to) in [(0, 1), (0, 256), (255, 257), (0, 70_000), (5, 5)] {
        let paths: Vec<String> = tiles_to_write(from, to)
            .iter()
            .map(ToString::to_string)
            .filter(|path| to < 1_000 || path.contains(".p/"))
            .collect();
        let given = json!({"kind": "growth", "from": from, "to": to, "partial_only": to >= 1_000, "paths": paths});
        cases.add(format!("growth from {from} to {to}"), true, &Ok::<_, String>(()), given);
    }
    for steps in [vec![1], vec![3], vec![255], vec![256], vec![257], vec![3, 253, 1, 343]] {
        let folder = written(&steps);
        let published: Vec<u64> =
            steps.iter().scan(0, |size, step| Some(*size + step).inspect(|now| *size = *now)).collect();
        let needed: BTreeSet<_> =
            published.iter().flat_map(|size| tiles_of(*size)).map(|path| path.to_string()).collect();
        assert!(needed.iter().eq(folder.0.keys()), "{published:?}");
        let files: Map<_, _> =
            folder.0.iter().map(|(path, bytes)| (path.clone(), json!(hex(&Sha256::digest(bytes))))).collect();
        let root = |size: &u64| root_at(*size, &mut kit::tree(*size)).unwrap().to_string();
        let roots: Vec<_> = published.iter().map(root).collect();
        let given = json!({"kind": "log", "published": published, "roots": roots, "sha256": files});
        cases.add(format!("log of sizes {published:?}"), true, &Ok::<_, String>(()), given);
    }
    hash_tiles(&mut cases);
    bundles(&mut cases);
    cases.keep("tiles.json");
}

fn paths(cases: &mut Cases) {
    for (path, ok) in [
        ("tile/0/000", true),
        ("tile/0/x001/x234/067", true),
        ("tile/7/999.p/255", true),
        ("tile/63/000", true),
        ("tile/entries/x001/000.p/1", true),
        ("tile/0/x018/x446/x744/x073/x709/x551/615", true),
        ("", false),
        ("tile/0", false),
        ("tile/00/000", false),
        ("tile/64/000", false),
        ("tile/-1/000", false),
        ("tile//000", false),
        ("tile/0/0", false),
        ("tile/0/0000", false),
        ("tile/0/1000", false),
        ("tile/0/x000/001", false),
        ("tile/0/001/000", false),
        ("tile/0/x001/x000", false),
        ("tile/0/X001/000", false),
        ("tile/0/x001", false),
        ("tile/0/+00", false),
        ("tile/0/ 00", false),
        ("tile/0/\u{661}00", false),
        ("tile/0/x018/x446/x744/x073/x709/x551/616", false),
        ("tile/0/000.p/256", false),
        ("tile/0/000.p/0", false),
        ("tile/0/000.p/01", false),
        ("tile/0/000.p/", false),
        ("tile/0/000.p", false),
        ("tile/0/000.p/1.p/1", false),
        ("/tile/0/000", false),
        ("tile/0/000/", false),
        ("tile/0/../000", false),
        ("tile/entries/../000", false),
        ("tile/data/000", false),
        ("tile/8/0/000", false),
        ("tile/entries/000.gz", false),
        ("checkpoint", false),
    ] {
        cases.add(format!("path `{path}`"), ok, &path.parse::<TilePath>(), json!({"kind": "path", "path": path}));
    }
}

fn hash_tiles(cases: &mut Cases) {
    let good: Vec<u8> = (0..3).flat_map(|index| leaf_hash(&kit::leaf(index)).0).collect();
    for (name, bytes, ok) in [
        ("three hashes", good.clone(), true),
        ("a hash too few", good[32..].to_vec(), false),
        ("a hash too many", [good.as_slice(), &[0; 32]].concat(), false),
        ("a byte too few", good[1..].to_vec(), false),
        ("a byte too many", [good.as_slice(), &[0]].concat(), false),
        ("empty", vec![], false),
    ] {
        let found: Result<_, TileError<String>> = TileHashes::new(3, Same(&bytes)).tile(0, 0);
        let given = json!({"kind": "hash-tile", "hex": hex(&bytes), "path": "tile/0/000.p/3"});
        cases.add(format!("hash tile: {name}"), ok, &found, given);
    }
}

fn bundles(cases: &mut Cases) {
    let good = encode_bundle([b"a".as_slice(), b"", b"bcd"]).unwrap();
    let path = |width| TilePath::new(TileKind::Entries, 0, width).unwrap().to_string();
    for (name, bytes, width, ok) in [
        ("three entries", good.clone(), 3, true),
        ("one empty entry", vec![0, 0], 1, true),
        ("an entry fewer than promised", good.clone(), 4, false),
        ("an entry more than promised", good.clone(), 2, false),
        ("cut in an entry", good[..good.len() - 1].to_vec(), 3, false),
        ("cut in a length", good[..4].to_vec(), 2, false),
        ("a byte behind the last entry", [good.as_slice(), &[0]].concat(), 3, false),
        ("length in little endian", vec![1, 0, b'a'], 1, false),
        ("length above what is left", vec![0xff, 0xff, b'a'], 1, false),
        ("empty", vec![], 1, false),
    ] {
        let given = json!({"kind": "bundle", "hex": hex(&bytes), "path": path(width)});
        cases.add(format!("bundle: {name}"), ok, &decode_bundle(&bytes, width), given);
    }
}
