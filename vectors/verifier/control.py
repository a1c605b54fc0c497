"""docs/formats/control.md and totals.md: folding control leaves into the state in force, and the daily totals that stand."""

import copy

from .approval import CONTROL_NAMESPACE, check_signature, control_line, read_key
from .canonical import digest, listing, name, optional, seconds, string
from .documents import PERSON, RING_REF, hexadecimal, read_document
from .encoding import parts
from .note import read_vkey
from .refusal import Refused, need
from .tlog import lint, read_policy

COOLING = 7 * 86_400
MIDNIGHT = "T00:00:00Z"
REMOVALS = ("remove_person", "revoke_key", "suspend_authority", "hold_order")


def begin(body, sigs):
    """control.md, "Genesis": signed by every trustee, approver and counsel, and by nobody else."""
    genesis, genesis_digest = read_document("genesis", body.encode())
    _usable_witness_policy(genesis["witness_policy"], genesis)
    expected = {f"person:{person['id']}": person["keys"] for person in genesis["people"] if set(person["roles"]) & {"approver", "counsel"}}
    expected |= {f"trustee:{member['index']}": [f"ed25519 {member['identity']}"] for member in _trustees(genesis)}
    for sig in sigs:
        keys = expected.pop(sig["by"], None)
        need(keys is not None, "stranger", sig["by"])
        need(_signed(body, keys, sig["sig"]), "unsigned", sig["by"])
    need(not expected, "unsigned", ", ".join(expected))
    in_force = {
        "genesis": genesis_digest.hex(), "people": {person["id"]: person for person in genesis["people"]}, "policy": genesis["policy"],
        "directory": genesis["directory"], "witness_policy": genesis["witness_policy"], "ring": genesis["ring"], "index_ring": genesis.get("index_ring"),
        "suspended": set(), "held": set(),
    }
    return {"genesis": genesis, "in_force": in_force, "waiting": [], "number": 0, "totals": None}


def state_at(control, now):
    """What is in force at a time: waiting changes take effect in the order of their times, those of one time by number."""
    state = copy.deepcopy(control["in_force"])
    for effective, number, action in sorted(control["waiting"], key=lambda waiting: waiting[:2]):
        if effective <= now:
            _apply(state, action)
    return state


def fold(control, index, body, sigs, witnessed):
    """One control leaf at this index, first seen under a checkpoint witnessed at this time. Refused leaves change nothing."""
    control["in_force"] = state_at(control, witnessed)
    control["waiting"] = [waiting for waiting in control["waiting"] if waiting[0] > witnessed]
    if body.startswith('{"v":"countersign/totals/v1"'):
        _fold_totals(control, index, body, sigs)
        return
    change, _ = read_document("change", body.encode())
    genesis, state = control["genesis"], control["in_force"]
    need(change["custodian"] == genesis["custodian"]["id"] and change["genesis"] == state["genesis"], "another journal")
    need(change["number"] == control["number"] + 1, "number")
    approvers, counsel, trustees = _count_signers(control, state, body, sigs)
    kind, content = next(iter(change["action"].items()))
    if kind in REMOVALS:
        need(approvers + counsel + trustees >= 1, "nobody in force has signed")
        _cancel_waiting(control, kind, content)
        _apply(state, change["action"])
    else:
        if kind == "add_person":
            others = [person for person in state["people"].values()] + [
                waiting[2]["add_person"] for waiting in control["waiting"] if "add_person" in waiting[2]]
            for person in others:
                need(person["id"] == content["id"] or not set(person["keys"]) & set(content["keys"]), "a key shared", person["id"])
        if kind == "set_witness_policy":
            _usable_witness_policy(content, genesis)
        if kind in ("set_ring", "set_index_ring"):
            need(genesis["trustees"], "a ring without trustees")
        threshold = genesis["trustees"]["threshold"] if genesis["trustees"] else 0
        need(approvers >= genesis["change_approvals"] and trustees >= threshold, "not enough signatures")
        effective = max(seconds(change["effective"]), witnessed + COOLING)
        control["waiting"].append((effective, change["number"], change["action"]))
    control["number"] = change["number"]


def _fold_totals(control, index, body, sigs):
    """totals.md, "In the journal"."""
    totals, _ = read_document("totals", body.encode())
    genesis, last = control["genesis"], control["totals"]
    need(totals["custodian"] == genesis["custodian"]["id"] and totals["genesis"] == control["in_force"]["genesis"], "another journal")
    need(totals["number"] == (last["number"] + 1 if last else 1), "number")
    need(last is None or totals["size"] > last["size"] and seconds(totals["day"] + MIDNIGHT) > seconds(last["day"] + MIDNIGHT), "size or day")
    need(totals["size"] <= index, "totals of what comes after")
    keys = {f"trustee:{member['index']}": f"ed25519 {member['identity']}" for member in _trustees(genesis)}
    for sig in sigs:
        key = keys.pop(sig["by"], None)
        need(key, "no trustee, or signed twice", sig["by"])
        need(_signed(body, [key], sig["sig"]), "wrong signature", sig["by"])
    need(genesis["trustees"] and len(sigs) >= genesis["trustees"]["threshold"], "not enough signatures")
    control["totals"] = totals


def _trustees(genesis):
    return genesis["trustees"]["members"] if genesis["trustees"] else []


def _signed(body, keys, signature):
    """By one of the party's keys."""
    for text in keys:
        try:
            check_signature(read_key(text), CONTROL_NAMESPACE, control_line(body), signature)
            return True
        except Refused:
            continue
    return False


def _count_signers(control, state, body, sigs):
    """Every signature listed must be right and of somebody in force; nobody signs twice."""
    seen, approvers, counsel, trustees = set(), 0, 0, 0
    identities = {f"trustee:{member['index']}": f"ed25519 {member['identity']}" for member in _trustees(control["genesis"])}
    for sig in sigs:
        by = sig["by"]
        need(by not in seen, "signed twice", by)
        seen.add(by)
        if by in identities:
            need(_signed(body, [identities[by]], sig["sig"]), "wrong signature", by)
            trustees += 1
            continue
        person = state["people"].get(by.removeprefix("person:")) if by.startswith("person:") else None
        need(person, "not in force", by)
        need(_signed(body, person["keys"], sig["sig"]), "wrong signature", by)
        if "approver" in person["roles"]:
            approvers += 1
        elif "counsel" in person["roles"]:
            counsel += 1
    return approvers, counsel, trustees


def _cancel_waiting(control, kind, content):
    """A removal also cancels an addition of the same person; a revoked key is taken out of it."""
    kept = []
    for effective, number, action in control["waiting"]:
        action = copy.deepcopy(action)
        person = action.get("add_person")
        if person and kind == "remove_person" and person["id"] == content:
            continue
        if person and kind == "revoke_key" and person["id"] == content["person"]:
            person["keys"] = [key for key in person["keys"] if key != content["key"]]
            if not person["keys"]:
                continue
        kept.append((effective, number, action))
    control["waiting"] = kept


def _apply(state, action):
    kind, content = next(iter(action.items()))
    if kind == "add_person":
        state["people"][content["id"]] = content
    elif kind == "remove_person":
        state["people"].pop(content, None)
    elif kind == "revoke_key":
        person = state["people"].get(content["person"])
        if person:
            state["people"][person["id"]] = {**person, "keys": [key for key in person["keys"] if key != content["key"]]}
    elif kind in ("suspend_authority", "hold_order"):
        state["suspended" if kind == "suspend_authority" else "held"].add(content)
    else:
        state[kind.removeprefix("set_")] = content


def _usable_witness_policy(text, genesis):
    """Exactly one log, the journal; no two disjoint sets of witnesses, nor nobody, satisfy the quorum."""
    policy = read_policy(text.encode())
    lint(policy)
    journal = read_vkey(genesis["journal"]["vkey"])
    need(policy["logs"] == [journal] and journal["name"] == genesis["journal"]["origin"], "another log than the journal")


def state_text(state):
    """control.md, "State digest": people by id, suspended and held sorted."""
    people = ",".join(f'"{key}":{PERSON(state["people"][key])}' for key in sorted(state["people"]))
    return "".join([
        '{"genesis":', digest(state["genesis"]), ',"people":{', people, '},"policy":', digest(state["policy"]), ',"directory":',
        digest(state["directory"]), ',"witness_policy":', string(state["witness_policy"]), ',"ring":', optional(RING_REF)(state["ring"]),
        ',"index_ring":' + RING_REF(state["index_ring"]) if state["index_ring"] else "", ',"suspended":', listing(name)(sorted(state["suspended"])), ',"held":', listing(hexadecimal(16))(sorted(state["held"])), "}",
    ])


def state_digest(state):
    return parts("countersign/state/v1", state_text(state).encode())
