"""Masked views: what is derived from a row, and views at rest."""

from .. import view
from ..cases import Case, everywhere, reason, same
from .files import load


def masked_views(path):
    vectors = load(path)

    def derive(given):
        same(view.derived(given["row"], given["on"]), given["view"], "view")

    def unseal(given):
        key, handle, sigma, sealed = (bytes.fromhex(given[name]) for name in ("key", "handle", "sigma", "sealed"))
        opened = view.open_(key, handle, sigma, sealed)
        same(opened.hex(), given["view"], "view")
        if "salt" in given:
            same(view.seal(key, handle, sigma, bytes.fromhex(given["salt"]), opened).hex(), given["sealed"], "sealed")

    for case in vectors["derived"]:
        yield Case(case["name"], True, derive, case, flips=[(("view", "v"), "text", 0, None)])
    for case in vectors["sealed"]:
        good = case["error"] is None
        flips = [everywhere(name, kind="hex") for name in ("key", "handle", "sigma", "sealed", "view")] if good else []
        yield Case(case["name"], good, unseal, case, reason(case["error"]), flips)
