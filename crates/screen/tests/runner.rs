//! The crate from outside, on small lists of its own and on the public lists where they are at hand.

mod bad_input;
mod public;
mod quality;
mod served;
