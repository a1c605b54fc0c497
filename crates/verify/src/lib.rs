//! may this be released, and was this honest: pure functions over bytes.
