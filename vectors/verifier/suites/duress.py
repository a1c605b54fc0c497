"""Duress letters and what is drawn from their secret."""

from .. import duress
from ..cases import Case, everywhere, reason, same
from .files import load


def duress_letters(path):
    vectors = load(path)

    def draw(given):
        secret, signed = bytes.fromhex(given["secret"]), bytes.fromhex(given["signed"])
        same(duress.drawn(secret, signed, given["kind"]), (given["right_key"], given["cover"]), "drawn")

    def read(given):
        content = bytes.fromhex(given["content"])
        told = [bytes.fromhex(given[name]) for name in ("custodian", "genesis", "trustee")]
        same(duress.read_letter(content.ljust(duress.CONTENT, b"\0"), *told, given["people"]), given["person"], "person")

    def unseal(given):
        content = duress.open_letter(*(bytes.fromhex(given[name]) for name in ("sealed", "genesis", "seed")))
        same(content.rstrip(b"\0").hex(), given["content"], "content")

    for number, case in enumerate(vectors["draws"]):
        yield Case(f"draw {number}", True, draw, case)
    for case in vectors["letters"]:
        good = case["error"] is None
        flips = [everywhere(name, kind="hex") for name in ("custodian", "genesis", "trustee", "content")] if good else []
        yield Case(case["name"], good, read, case, reason(case["error"]), flips)
    for case in vectors["sealed"]:
        good = case["content"] is not None
        flips = [everywhere(name, kind="hex") for name in ("genesis", "sealed", "content")] if good else []
        yield Case(case["name"], good, unseal, case, reason("sealed"), flips)
