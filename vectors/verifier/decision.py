"""docs/formats/policy-bundle.md: what the engine gives to policies, the quorum facts, and the decision."""

from .bundle import ANSWER_TYPES, OUTCOMES
from .canonical import seconds
from .documents import ANSWERS
from .refusal import Refused, need

EEA = set(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK XA XB XC XD XE XF".split())
GIVES = ("answer", "narrow", "comply_under_protest", "comply")
# Attribute of the case that holds the answer of a question, where it has one: policy-bundle.md, "What the engine gives to policies".
ATTRIBUTES = {
    "form": "D01", "authentic": "D02", "officer_in_post": "D03", "competence": "D06", "territory": "D07", "formally_valid": "D09",
    "service_covered": "D10", "offence": "D11", "dual_criminality": "D12", "bars": "D13", "political": "D14", "sanctioned": "D17",
    "conflict_of_laws": "D18", "targets": "D19", "window": "D23", "aggregate_enough": "D24", "less_harm_elsewhere": "D25", "threat_to_life": "D26",
    "regularised": "D27", "delay": "D28", "duress": "D29", "quorum_possible": "D30", "trustees_outside": "D31", "persecution": "D33",
    "onward_use": "D34",
}
TYPE_OF = {question: name for name, question in ANSWER_TYPES.items()}


# ------------------------------------------------------------------------------------------------ Cedar, evaluated


class Errs(Exception):
    """An error of Cedar: nothing is decided."""


def evaluate(expression, scope):
    """Values: numbers, booleans, texts, frozensets, dictionaries (records), ("entity", type, id)."""
    kind = expression[0]
    if kind in ("bool", "long", "text"):
        return expression[1]
    if kind == "variable":
        return scope[expression[1]]
    if kind == "entity":
        return expression
    if kind == "set":
        return frozenset(evaluate(item, scope) for item in expression[1])
    if kind == "not":
        return not evaluate(expression[1], scope)
    if kind == "and":
        return evaluate(expression[1], scope) and evaluate(expression[2], scope)
    if kind == "or":
        return evaluate(expression[1], scope) or evaluate(expression[2], scope)
    if kind in ("has", "get"):
        attributes = _attributes(evaluate(expression[1], scope), scope)
        if kind == "has":
            return expression[2] in attributes
        if expression[2] not in attributes:
            raise Errs(f"no attribute {expression[2]}")
        return attributes[expression[2]]
    if kind == "call":
        return _call(expression[1], evaluate(expression[2], scope), [evaluate(item, scope) for item in expression[3]])
    left, right = evaluate(expression[1], scope), evaluate(expression[2], scope)
    return {
        "==": lambda: left == right, "!=": lambda: left != right, "<": lambda: left < right, "<=": lambda: left <= right, ">": lambda: left > right,
        ">=": lambda: left >= right, "in": lambda: left == right or right in scope["parents"].get(left, ()),
    }[kind]()


def _attributes(value, scope):
    if isinstance(value, dict):
        return value
    if value not in scope["entities"]:
        raise Errs(f"no entity {value}")
    return scope["entities"][value]


def _call(name, receiver, arguments):
    return {
        "contains": lambda: arguments[0] in receiver, "containsAll": lambda: arguments[0] <= receiver,
        "containsAny": lambda: bool(arguments[0] & receiver), "isEmpty": lambda: not receiver,
    }[name]()


def ask(policies, action, slice_, context):
    """Whether the action is permitted (some permit holds and no forbid), and the annotations of the policies that hold."""
    scope = {**slice_, "context": context}
    held = [
        policy for policy in policies if policy["action"] in (None, action) and all(evaluate(condition, scope) for condition in policy["when"])]
    gates = [policy["annotations"] for policy in held if policy["effect"] == "forbid"]
    permits = [policy["annotations"] for policy in held if policy["effect"] == "permit"]
    return bool(permits) and not gates, permits, gates


# ------------------------------------------------------------------------------------------------ the slice


def _words(kind, ids):
    return frozenset(("entity", kind, item) for item in ids)


def slice_of(pack, facts, authority, seat):
    """Principal, resource and every state mentioned with its bloc."""
    answers = {item["question"]: item["value"] for item in facts["findings"]}
    kind_classes = next((limit["classes"] for limit in pack["kinds"] if limit["kind"] == facts["kind"]), [])
    grantable = set(facts["asked"]["classes"]) & set(facts["necessary"]) & set(facts["allowed"]) & set(kind_classes)
    requester, case, custodian = ("entity", "Authority", authority["id"]), ("entity", "Case", "case"), ("entity", "Custodian", "self")
    attributes = {
        "authority": requester, "kind": ("entity", "OrderKind", facts["kind"]), "instrument": ("entity", "Instrument", facts["instrument"]),
        "factors": _words("Factor", facts["factors"]), "asked_subjects": facts["asked"]["subjects"],
        "asked_classes": _words("Class", facts["asked"]["classes"]), "necessary_classes": _words("Class", facts["necessary"]),
        "allowed_classes": _words("Class", facts["allowed"]), "kind_classes": _words("Class", kind_classes),
        "grantable_classes": _words("Class", grantable), "listed_by_requester": authority["state"] in facts["listed_by"],
        "listed_by_others": len(set(facts["listed_by"]) - {authority["state"]}),
        "answered": _words("Question", [question for question, value in answers.items() if value != "unknown"]),
    }
    asked, share = facts["asked"]["subjects"], answers.get("D21", "unknown")
    if share != "unknown":
        attributes["uninvolved"] = int(share)
    left = asked if share == "unknown" else max(0, asked - (asked * int(share) + 50) // 100)
    attributes["involved"] = left if share != "unknown" and int(share) >= 100 else max(left, min(asked, 1))
    for attribute, question in ATTRIBUTES.items():
        attributes[attribute] = ("entity", TYPE_OF.get(question, "YesNo"), answers.get(question, "unknown"))
    security = {True: "yes", False: "no", None: "unknown"}[authority["security_service"]]
    entities = {
        case: attributes, custodian: {"seat": ("entity", "State", seat)},
        requester: {
            "state": ("entity", "State", authority["state"]), "kind": ("entity", "AuthorityKind", authority["kind"]),
            "independence": authority["independence"], "security_service": ("entity", "YesNo", security),
            "standing": ("entity", "Standing", authority["standing"]), "sanctioned_in": _words("State", authority["sanctioned_in"]),
        },
    }
    states = {seat, authority["state"], *authority["sanctioned_in"]}
    parents = {("entity", "State", state): [("entity", "Bloc", "EEA" if state in EEA else "NonEEA")] for state in states}
    return {"principal": custodian, "resource": case, "entities": entities, "parents": parents}


# ------------------------------------------------------------------------------------------------ quorum facts


def quorum_facts(approvals, people, author, requester, now):
    """policy-bundle.md, "Quorum facts": approvals as (person's id, role, verdict), signed by the roster entries in force."""
    facts = dict.fromkeys(("approvals", "domestic", "out_of_reach", "within_reach", "independent", "outside_line", "refusals"), 0)
    facts |= {"author": False, "counsel": False, "rights_expert": False}
    states, author_state = set(), people[author]["state"] if author in people else None
    for signer in {item[0] for item in approvals}:
        person, positions = people[signer], {item[1:] for item in approvals if item[0] == signer}
        role, verdict = next(iter(positions))
        # Nobody counts in two roles or with two verdicts; the author counts in no other role, and nobody else as author.
        # Roles of readings have no voice in a case.
        if role in ("agent", "peer"):
            continue
        if len(positions) > 1 or (role != "approver" and (signer == author) != (role == "author")):
            continue
        if verdict == "refuse":
            facts["refusals"] += 1
        elif role != "approver" and _manages(person, requester):
            continue
        elif role == "approver":
            manages = _manages(person, requester)
            facts["within_reach"] += not _out_of_reach(person, requester, now)
            if manages or signer == author:
                continue
            states.add(person["state"])
            facts["approvals"] += 1
            facts["domestic"] += person["state"] == requester
            facts["out_of_reach"] += _out_of_reach(person, requester, now)
            facts["independent"] += person["independent"]
            facts["outside_line"] += person["independent"] or (author_state is not None and author_state != person["state"])
        elif role == "author":
            facts["author"] = True
        elif role == "counsel":
            facts["counsel"] |= person["independent"]
        else:
            facts["rights_expert"] |= person["independent"] and _out_of_reach(person, requester, now)
    return {**facts, "states": len(states)}


def _out_of_reach(person, requester, now):
    age = now - seconds(person["reach"]["at"])
    reached = requester in (person["state"], *person["reach"]["states"])
    return bool(person["reach"]["states"]) and -120 <= age <= 90 * 86_400 and not reached and not _manages(person, requester)


def _manages(person, requester):
    """A regional head of whom no region is said could manage any state."""
    return requester in person["manages"] or ("regional_head" in person["roles"] and not person["manages"])


# ------------------------------------------------------------------------------------------------ the decision


def decide(pack, policies, facts, authority, seat, circumstances=None):
    """policy-bundle.md, "The decision": of a proposal, or of a release under these circumstances."""
    answers = {item["question"]: item["value"] for item in facts["findings"]}
    known = {"D04": authority["kind"], "D05": str(authority["independence"]), "D16": authority["standing"]}
    agree = all("unknown" in (answers.get(question, "unknown"), value) or answers[question] == value for question, value in known.items())
    if facts["authority"] != authority["id"] or not agree:
        return _fault("FACTS_MISMATCH")
    try:
        return _decide(pack, policies, slice_of(pack, facts, authority, seat), answers, circumstances)
    except (Errs, Refused):
        return _fault("POLICY_ERROR")


def _fault(reason):
    return {"allowed": False, "outcome": "refuse", "escalate": True, "lane": None, "reasons": [reason], "missing": [], "delay_lawful": False}


def _decide(pack, policies, slice_, answers, circumstances):
    allowed, permits, gates = ask(policies, "classify", slice_, {})
    lanes = {permit.get("lane") for permit in permits} if allowed else set()
    lane = next((lane["name"] for lane in pack["lanes"] if lane["name"] in lanes), None)
    need(lane, "no lane")
    caps = {name: pack["caps"][name] for name in ("named", "court", "absolute", "uninvolved_percent")}
    base = {"lane": ("entity", "Lane", lane), "caps": caps}
    limits, delay, proposed = (ask(policies, action, slice_, base) for action in ("limit", "delay", "propose"))
    permitted, gated = proposed[0], bool(proposed[2])
    gates += limits[2] + delay[2] + proposed[2]
    if circumstances is not None:
        released = ask(policies, "release", slice_, {**base, **circumstances, "classes": _words("Class", circumstances["classes"])})
        permitted, gated, gates = permitted and released[0], gated or bool(released[2]), gates + released[2]
    outcomes = [gate["outcome"] for gate in gates]
    reasons = {gate["reason"] for gate in gates}
    if not permitted and not gated:
        outcomes.append("refuse")
        reasons.add("NOT_PERMITTED")
    outcome = min(outcomes, key=OUTCOMES.index, default="comply")
    required = {question for gate in gates for question in gate.get("requires", "").split()}
    missing = [question for question in ANSWERS if question in required and answers.get(question, "unknown") == "unknown"]
    return {
        "allowed": permitted and outcome in GIVES, "outcome": outcome, "escalate": any("escalate" in gate for gate in gates), "lane": lane,
        "reasons": sorted(reasons), "missing": missing, "delay_lawful": delay[0],
    }
