//! What tests and the demo need and the product must not have: clocks that stand still, randomness that repeats, and invented people.
//!
//! Everything here is a function of its arguments: the same seed gives the same bytes on every machine. The people, streets and towns are
//! invented, the states are the user-assigned codes of ISO 3166-1, and no address or telephone number can reach anybody.

pub mod authenticator;
pub mod clock;
pub mod disk;
pub mod moto;
pub mod pdf;
pub mod population;
pub mod random;
pub mod require;
pub mod states;
