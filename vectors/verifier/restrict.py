"""docs/formats/restrict-pack.md and restrict-population.md: packs of rules, what their lint refuses, and the verdict on one client.

Written the plain way: decimals, sets of codes, and for the lint a count over all people whom the conditions can tell apart.
"""

import datetime
import itertools
import json
import re
import unicodedata
from decimal import Decimal, localcontext

from .canonical import STATES
from .encoding import parts
from .refusal import Refused, need

FORMAT = "countersign/restrict-pack/v1"
LONGEST = 256 * 1024
TEXT, NAME = 2_000, 64
RULES, VERSIONS, CLAUSES, CONDITIONS = 64, 64, 6, 3
ACTIVITIES = ("wallet", "crypto_service", "payment", "e_money", "deposit", "governing_post")
ISSUERS = ("un", "eu", "ofac")
EFFECTS = ("deny_new", "withdraw_only", "close_and_return", "freeze")
CERTAINTIES = ("primary-text", "secondary", "memory")
HOLDINGS = ("crypto", "deposits")
# fact: whose it is (None: anybody's), and whether there is at most one
FACTS = {
    "nationality": ("natural", False), "residence": ("natural", True), "permit": ("natural", False), "establishment": ("legal", True),
    "majority_owners": ("legal", False), "address_proof": (None, True),
}
ORDER = ("person", *FACTS, "listed", "activity", *HOLDINGS)
REQUIRED = ("format", "name", "title", "kind", "notice", "licence", "generator", "sources", "rules")
OPTIONAL = ("groups", "not_included")
OF_VERSION = ("id", "valid_from", "prohibits", "sources", "certainty", "verified_against_official_journal", "who", "effect")
MAY_VERSION = (
    "valid_to", "after_gap", "adopted", "amending_act", "uncertain", "verified_on", "exempt", "activity", "threshold", "grandfathering", "derogation",
    "open_questions",
)
LIMIT = Decimal(100_000_000_000)


def digest(data):
    return parts(FORMAT, data)


# ------------------------------------------------------------------------------------------------ packs, as far as they are JSON


def read_pack(data):
    """The versions of a pack; refuses what the page refuses."""
    need(len(data) <= LONGEST, "syntax", "too long")
    try:
        text = data.decode("utf-8")
        need(not any(_hidden(character) for character in text), "syntax", "a hidden character")
        pack = json.loads(text, object_pairs_hook=_members, parse_int=str, parse_float=str)
    except ValueError as error:
        raise Refused("syntax", str(error)) from error
    _fields(pack, REQUIRED, OPTIONAL)
    need(pack["format"] == FORMAT, "format")
    _name(pack["name"])
    for name in ("title", "notice", "licence", "generator"):
        _text(pack[name])
    need(pack["kind"] in ("law", "notice"), "word", pack["kind"])
    _texts(pack.get("not_included", []))
    groups = {}
    for name, codes in pack.get("groups", {}).items():
        need(re.fullmatch(r"[a-z0-9_]{2,64}", name), "group", name)
        groups[name] = _countries(codes, {})
    for source in pack["sources"].values():
        _text(source)
    rules = [_rule(rule, groups, pack["sources"]) for rule in _list(pack["rules"], RULES)]
    need(len({rule[0] for rule in rules}) == len(rules), "twice", "a rule")
    for _, versions in rules:
        _in_time(versions)
        for version in versions:
            _groups_matter(version)
    return [version for _, versions in rules for version in versions]


def _hidden(character):
    named = "\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\ufeff"
    return unicodedata.category(character) == "Cc" and character != "\n" or character in named or "\u2060" <= character <= "\u2069"


def _members(pairs):
    names = [name for name, _ in pairs]
    need(len(set(names)) == len(names), "twice", "a member")
    return dict(pairs)


def _fields(value, required, optional):
    need(isinstance(value, dict), "type", "no map")
    for name in required:
        need(name in value, "missing", name)
    for name in value:
        need(name in required or name in optional, "unknown", name)


def _text(value):
    need(isinstance(value, str), "type", "no text")
    need(value not in ("", "~") and value.strip() == value and len(value.encode()) <= TEXT, "text", value[:60])
    need(not any(unicodedata.category(character) == "Cc" for character in value), "text", "a control character")
    return value


def _texts(value):
    need(isinstance(value, list), "type", "no list")
    return [_text(item) for item in value]


def _list(value, most):
    need(isinstance(value, list) and 1 <= len(value) <= most, "list", f"1 to {most}")
    return value


def _name(value):
    need(re.fullmatch(r"[a-z0-9A-Z][a-z0-9._-]{0,63}", _text(value)) and value.lower() == value, "name", value)
    return value


def _words(value, known):
    names = _texts(value)
    need(len(set(names)) == len(names), "twice")
    need(names, "empty")
    for name in names:
        need(name in known, "word", name)
    return set(names)


def _day(value):
    need(isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII), "day", str(value))
    try:
        day = datetime.date.fromisoformat(value)
    except ValueError as error:
        raise Refused("day", value) from error
    need(1970 <= day.year <= 2999, "day", value)
    return day


def _rule(rule, groups, sources):
    _fields(rule, ("id", "act", "obliged", "versions"), ())
    for name in ("act", "obliged"):
        _text(rule[name])
    versions = [_version(_name(rule["id"]), version, groups, sources) for version in _list(rule["versions"], VERSIONS)]
    need(len({version["id"] for version in versions}) == len(versions), "twice", "a version")
    return rule["id"], versions


def _version(rule, given, groups, sources):
    _fields(given, OF_VERSION, MAY_VERSION)
    begin, end = _day(given["valid_from"]), _day(given["valid_to"]) if "valid_to" in given else datetime.date.max
    need(begin <= end, "days", "ends before it begins")
    for name in ("adopted", "verified_on"):
        if name in given:
            _day(given[name])
    need(given["verified_against_official_journal"] in ("true", "false"), "verified")
    need((given["verified_against_official_journal"] == "true") == ("verified_on" in given), "verified")
    for name in ("after_gap", "amending_act", "prohibits", "grandfathering", "derogation"):
        if name in given:
            _text(given[name])
    for name in ("uncertain", "open_questions"):
        _texts(given.get(name, []))
    for source in _texts(given["sources"]):
        need(source in sources, "source", source)
    need(given["certainty"] in CERTAINTIES, "word", given["certainty"])
    need(given["effect"] in EFFECTS, "word", given["effect"])
    return {
        "id": f"{rule}/{_name(given['id'])}", "begin": begin, "end": end, "after_gap": "after_gap" in given, "effect": given["effect"],
        "who": [_clause(clause, groups) for clause in _list(given["who"], CLAUSES)],
        "exempt": [_clause(clause, groups) for clause in _list(given["exempt"], CLAUSES)] if "exempt" in given else [],
        "activity": _words(given["activity"], ACTIVITIES) if "activity" in given else None,
        "threshold": _threshold(given["threshold"]) if "threshold" in given else None,
    }


def _threshold(given):
    _fields(given, ("more_than", "currency", "of"), ())
    need(re.fullmatch("[A-Z]{3}", given["currency"]), "currency", given["currency"])
    need(given["of"] in HOLDINGS, "word", given["of"])
    return given["of"], decimal(given["more_than"])


def _clause(given, groups):
    """A list of (fact, whether outside, countries or issuers)."""
    need(isinstance(given, dict), "type")
    need(given, "empty", "everybody")
    need(len(given) <= CONDITIONS, "list", "conditions")
    conditions = []
    for key, value in given.items():
        fact, outside = (key.removesuffix("_outside"), key.endswith("_outside"))
        if key == "listed":
            conditions.append(("listed", False, _words(value, ISSUERS)))
            continue
        need(fact in FACTS and (FACTS[fact][1] or not outside), "condition", key)
        conditions.append((fact, outside, _countries(value, groups)))
    need(len({fact for fact, _, _ in conditions}) == len(conditions), "twice", "a fact")
    return conditions


def _countries(value, groups):
    names = _texts(value)
    need(names, "empty")
    found = set()
    for name in names:
        need(name in groups or name in STATES, "country", name)
        more = groups.get(name, {name})
        need(not found & more, "twice", name)
        found |= more
    return found


def decimal(text):
    """The number, exactly; at most 18 decimals, not negative, below the limit."""
    need(re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text, re.ASCII) and len(text) <= 60, "number", f"is not a number: {text}")
    need(not text.startswith("-"), "number", "is negative")
    need(len(text.partition(".")[2]) <= 18, "number", "has more than 18 decimals")
    with localcontext() as context:
        context.prec = 100
        need(Decimal(text) < LIMIT, "number", "is absurd")
        return Decimal(text)


# ------------------------------------------------------------------------------------------------ the lint


def _in_time(versions):
    """No two versions on one day; a gap only where it is declared."""
    one_day = datetime.timedelta(days=1)
    ordered = sorted(versions, key=lambda version: version["begin"])
    last = None
    for version in ordered:
        need(last is None or last < version["begin"], "lint", "overlap")
        gap = last is not None and last + one_day < version["begin"]
        need(gap == version["after_gap"], "lint", "gap")
        last = version["end"]


def _groups_matter(version):
    """Somebody belongs to each group alone and to no exemption; somebody covered is spared by each exemption alone."""
    who, exempt = set(), set()
    for person in _everybody(version["who"] + version["exempt"]):
        covered = [at for at, clause in enumerate(version["who"]) if _clause_holds(clause, person, datetime.date.max)]
        spared = [at for at, clause in enumerate(version["exempt"]) if _clause_holds(clause, person, datetime.date.max)]
        if len(covered) == 1 and not spared:
            who.add(covered[0])
        if covered and len(spared) == 1:
            exempt.add(spared[0])
    need(len(who) == len(version["who"]) and len(exempt) == len(version["exempt"]), "lint", "reach")


def _everybody(clauses):
    """One person for every way in which the conditions can tell people apart."""
    for kind in ("natural", "legal"):
        choices = {}
        for fact, (owner, single) in FACTS.items():
            sets = [countries for clause in clauses for name, _, countries in clause if name == fact]
            if not sets or owner not in (None, kind):
                continue
            alike = {}
            for state in sorted(STATES):
                alike.setdefault(tuple(state in countries for countries in sets), state)
            kinds = list(alike.values())
            if single:
                choices[fact] = [{state} for state in kinds] + ([set()] if owner is None else [])
            else:
                choices[fact] = [set(some) for count in range(len(kinds) + 1) for some in itertools.combinations(kinds, count)]
        if any(name == "listed" for clause in clauses for name, _, _ in clause):
            choices["listed"] = [
                {issuer: datetime.date.min for issuer in some} for count in range(4) for some in itertools.combinations(ISSUERS, count)
            ]
        for values in itertools.product(*choices.values()):
            yield {"person": kind, **dict(zip(choices, values))}


# ------------------------------------------------------------------------------------------------ verdicts


def judge(versions, on, client):
    """Verdict by version, for the versions in force on the day."""
    day = _day(on)
    return {version["id"]: _verdict(version, day, client) for version in versions if version["begin"] <= day <= version["end"]}


def _verdict(version, day, client):
    covered = _any([_clause_holds(clause, client, day) for clause in version["who"]])
    exempt = _any([_clause_holds(clause, client, day) for clause in version["exempt"]])
    active = True
    if version["activity"] is not None:
        active = None if client.get("activity") is None else bool(version["activity"] & client["activity"])
    above = True
    if version["threshold"]:
        of, amount = version["threshold"]
        above = None if client.get(of) is None else client[of] > amount
    if covered is False:
        return "not covered"
    if active is False:
        return "other activity"
    if above is False:
        return "not above the threshold"
    if exempt:
        return "exempt"
    if covered and active and above and exempt is False:
        return version["effect"]
    missing = set()
    for truth, clauses in ((covered, version["who"]), (exempt, version["exempt"])):
        for clause in clauses if truth is None else []:
            if _clause_holds(clause, client, day) is None:
                missing |= {name for condition in clause for name in _missing(condition, client, day)}
    missing |= {"activity"} if active is None else set()
    missing |= {version["threshold"][0]} if above is None else set()
    return "ask: " + ", ".join(name for name in ORDER if name in missing)


def _any(truths):
    return True if True in truths else None if None in truths else False


def _clause_holds(clause, client, day):
    truths = [_holds(condition, client, day) for condition in clause]
    return False if False in truths else None if None in truths else True


def _holds(condition, client, day):
    fact, outside, wanted = condition
    value = client.get(fact)
    if fact == "listed":
        return None if value is None else any(issuer in wanted and since <= day for issuer, since in value.items())
    owner, person = FACTS[fact][0], client.get("person")
    if owner and person and owner != person:
        return False
    fits = None if value is None else bool(value - wanted if outside else value & wanted)
    return None if owner and not person and fits else fits


def _missing(condition, client, day):
    if _holds(condition, client, day) is not None:
        return set()
    fact = condition[0]
    missing = {fact} if client.get(fact) is None else set()
    return missing | ({"person"} if fact in FACTS and FACTS[fact][0] and not client.get("person") else set())


# ------------------------------------------------------------------------------------------------ clients


def read_client(given):
    """The facts of a row: unknown ones are not there. Refuses with the column as reason."""
    columns = ("account", "person", *FACTS, "listed", "activity", *HOLDINGS, "holdings", "as_of")
    for name in given:
        need(name in columns, "None", f"`{name}` is unknown")
    need("account" in given, "None", "no column `account`")
    need("holdings" not in given, "None", "holdings need a table of prices")
    values = {name: text.strip(" ") for name, text in given.items() if text.strip(" ")}
    client = {}
    for name in columns:
        try:
            if name in values:
                client[name] = _value(name, values[name])
        except Refused as error:
            raise Refused(name, str(error)) from error
    need("account" in client and len(client["account"].encode()) <= NAME, "account")
    natural = [name for name in ("nationality", "residence", "permit") if client.get(name)]
    legal = [name for name in ("establishment", "majority_owners") if client.get(name)]
    person = client.get("person")
    need(person != "legal" or not natural, natural[0] if natural else "")
    need(person != "natural" or not legal, legal[0] if legal else "")
    need(person or not (natural and legal), natural[0] if natural else "")
    if not person and natural + legal:
        client["person"] = "natural" if natural else "legal"
    return client


def _value(name, text):
    items = [] if text == "none" else [item for item in text.split(" ") if item]
    if name == "account":
        need(not any(unicodedata.category(character) == "Cc" for character in text), "control")
        return text
    if name == "person":
        need(text in ("natural", "legal"), "person")
        return text
    if name in HOLDINGS:
        return decimal(text)
    if name == "as_of":
        return _day(text)
    if name == "activity":
        need(all(item in ACTIVITIES for item in items), "activity")
        return set(items)
    if name == "listed":
        found = {}
        for item in items:
            issuer, mark, since = item.partition("@")
            need(mark and issuer in ISSUERS and issuer not in found, "listed")
            found[issuer] = _day(since)
        return found
    if FACTS[name][1] and not (name == "address_proof" and text == "none"):
        need(text in STATES, "country")
    need(all(item in STATES for item in items) and len(set(items)) == len(items), "country")
    return set(items)
