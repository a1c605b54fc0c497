#!/usr/bin/env python3
"""Checks the vectors in this folder with a verifier that shares no code with the program: `python3 vectors/verify.py`.

Python 3.11, standard library only. See `verifier/` for the code and docs/formats for what it is written from.
"""

import sys

sys.dont_write_bytecode = True

from verifier.runner import entry  # noqa: E402: no bytecode is written for what is imported from here on

if __name__ == "__main__":
    entry()
