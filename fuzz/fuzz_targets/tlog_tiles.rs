#![no_main]
//! Tiles and bundles as somebody else serves them: reading never panics and never goes beyond the size. The first two bytes are the size
//! of the log, then every file that is asked for takes its length and its bytes.
use countersign_tlog::merkle::{consistency_proof, inclusion_proof, root_at};
use countersign_tlog::tile::{HashEdge, TileHashes, TilePath, TileReader, read_entries, recompute};
use libfuzzer_sys::fuzz_target;

struct Served<'d>(&'d [u8]);

impl TileReader for Served<'_> {
    type Error = ();
    fn read(&mut self, _: &TilePath) -> Result<Vec<u8>, ()> {
        let (length, rest) = self.0.split_first_chunk::<2>().ok_or(())?;
        let (bytes, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(())?;
        self.0 = rest;
        Ok(bytes.to_vec())
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((size, served)) = data.split_first_chunk::<2>() else { return };
    let size = u64::from(u16::from_be_bytes(*size));
    let mut seen = 0;
    let _ = read_entries(size / 2, size, size, &mut Served(served), |index, _| {
        assert!((size / 2..size).contains(&index));
        seen += 1;
    });
    assert!(seen <= size - size / 2);
    if let Ok(frontier) = recompute(size, &mut Served(served), |_, _| ()) {
        assert_eq!(frontier.size(), size);
    }
    if let Ok(edge) = HashEdge::read(size, Served(served)) {
        assert_eq!(edge.size(), size);
    }
    let mut tiles = TileHashes::new(size, Served(served));
    let _ = root_at(size, &mut tiles);
    let _ = inclusion_proof(size / 3, size, &mut tiles);
    let _ = consistency_proof(size / 3, size, &mut tiles);
});
