//! check one approval: SSHSIG, plain Ed25519, passkey assertion.
