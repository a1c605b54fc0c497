//! A node's REST interface (Bitcoin Core, `doc/REST-interface.md`), one block at a time: nothing of the chain is kept but what matters.
//!
//! Who fetches is said by the caller; this crate opens no connection. The node is believed to give its own chain, and nothing else: headers
//! must follow one another, reach their targets and have the hashes that were asked for.

use crate::network::Network;
use crate::source::MAX_SPENT_LEN;
use crate::wire::{BlockHash, HEADER_LEN, Header, MAX_BLOCK_LEN, Malformed, Reader};
use std::io;

/// Headers per question; a node gives no more.
const MOST_HEADERS: usize = 2_000;
/// A hash in hexadecimal and the end of the line.
const HASH_LEN: usize = 66;

/// Why a node's answers cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// No answer.
    #[error("cannot ask the node for {path}")]
    Ask {
        /// What was asked for.
        path: String,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The node does not have it.
    #[error("the node does not have {path}: is it started with `rest=1`, not pruned, and as far as this block?")]
    Missing {
        /// What was asked for.
        path: String,
    },
    /// The answer is not what it should be.
    #[error("{path}: {wrong}")]
    Malformed {
        /// What was asked for.
        path: String,
        /// What is wrong, and where in the answer.
        wrong: Malformed,
    },
    /// The chain changed between two questions.
    #[error("the node's chain was reorganised while it was read: run this again")]
    Changed,
}

/// Gets a path of the interface, at most so many bytes; `None` when the node does not have it.
pub type Fetch<'f> = &'f dyn Fn(&str, usize) -> io::Result<Option<Vec<u8>>>;

/// A node that is asked.
pub struct Node<'n> {
    /// The network.
    pub network: Network,
    /// How it is asked.
    pub fetch: Fetch<'n>,
    /// The first block that is asked for. Above 0 the node has to give spent outputs (Bitcoin Core 30 and later).
    pub first_height: u32,
}

impl Node<'_> {
    /// The headers of the node's chain from the first height to its tip of this moment.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn headers(&self) -> Result<Vec<Header>, NodeError> {
        let path = format!("/rest/blockhashbyheight/{}.hex", self.first_height);
        let answer = self.get(&path, HASH_LEN)?;
        let text = String::from_utf8_lossy(&answer);
        let wrong = Malformed { offset: 0, what: "this is not a block hash" };
        let mut next: BlockHash = text.trim().parse().map_err(|_| NodeError::Malformed { path, wrong })?;
        let mut headers: Vec<Header> = Vec::new();
        loop {
            let path = format!("/rest/headers/{next}.bin?count={MOST_HEADERS}");
            let answer = self.get(&path, MOST_HEADERS * HEADER_LEN)?;
            let found = read_headers(&answer).map_err(|wrong| NodeError::Malformed { path, wrong })?;
            // Answers overlap by one header. A block that left the chain meanwhile has none.
            let (first, rest) = found.split_first().ok_or(NodeError::Changed)?;
            if first.hash != next {
                return Err(NodeError::Changed);
            }
            if headers.is_empty() {
                headers.push(*first);
            }
            for header in rest {
                if header.parent != next {
                    return Err(NodeError::Changed);
                }
                next = header.hash;
                headers.push(*header);
            }
            if rest.is_empty() {
                return Ok(headers);
            }
        }
    }

    /// The bytes of one block.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn block(&self, hash: &BlockHash) -> Result<Vec<u8>, NodeError> {
        self.get(&block_path(hash), MAX_BLOCK_LEN)
    }

    /// What a block spends; nothing when the chain is read from its beginning, or from a node that does not give it.
    ///
    /// # Errors
    /// [`NodeError`].
    pub fn spent(&self, hash: &BlockHash) -> Result<Option<Vec<u8>>, NodeError> {
        if self.first_height == 0 {
            return Ok(None);
        }
        self.ask(&format!("/rest/spenttxouts/{hash}.bin"), MAX_SPENT_LEN)
    }

    /// Says which answer is malformed.
    pub fn blame(&self, hash: &BlockHash, wrong: &Malformed) -> NodeError {
        NodeError::Malformed { path: block_path(hash), wrong: wrong.clone() }
    }

    fn ask(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, NodeError> {
        let answer = (self.fetch)(path, most).map_err(|source| NodeError::Ask { path: path.to_owned(), source })?;
        if answer.as_ref().is_some_and(|bytes| bytes.len() > most) {
            let wrong = Malformed { offset: most as u64, what: "the answer is longer than it can be" };
            return Err(NodeError::Malformed { path: path.to_owned(), wrong });
        }
        Ok(answer)
    }

    fn get(&self, path: &str, most: usize) -> Result<Vec<u8>, NodeError> {
        self.ask(path, most)?.ok_or_else(|| NodeError::Missing { path: path.to_owned() })
    }
}

fn block_path(hash: &BlockHash) -> String {
    format!("/rest/block/{hash}.bin")
}

/// Headers one after the other.
///
/// # Errors
/// [`Malformed`] for one that is cut off or misses its target.
pub fn read_headers(bytes: &[u8]) -> Result<Vec<Header>, Malformed> {
    let mut reader = Reader::new(bytes);
    let mut headers = Vec::with_capacity(bytes.len() / HEADER_LEN);
    while reader.left() > 0 {
        headers.push(Header::read(&mut reader)?);
    }
    Ok(headers)
}
