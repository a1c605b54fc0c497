//! the running log: sequencer, tiles, witnesses, monitor.
