//! Tests of the built-in pack and of the engine around it, in one binary.

mod agreement;
mod corpus;
mod golden;
mod max_protection;
mod mutants;
mod quorum;
mod reference;
mod rows;
mod shelves;
mod speed;
mod traps;
mod vectors;
mod whatif;
