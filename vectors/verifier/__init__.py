"""An independent verifier of the formats in docs/formats, in plain Python.

It is written from the pages in docs/formats and the standards they cite and shares no code with the Rust program: where the two disagree, one of
them or the page is wrong. It is slow, not constant in time, and handles secrets of test vectors only.
"""
