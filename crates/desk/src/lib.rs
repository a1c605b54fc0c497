//! the use cases of the custodian's desk, from a contact to a release.
