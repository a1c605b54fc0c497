//! Tests of the built-in pack and of the engine around it, in one binary.

mod corpus;
mod golden;
mod traps;
