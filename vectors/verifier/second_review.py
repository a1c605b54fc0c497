"""docs/formats/second-review.md: which receipts draw a case, and what its events make of that."""

from . import control
from .canonical import seconds
from .encoding import parts
from .refusal import need

ONE_IN = 10
EVENTS = {"confirmed": "confirm", "objected": "object"}


def draws(receipt, threshold):
    """Whether the receipt of an answer with this digest (hexadecimal) draws its case."""
    drawn = parts("countersign/second-review/v1", bytes.fromhex(receipt))
    return int.from_bytes(drawn[:8], "big") % (ONE_IN * max(threshold, 1)) == 0


def drawn_by(receipts, genesis):
    """Of the disclosed leaves of receipts the first that draws; None when none does."""
    trustees = genesis.get("trustees")
    if trustees is None:
        return None
    found = [leaf for leaf in receipts if leaf["outcome"] == "answered" and draws(leaf["receipt"], trustees["threshold"])]
    return min(found, key=lambda leaf: (seconds(leaf["at"]), leaf["receipt"]), default=None)


def check_reviews(events, drawn, signer, folded):
    """A drawn case is not closed without a second review, no other case has one, and whoever reviews is in force and had no part before.
    `events`: (number, name, at, by, members); `signer` gives who signed the approval with a digest."""
    parties, reviewed = set(), False
    for number, name, at, by, given in events:
        place = f"events/{number:06}.json"
        if name in EVENTS:
            need(drawn is not None, place, "no receipt draws the case")
            need(by not in parties, place, "had a part in the case")
            need(by in control.state_at(folded, seconds(at))["people"], place, "not in force")
            reviewed = True
        need(name != "closed" or drawn is None or reviewed, place, "closed without its second review")
        parties.add(by)
        if name == "signed":
            parties.add(signer(given["approval"]))
