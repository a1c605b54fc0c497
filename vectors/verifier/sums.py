"""docs/formats/evidence.md, "The list of digests"."""

import hashlib
import re

from .refusal import need

LIST = "manifest-sha512.txt"


def write_sums(files):
    paths = sorted((path for path in files if path != LIST), key=str.encode)
    return "".join(f"{hashlib.sha512(files[path]).hexdigest()}  {path}\n" for path in paths).encode()


def check_sums(files):
    """Refuses with the path of the file that a verifier names."""
    need(LIST in files, LIST, "missing")
    text = files[LIST].decode()
    listed = {}
    for line in text.split("\n")[:-1] if text.endswith("\n") else text.split("\n") if text else []:
        match = re.fullmatch(r"(.*?)  (.*)", line, re.DOTALL)
        need(match, LIST, "a line that is not a digest, two spaces and a path")
        need(match[2] not in listed, LIST, "a path twice")
        listed[match[2]] = match[1]
    for path in sorted((path for path in files if path != LIST), key=str.encode):
        found = hashlib.sha512(files[path]).hexdigest()
        if path in listed:
            digest = listed.pop(path)
            near = len(digest) == 128 and sum(a != b for a, b in zip(digest, found)) < 64
            need(digest == found, LIST if near else path, "the digest differs")
        else:
            renamed = any(digest == found and other not in files for other, digest in listed.items())
            need(False, LIST if renamed else path, "not in the list")
    need(not listed, next(iter(sorted(listed)), ""), "missing")
    need(files[LIST] == write_sums(files), LIST, "not written exactly as it must be")
