//! Letters to authorities and clients, from templates in English, Russian and German, as text and HTML.
//!
//! What a letter can say is what its type holds. A [`ToAuthority`] has no member for data of a client, not even for whether somebody is one;
//! a [`ToClient`] has none for the authority's file, grounds or other people, and cannot be made while a delay order forbids it. Values are
//! put into the parts of a template after it was taken apart, so no value can become a heading, a list or a tag.
//!
//! Not in scope: sending, and whether an officer's own words (questions, grounds) give something away: the command shows them first.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unreachable)
)]

mod letter;
mod template;
mod words;

pub use letter::{Delayed, Language, Reason, Subject, ToAuthority, ToClient};
pub use template::Letter;
