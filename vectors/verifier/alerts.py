"""The journal of alerts: docs/formats/alerts.md."""

import struct
import unicodedata

from .canonical import LeftOut, digest, listing, members, number, parse, string, time, word
from .encoding import sha256
from .refusal import Refused, need

LABELS = {
    "open": "is open", "proposed": "was proposed", "confirmed": "was confirmed", "false_positive": "was found to be a false positive",
    "withdrawn": "was withdrawn",
}
BASES = ("un_mandate", "autonomous", "counter", "criminal", "red_notice")


def _float(value):
    if isinstance(value, bool) or not (isinstance(value, int) or hasattr(value, "text")):
        raise Refused("damaged", "not a number")
    return "0"


def _anything(_):
    return "0"


LISTING = members(
    ("issuer", string), ("programme", string), ("act", LeftOut(string)), ("listed_on", LeftOut(string)), ("basis", word(*BASES)),
    ("transposes", LeftOut(string)),
)
SCREENED = members(("from", word("screening")), ("algorithm", string))
VENDOR = members(("from", word("vendor")), ("vendor", string), ("reference", string))


def _origin(value):
    need(isinstance(value, dict), "damaged", "origin")
    return (SCREENED if value.get("from") == "screening" else VENDOR)(value)


FINDING = members(
    ("client", string), ("entity", string), ("caption", string), ("log_odds", _float), ("rarity", _float), ("lane", word("recognised", "people")),
    ("lane_reason", string), ("origin", _origin), ("client_state", string), ("entity_state", string), ("listings", LeftOut(listing(LISTING))),
    ("record", _anything),
)
HEAD = (("at", time), ("by", string), ("before", digest))
ACT = (("number", number(64)), ("reason", string))
EVENTS = {
    "raised": members(*HEAD, ("event", word("raised")), ("number", number(64)), ("again", LeftOut(string)), ("finding", FINDING)),
    "proposed": members(*HEAD, ("event", word("proposed")), *ACT, ("disposition", word("confirmed", "false_positive"))),
    **{name: members(*HEAD, ("event", word(name)), *ACT) for name in ("agreed", "disagreed", "withdrawn")},
}


def _plain(name):
    """Case, marks, white space and punctuation do not tell people apart. Other scripts than Latin are not covered here."""
    return "".join(char for char in unicodedata.normalize("NFKD", name).casefold() if char.isalnum() and char.isascii())


def _words(text):
    need(len(text.encode()) <= 2_000 and "\ufffd" not in text and any(char.isalnum() for char in text), "damaged", "words")


def _value(number_of):
    """As a float of 32 bits."""
    return struct.unpack("f", struct.pack("f", float(getattr(number_of, "text", number_of))))[0]


def _apply(alerts, entry):
    kind, at = entry["event"], entry["number"]
    _words(entry["by"])
    need(kind not in ("proposed", "agreed", "disagreed") or _plain(entry["by"]) != "screening", "damaged", "the program decides nothing")
    if kind == "raised":
        need(at == len(alerts) + 1, "damaged", "number")
        alerts.append({"stage": "open", "finding": entry["finding"]})
        return
    _words(entry["reason"])
    need(1 <= at <= len(alerts), "damaged", "no such alert")
    alert = alerts[at - 1]
    before = {"proposed": ("open",), "agreed": ("proposed",), "disagreed": ("proposed",), "withdrawn": ("open", "proposed")}[kind]
    need(alert["stage"] in before, "damaged", f"{kind} while {alert['stage']}")
    if kind == "proposed":
        alert.update(stage="proposed", by=entry["by"], disposition=entry["disposition"])
    elif kind == "agreed":
        need(_plain(alert["by"]) != _plain(entry["by"]), "damaged", "the same person")
        alert["stage"] = alert["disposition"]
    else:
        alert["stage"] = "open" if kind == "disagreed" else "withdrawn"


def read_journal(data):
    """Stages by number, numbers waiting in both queues, and the length of what a kill cut off. Refusals name the line."""
    whole = data.rfind(b"\n") + 1
    alerts, before = [], sha256(b"")
    for line_number, line in enumerate(data[:whole].split(b"\n")[:-1], 1):
        try:
            _, entry = parse(line)
            need(isinstance(entry, dict) and entry.get("event") in EVENTS, "damaged", "event")
            EVENTS[entry["event"]](entry)
            need(entry["before"] == before.hex(), "damaged", "it does not follow the line before")
            _apply(alerts, entry)
        except Refused as refused:
            raise Refused(f"line {line_number}", str(refused)) from refused
        before = sha256(line)

    def waiting(lane):
        found = [
            (-_value(alert["finding"]["log_odds"]), -_value(alert["finding"]["rarity"]), alert["finding"]["client"].encode(),
             alert["finding"]["entity"].encode(), at)
            for at, alert in enumerate(alerts, 1)
            if alert["finding"]["lane"] == lane and alert["stage"] in ("open", "proposed")
        ]
        return [item[-1] for item in sorted(found)]

    return [LABELS[alert["stage"]] for alert in alerts], [waiting("recognised"), waiting("people")], len(data) - whole
