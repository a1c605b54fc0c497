use std::collections::BTreeMap;

use countersign_tlog::leaf_hash;
use countersign_tlog::merkle::{Tree, inclusion_proof, root_at};
use countersign_tlog::tile::{
    BundleEdge, HashEdge, TileHashes, TileKind, TilePath, TileReader, decode_bundle, encode_bundle, read_entries,
    recompute, tiles_of, tiles_to_write,
};
use proptest::prelude::*;

use crate::kit;

#[derive(Default, Clone)]
pub(crate) struct Folder(pub(crate) BTreeMap<String, Vec<u8>>);

impl TileReader for Folder {
    type Error = String;
    fn read(&mut self, path: &TilePath) -> Result<Vec<u8>, String> {
        self.0.get(&path.to_string()).cloned().ok_or_else(|| "missing".to_owned())
    }
}

/// Writes a log in steps, as the sequencer does.
pub(crate) fn written(steps: &[u64]) -> Folder {
    let mut folder = Folder::default();
    let (mut hashes, mut bundles) = (HashEdge::new(), BundleEdge::new());
    let mut size = 0;
    for step in steps {
        let entries: Vec<Vec<u8>> = (size..size + step).map(kit::leaf).collect();
        let leaves: Vec<_> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        let mut tiles = hashes.append(&leaves);
        tiles.extend(bundles.append(&entries).unwrap());
        let mut paths: Vec<TilePath> = tiles.iter().map(|(path, _)| *path).collect();
        let mut expected = tiles_to_write(size, size + step);
        paths.sort();
        expected.sort();
        assert_eq!(paths, expected, "from {size} by {step}");
        folder.0.extend(tiles.into_iter().map(|(path, bytes)| (path.to_string(), bytes)));
        size += step;
    }
    folder
}

#[test]
fn a_log_written_in_steps_reads_back() {
    for steps in [vec![1], vec![255, 1], vec![256, 1, 600], vec![3, 70_000], vec![65_536], vec![65_536, 5, 300]] {
        let size: u64 = steps.iter().sum();
        let mut folder = written(&steps);
        let tree: Tree = kit::tree(size);
        let root = root_at(size, &mut tree.clone()).unwrap();
        let mut seen = 0;
        let frontier = recompute(size, &mut folder, |index, entry| {
            assert_eq!(entry, kit::leaf(index));
            seen += 1;
        })
        .unwrap();
        assert_eq!((frontier.root(), seen), (root, size));
        let mut tiles = TileHashes::new(size, folder.clone());
        for index in [0, size / 2, size - 1] {
            assert_eq!(
                inclusion_proof(index, size, &mut tiles).unwrap(),
                inclusion_proof(index, size, &mut tree.clone()).unwrap()
            );
        }
        let edge = HashEdge::read(size, folder.clone()).unwrap();
        assert!(edge.partial().iter().all(|(path, bytes)| folder.0[&path.to_string()] == *bytes));
        let mut tail = Vec::new();
        read_entries(size - size.min(10), size, size, &mut folder, |index, _| tail.push(index)).unwrap();
        assert_eq!(tail, (size - size.min(10)..size).collect::<Vec<_>>());
    }
}

#[test]
fn a_flipped_bit_anywhere_is_found() {
    let folder = written(&[300, 250]);
    let expected = recompute(550, &mut folder.clone(), |_, _| ()).unwrap();
    let current: Vec<String> = tiles_of(550).iter().map(ToString::to_string).collect();
    for name in current {
        for at in [0, 5, folder.0[&name].len() - 1] {
            let mut broken = folder.clone();
            broken.0.get_mut(&name).unwrap()[at] ^= 1;
            let found = recompute(550, &mut broken, |_, _| ());
            assert!(found.is_err() || found.is_ok_and(|frontier| frontier != expected), "{name} {at}");
        }
        let mut broken = folder.clone();
        broken.0.remove(&name);
        assert!(recompute(550, &mut broken, |_, _| ()).is_err(), "{name}");
    }
}

#[test]
fn example_of_the_specification() {
    let mut paths: Vec<String> = tiles_of(70_000).iter().map(ToString::to_string).collect();
    assert_eq!(paths.iter().filter(|path| path.starts_with("tile/0/")).count(), 274);
    paths.retain(|path| path.contains(".p/") || path.starts_with("tile/1") || path.starts_with("tile/2"));
    assert_eq!(
        paths,
        ["tile/entries/273.p/112", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]
    );
}

#[test]
fn tile_lists_agree_with_another_implementation() {
    for (from, to) in [(0, 1), (0, 256), (255, 257), (256, 512), (1, 70_000), (65_535, 65_536), (65_536, 65_536)] {
        let mut ours: Vec<String> = tiles_to_write(from, to)
            .iter()
            .filter(|path| path.kind() != TileKind::Entries)
            .map(ToString::to_string)
            .collect();
        let mut theirs: Vec<String> = tlog_tiles::Tile::new_tiles(8, from, to)
            .iter()
            .map(|tile| tile.path().replacen("tile/8/", "tile/", 1))
            .collect();
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs, "{from} {to}");
    }
}

#[test]
fn paths_have_one_spelling() {
    for good in [
        "tile/0/000",
        "tile/0/x001/x234/067",
        "tile/63/999",
        "tile/entries/x001/000.p/255",
        "tile/1/000.p/1",
        "tile/0/x018/x446/x744/x073/x709/x551/615",
    ] {
        assert_eq!(good.parse::<TilePath>().unwrap().to_string(), good);
    }
    for bad in [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tile/0/000/",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/000",
        "tile/0/x001",
        "tile/0/001/000",
        "tile/0/x001/x000",
        "tile/0/X001/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.p/1/",
        "tile/data/000",
        "tile/8/0/000",
        "tile/entries/../000",
        "tile/0/+01",
        "tile/0/ 01",
        "tile/0/\u{661}01",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/entries/000.p/1.p/1",
    ] {
        assert!(bad.parse::<TilePath>().is_err(), "{bad}");
    }
}

#[test]
fn bundles_hold_exactly_what_their_path_says() {
    let bytes = encode_bundle([b"a".as_slice(), b"", b"bc"]).unwrap();
    assert_eq!(bytes, b"\x00\x01a\x00\x00\x00\x02bc");
    assert_eq!(decode_bundle(&bytes, 3).unwrap(), [b"a".as_slice(), b"", b"bc"]);
    for width in [0, 1, 2, 4, 256] {
        assert!(decode_bundle(&bytes, width).is_err());
    }
    for cut in 1..bytes.len() {
        assert!(decode_bundle(&bytes[..cut], 3).is_err());
    }
    assert!(encode_bundle([vec![0; 65_536]]).is_err());
    let mut edge = BundleEdge::new();
    assert!(edge.append(&[vec![0; 1], vec![0; 65_536]]).is_err());
    assert_eq!(edge, BundleEdge::new());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn path_text_round_trips(level in 0_u8..=64, index in any::<u64>(), width in 1_u16..=256) {
        let kind = if level == 64 { TileKind::Entries } else { TileKind::Hashes(level) };
        let path = TilePath::new(kind, index, width).unwrap();
        prop_assert_eq!(path.to_string().parse::<TilePath>().unwrap(), path);
    }

    #[test]
    fn any_text_that_parses_is_the_one_spelling(text in "tile/[0-9a-z]{1,7}/[x0-9./p]{0,20}") {
        if let Ok(path) = text.parse::<TilePath>() {
            prop_assert_eq!(path.to_string(), text);
        }
    }
}
