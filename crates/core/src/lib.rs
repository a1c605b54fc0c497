//! ids, times, countries, field classes; orders, manifests, approvals, case events and their exact bytes and digests.
