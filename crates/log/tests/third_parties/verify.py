"""Recomputes a log's root from its entries with PyPI's `pymerkle` and nothing of ours.

`verify.py LOG [CHECKPOINT]`: LOG is the log's folder, the checkpoint the one in it or an older one. Signatures are not checked here:
verify.go and verify.mjs do that. Ends with 1 and one line when anything does not hold.
"""
import base64
import pathlib
import sys

import pymerkle


def bundle_path(log, number, width):
    digits = str(number).zfill(-(-len(str(number)) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    groups = [f"x{group}" for group in groups[:-1]] + groups[-1:]
    return log.joinpath("tile", "entries", *groups) if width == 256 else log.joinpath(
        "tile", "entries", *groups[:-1], f"{groups[-1]}.p", str(width)
    )


def entries(log, size):
    for first in range(0, size, 256):
        width = min(256, size - first)
        bundle = bundle_path(log, first // 256, width).read_bytes()
        for _ in range(width):
            end = 2 + int.from_bytes(bundle[:2], "big")
            if len(bundle) < max(end, 2):
                raise ValueError(f"bundle {first // 256} ends within an entry")
            yield bundle[2:end]
            bundle = bundle[end:]
        if bundle:
            raise ValueError(f"bundle {first // 256} goes on behind its last entry")


def main(log, checkpoint=None):
    log = pathlib.Path(log)
    lines = pathlib.Path(checkpoint or log / "checkpoint").read_text().split("\n")
    size, root = int(lines[1]), lines[2]
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for entry in entries(log, size):
        tree.append_entry(entry)
    found = base64.b64encode(tree.get_root()).decode()
    if found != root:
        raise ValueError(f"the {size} entries have root {found}, the checkpoint {root}")
    print(f"ok: {size} entries, root {root}")


try:
    main(*sys.argv[1:])
except (OSError, ValueError, IndexError) as error:
    sys.exit(str(error))
