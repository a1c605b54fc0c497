//! Which chain: its magic in block files and the prefixes of its addresses.

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
