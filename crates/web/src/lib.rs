//! HTTP pages and API over the desk.
