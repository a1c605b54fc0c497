//! holder of one key share: library and HTTP service.
