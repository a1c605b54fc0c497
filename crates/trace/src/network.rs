//! Which chain: its magic in block files, its first block, and the prefixes of its addresses.

use crate::wire::BlockHash;

countersign_core::named_enum!(
    /// A chain of bitcoin.
    Network, "a network (main, test, signet, regtest)" {
        /// The chain with money on it.
        Main = "main",
        /// The third test network.
        Test = "test",
        /// The signed test network.
        Signet = "signet",
        /// A private chain for tests.
        Regtest = "regtest",
    }
);

impl Network {
    /// The four bytes before every block in a node's files.
    pub fn magic(self) -> [u8; 4] {
        match self {
            Self::Main => [0xf9, 0xbe, 0xb4, 0xd9],
            Self::Test => [0x0b, 0x11, 0x09, 0x07],
            Self::Signet => [0x0a, 0x03, 0xcf, 0x40],
            Self::Regtest => [0xfa, 0xbf, 0xb5, 0xda],
        }
    }

    /// The first block. Nobody can spend what it pays: no node ever took its coinbase for an output.
    pub fn genesis(self) -> BlockHash {
        let mut hash = match self {
            Self::Main => [
                0x00, 0x00, 0x00, 0x00, 0x00, 0x19, 0xd6, 0x68, 0x9c, 0x08, 0x5a, 0xe1, 0x65, 0x83, 0x1e, 0x93, 0x4f,
                0xf7, 0x63, 0xae, 0x46, 0xa2, 0xa6, 0xc1, 0x72, 0xb3, 0xf1, 0xb6, 0x0a, 0x8c, 0xe2, 0x6f,
            ],
            Self::Test => [
                0x00, 0x00, 0x00, 0x00, 0x09, 0x33, 0xea, 0x01, 0xad, 0x0e, 0xe9, 0x84, 0x20, 0x97, 0x79, 0xba, 0xae,
                0xc3, 0xce, 0xd9, 0x0f, 0xa3, 0xf4, 0x08, 0x71, 0x95, 0x26, 0xf8, 0xd7, 0x7f, 0x49, 0x43,
            ],
            Self::Signet => [
                0x00, 0x00, 0x00, 0x08, 0x81, 0x98, 0x73, 0xe9, 0x25, 0x42, 0x2c, 0x1f, 0xf0, 0xf9, 0x9f, 0x7c, 0xc9,
                0xbb, 0xb2, 0x32, 0xaf, 0x63, 0xa0, 0x77, 0xa4, 0x80, 0xa3, 0x63, 0x3b, 0xee, 0x1e, 0xf6,
            ],
            Self::Regtest => [
                0x0f, 0x91, 0x88, 0xf1, 0x3c, 0xb7, 0xb2, 0xc7, 0x1f, 0x2a, 0x33, 0x5e, 0x3a, 0x4f, 0xc3, 0x28, 0xbf,
                0x5b, 0xeb, 0x43, 0x60, 0x12, 0xaf, 0xca, 0x59, 0x0b, 0x1a, 0x11, 0x46, 0x6e, 0x22, 0x06,
            ],
        };
        hash.reverse();
        BlockHash(hash)
    }

    /// The network that these four bytes belong to.
    pub fn of_magic(magic: [u8; 4]) -> Option<Self> {
        Self::ALL.iter().copied().find(|network| network.magic() == magic)
    }

    /// First byte of base58 addresses: to a key's hash, to a script's hash.
    pub(crate) fn base58(self) -> (u8, u8) {
        if self == Self::Main { (0x00, 0x05) } else { (0x6f, 0xc4) }
    }

    /// What bech32 addresses begin with.
    pub(crate) fn human_part(self) -> &'static str {
        match self {
            Self::Main => "bc",
            Self::Test | Self::Signet => "tb",
            Self::Regtest => "bcrt",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::hashes::Hash as _;

    #[test]
    fn first_blocks_are_those_of_the_other_implementation() {
        for (ours, theirs) in [
            (Network::Main, bitcoin::Network::Bitcoin),
            (Network::Test, bitcoin::Network::Testnet),
            (Network::Signet, bitcoin::Network::Signet),
            (Network::Regtest, bitcoin::Network::Regtest),
        ] {
            let block = bitcoin::blockdata::constants::genesis_block(theirs);
            assert_eq!(ours.genesis().0, block.block_hash().to_byte_array(), "{ours}");
        }
    }
}
