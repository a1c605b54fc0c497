//! test kit: fixed clock, seeded randomness, invented people, simulated disk.
