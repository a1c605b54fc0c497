//! C2SP transparency-log mathematics and formats, and the opaque leaves of the journal.
