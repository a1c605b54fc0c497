//! policy packs in Cedar, decisions with reasons, quorum facts from verified signatures.
