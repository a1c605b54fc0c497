//! storage ports of desk and log as use cases, in memory and on SQLite.
