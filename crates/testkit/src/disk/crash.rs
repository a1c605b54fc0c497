//! What a loss of power leaves.

use super::{Change, Choices, Disk, Node, State};

/// Bytes that a disk writes whole, if it keeps its promise; a write may also be cut within one.
pub const SECTOR: usize = 512;

impl Disk {
    /// The disk after a loss of power: for each unsynced change `choices` says what became of it.
    #[must_use]
    pub fn crash(&self, choices: &mut dyn Choices) -> Self {
        let mut nodes = self.nodes.clone();
        for pending in &self.pending {
            let node = &mut nodes[pending.node];
            if pending.state == State::Sure {
                node.keep(&pending.change);
                continue;
            }
            match (&pending.change, &mut *node) {
                (Change::Write { at, bytes }, Node::File { kept, .. }) => tear(kept, *at, bytes, choices),
                (change, node) => {
                    if choices.keep() {
                        node.keep(change);
                    }
                }
            }
        }
        for node in &mut nodes {
            match node {
                Node::File { seen, kept } => seen.clone_from(kept),
                Node::Folder { seen, kept } => seen.clone_from(kept),
            }
        }
        Self { nodes, pending: Vec::new(), calls: self.calls }
    }
}

/// Keeps a write whole, in part, or not at all.
fn tear(file: &mut Vec<u8>, at: usize, bytes: &[u8], choices: &mut dyn Choices) {
    let mut keep = |from: usize, to: usize| {
        Change::Write { at: at + from, bytes: bytes[from..to].to_vec() }.apply_to_file(file);
    };
    match choices.tear() {
        Tear::Dropped => {}
        Tear::Kept => keep(0, bytes.len()),
        Tear::Cut => {
            let cut = choices.pick(bytes.len() + 1);
            if choices.keep() { keep(0, cut) } else { keep(cut, bytes.len()) }
        }
        Tear::Sectors => {
            let mut from = 0;
            while from < bytes.len() {
                let to = (((at + from) / SECTOR + 1) * SECTOR - at).min(bytes.len());
                if choices.keep() {
                    keep(from, to);
                }
                from = to;
            }
            // The length is another block of the disk than the bytes.
            let end = at + bytes.len();
            if file.len() < end && choices.keep() {
                file.resize(end, 0);
            }
        }
    }
}

/// What becomes of an unsynced write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tear {
    /// Nothing of it is there.
    Dropped,
    /// All of it is there.
    Kept,
    /// Its beginning or its end is there, cut at some byte.
    Cut,
    /// Any of its sectors are there.
    Sectors,
}
