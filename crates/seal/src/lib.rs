//! threshold sealing of client records: suite 1, partial decryptions, proofs, key rings.
