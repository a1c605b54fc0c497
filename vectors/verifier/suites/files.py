"""Where the vectors lie, and how they are read."""

import json
import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PACK = "../packs/policy/eea-custodian"


def read_bytes(path):
    with open(os.path.join(ROOT, path), "rb") as file:
        return file.read()


def load(path):
    return json.loads(read_bytes(path))
