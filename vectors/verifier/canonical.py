"""docs/formats/canonical-json.md: one line of JSON in exactly one spelling.

A type is a function from a parsed value to its canonical text; it refuses a value that is not of the type.
"""

import datetime
import json
import re

from .encoding import hex_bytes
from .refusal import Refused, need

CLASSES = {
    "name": 1, "birth": 2, "address": 3, "email": 4, "phone": 5, "document_number": 6, "document_scan": 7, "bank": 8, "wallets": 9, "logins": 10,
    "transfers": 11, "notes": 12,
}
# Attributes of the blind index.
ATTRIBUTES = {
    "lookup_name_birth": 129, "lookup_email": 130, "lookup_phone": 131, "lookup_document": 132, "lookup_wallet": 133, "lookup_account": 134,
}
STATES = set(
    """AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN
    CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN
    HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM
    MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC
    SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS
    YE YT ZA ZM ZW""".split()
) | {f"X{letter}" for letter in "ABCDEFGHIJLMNOPQRSTUVWXYZ"}


# ------------------------------------------------------------------------------------------------ reading


def parse(data):
    """UTF-8, JSON (RFC 8259), no member twice, no lone surrogate, no byte order mark."""
    try:
        text = data.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_members, parse_float=_Fraction, parse_constant=_no_constant)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise Refused("malformed", str(error)) from error
    return text, value


class _Fraction:
    """A number with fraction or exponent: JSON, and of no type that these documents have."""

    def __init__(self, text):
        self.text = text


def _members(pairs):
    names = [name for name, _ in pairs]
    need(len(set(names)) == len(names), "malformed", "a member twice")
    return dict(pairs)


def _no_constant(name):
    raise ValueError(f"{name} is not JSON")


def read(data, limit, document_type, rules=None):
    """The value of a document whose bytes are the canonical spelling of it. Errors in the order of the page: too_long, malformed, inconsistent,
    not_canonical."""
    need(len(data) <= limit, "too_long", f"{len(data)} bytes, the limit is {limit}")
    text, value = parse(data)
    canonical = document_type(value)
    if rules:
        rules(value)
    need(canonical == text, "not_canonical")
    return value


# ------------------------------------------------------------------------------------------------ strings and numbers

_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def string(value):
    """Escapes only `"`, `\\` and the characters U+0000 to U+001F."""
    need(isinstance(value, str), "malformed", "not a string")
    need(not re.search("[\ud800-\udfff]", value), "malformed", "a lone surrogate")
    return '"' + re.sub('["\\\\\x00-\x1f]', lambda match: _SHORT.get(match[0]) or f"\\u{ord(match[0]):04x}", value) + '"'


def pattern(expression, what):
    compiled = re.compile(expression, re.ASCII)

    def check(value):
        text = string(value)
        need(compiled.fullmatch(value), "malformed", f"not {what}")
        return text

    return check


def word(*words):
    def check(value):
        need(isinstance(value, str) and value in words, "malformed", f"not one of {', '.join(words)}")
        return string(value)

    return check


def number(bits):
    """Whole, not negative, below 2^bits."""
    def check(value):
        need(isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**bits, "malformed", f"not a number of {bits} bits")
        return str(value)

    return check


def flag(value):
    need(isinstance(value, bool), "malformed", "neither true nor false")
    return "true" if value else "false"


def null(value):
    need(value is None, "malformed", "not null")
    return "null"


def hexadecimal(length=None):
    def check(value):
        hex_bytes(value, length)
        return string(value)

    return check


def seconds(text):
    """`2026-11-20T13:00:00Z` as seconds since 1970."""
    need(isinstance(text, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text, re.ASCII), "malformed", "not a time")
    try:
        at = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
    except ValueError as error:
        raise Refused("malformed", str(error)) from error
    need(1970 <= at.year <= 2999, "malformed", "years 1970 to 2999")
    return int(at.timestamp())


def time(value):
    seconds(value)
    return string(value)


def day(value):
    """A day (UTC), `2026-11-20`."""
    need(isinstance(value, str), "malformed", "not a day")
    seconds(value + "T00:00:00Z")
    return string(value)


name = pattern(r"(?=.{1,64}$)[a-z0-9]+(-[a-z0-9]+)*", "a name of 1 to 64 of a-z, 0-9 and single inner hyphens")
digest = hexadecimal(32)


def state(value):
    need(isinstance(value, str) and value in STATES, "malformed", "not a state")
    return string(value)


# ------------------------------------------------------------------------------------------------ lists and objects


def optional(inner):
    return lambda value: "null" if value is None else inner(value)


def listing(inner):
    def check(value):
        need(isinstance(value, list), "malformed", "not a list")
        return "[" + ",".join(inner(item) for item in value) + "]"

    return check


def classes(value):
    """Field classes sort by their number, none twice; another order is another type, not another spelling."""
    text = listing(word(*CLASSES))(value)
    numbers = [CLASSES[item] for item in value]
    need(numbers == sorted(set(numbers)), "malformed", "classes out of order or twice")
    return text


class LeftOut:
    """A member that is left out where it has no value."""

    def __init__(self, inner):
        self.inner = inner


def members(*spec):
    """An object with these members in this order. A missing member is read as null, so it is malformed where null is no value."""
    known = {key for key, _ in spec}

    def check(value):
        need(isinstance(value, dict), "malformed", "not an object")
        need(set(value) <= known, "malformed", f"unknown members {sorted(set(value) - known)}")
        written = []
        for key, inner in spec:
            if not isinstance(inner, LeftOut):
                written.append(f'"{key}":{inner(value.get(key))}')
            elif value.get(key) is not None:
                written.append(f'"{key}":{inner.inner(value[key])}')
        return "{" + ",".join(written) + "}"

    return check


def choice(**actions):
    """An object with exactly one member, whose name says which; a name without content (`None`) stands as text."""
    def check(value):
        if isinstance(value, str):
            need(value in actions and actions[value] is None, "malformed", "not one of the choices")
            return string(value)
        need(isinstance(value, dict) and len(value) == 1, "malformed", "not an object of one member")
        key, content = next(iter(value.items()))
        need(key in actions, "malformed", f"unknown choice {key}")
        if actions[key] is None:
            null(content)
            return string(key)
        return f'{{"{key}":{actions[key](content)}}}'

    return check


def is_sorted(values):
    """Sorted and without repetition."""
    return all(a < b for a, b in zip(values, values[1:]))
