"""docs/formats/view.md: masked views derived from a row, and how they are sealed."""

from . import gcm, normal
from .canonical import day, flag, hexadecimal, members, name, optional, state, string, time, word
from .encoding import F, expand, extract
from .refusal import Refused, need
from .rules import version

REASON = word("client_asks", "account_recovery", "payment", "identity_check", "fraud", "complaint", "estate", "threat_to_life")
VIEW_RECORD = members(("v", version("view/v1")), ("client", hexadecimal(32)), ("agent", name), ("reason", REASON), ("at", time))
MASKED_VIEW = members(
    ("v", version("masked-view/v1")), ("on", day), ("country", optional(state)), ("over_18", optional(flag)), ("initials", optional(string)),
    ("email", optional(string)), ("phone", optional(string)), ("identification", optional(word("NONE", "SIMPLIFIED", "STANDARD", "ENHANCED"))),
    ("sanctions", optional(word("CLEAR", "REVIEW", "LISTED"))), ("account", optional(word("OPEN", "LIMITED", "BLOCKED", "CLOSED"))),
)

HIDDEN, ROOM = "***", 256
PROVIDERS = frozenset("""
    aol.com centrum.cz email.cz free.fr freenet.de gmail.com gmx.at gmx.ch gmx.de gmx.net googlemail.com hotmail.co.uk hotmail.com hotmail.fr hotmail.it
    icloud.com interia.pl laposte.net libero.it live.com mail.ru me.com msn.com o2.pl onet.pl orange.fr outlook.com proton.me protonmail.com rambler.ru
    seznam.cz t-online.de ukr.net virgilio.it wanadoo.fr web.de wp.pl yahoo.co.uk yahoo.com yahoo.de yahoo.fr yahoo.it yandex.ru ymail.com
""".split())


def derived(row, on):
    """view.md, "What is shown": the members of the view of a row that is imported on a day."""
    return {
        "v": "countersign/masked-view/v1",
        "on": on,
        "country": row.get("country") or row.get("countryOfResidence") or None,
        "over_18": _over_18(row["dateOfBirth"], on) if row.get("dateOfBirth") else None,
        "initials": _initials(row.get("secondaryIdentifier", ""), row.get("primaryIdentifier", "?")),
        "email": _email(row["emailAddress"]) if row.get("emailAddress") else None,
        "phone": _phone(row["phoneNumber"]) if row.get("phoneNumber") else None,
        "identification": row.get("identificationLevel") or None,
        "sanctions": row.get("sanctionsFlag") or None,
        "account": row.get("accountState") or None,
    }


def _over_18(birth, on):
    year, month, day = (int(part) for part in birth.split("-"))
    return (year + 18, month, day) <= tuple(int(part) for part in on.split("-"))


def _initials(given, family):
    letters = [_initial(name) for name in (given, family)]
    return None if letters == ["?", "?"] else " ".join(letters)


def _initial(name):
    words = [word for word in name.replace("-", " ").split() if word]
    if not words:
        return "?"
    try:
        word = normal.normal_form("lookup_name_birth", {"names": [words[0]], "birth": "2000-01-01"}).split("\n")[0]
    except Refused:
        return "?"
    shown = len(word) >= 3 and all("a" <= letter <= "z" for letter in word)
    return word[0].upper() + "." if shown else "?"


def _email(address):
    try:
        local, _, domain = normal.email(address).rpartition("@")
    except Refused:
        return HIDDEN
    if domain not in PROVIDERS:
        return HIDDEN
    first = local[0] if len(local.encode()) >= 3 and local[0].isascii() and local[0].isalnum() else ""
    return f"{first}{HIDDEN}@{domain}"


def _phone(number):
    try:
        digits = normal.phone(number).removeprefix("+")
    except Refused:
        return HIDDEN
    return HIDDEN + (digits[-2:] if len(digits) >= 9 else "")


def _cipher_key(key, handle, sigma, salt):
    return expand(extract(key, sigma), F("view", handle, salt), 32)


def seal(key, handle, sigma, salt, view):
    need(len(view) <= ROOM, "too long")
    plain = len(view).to_bytes(2, "little") + view + bytes(ROOM - len(view))
    return b"\1" + salt + gcm.seal(_cipher_key(key, handle, sigma, salt), bytes(12), b"\1", plain)


def open_(key, handle, sigma, sealed):
    """view.md, "At rest"."""
    need(len(sealed) == 1 + 32 + 2 + ROOM + 16 and sealed[0] == 1, "layout")
    plain = gcm.open_(_cipher_key(key, handle, sigma, sealed[1:33]), bytes(12), b"\1", sealed[33:], "forged")
    length = int.from_bytes(plain[:2], "little")
    need(length <= ROOM and not any(plain[2 + length:]), "content")
    return plain[2:2 + length]
