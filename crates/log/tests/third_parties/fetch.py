"""Copies a log to a folder with Python's own library and nothing of ours: `fetch.py URL FOLDER`.

What is there already stays, so that a folder fetched again keeps the partial tiles of older checkpoints, and keeps each checkpoint as
`<size>.checkpoint`. Nothing is verified here.
"""
import pathlib
import sys
import urllib.request


def tiles(size):
    """The paths of C2SP tlog-tiles for a log of this size."""
    level, count = 0, size
    while count:
        for number in range(-(-count // 256)):
            digits = str(number).zfill(-(-len(str(number)) // 3) * 3)
            groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
            path = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
            width = min(256, count - 256 * number)
            for kind in (["entries"] if level == 0 else []) + [level]:
                yield f"tile/{kind}/{path}" + (f".p/{width}" if width < 256 else "")
        level, count = level + 1, count // 256


def main(url, folder):
    url, folder = url.rstrip("/"), pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = urllib.request.urlopen(f"{url}/checkpoint").read()
    size = int(checkpoint.split(b"\n")[1])
    for path in tiles(size):
        if not (folder / path).is_file():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(urllib.request.urlopen(f"{url}/{path}").read())
    for name in ("checkpoint", f"{size}.checkpoint"):
        (folder / name).write_bytes(checkpoint)
    print(f"ok: {size} leaves")


try:
    main(*sys.argv[1:])
except (OSError, ValueError, IndexError) as error:
    sys.exit(str(error))
