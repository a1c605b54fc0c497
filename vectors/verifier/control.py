"""docs/formats/control.md and totals.md: folding control leaves into the state in force, and the daily totals that stand."""

import copy

from . import presence, reach
from .approval import CONTROL_NAMESPACE, check_signature, control_line, read_key
from .canonical import digest, listing, name, optional, seconds, string
from .documents import PERSON, RING_REF, TRUSTEE, WORKER, hexadecimal, read_document, rings_of, worker_digest
from .edwards import ed25519_verifies
from .encoding import F, le, parts
from .note import read_vkey
from .refusal import Refused, need
from .tlog import lint, read_policy

COOLING = 7 * 86_400
MIDNIGHT = "T00:00:00Z"
REMOVALS = ("remove_person", "revoke_key", "suspend_authority", "remove_trustee", "hold_order", "remove_worker")
OF_SHARES = {"set_ring", "set_index_ring", "rotate_ring", "set_trustees"}


def begin(body, sigs):
    """control.md, "Genesis": signed by every trustee, approver and counsel, and by nobody else."""
    genesis, genesis_digest = read_document("genesis", body.encode())
    _usable_witness_policy(genesis["witness_policy"], genesis)
    if genesis["trustees"]:
        reach.no_foreign_state_opens(genesis["custodian"]["seat"], genesis["trustees"]["threshold"], _founders(genesis))
    expected = {f"person:{person['id']}": person["keys"] for person in genesis["people"] if set(person["roles"]) & {"approver", "counsel"}}
    expected |= {f"trustee:{member['index']}": [f"ed25519 {member['identity']}"] for member in _founders(genesis)}
    for sig in sigs:
        keys = expected.pop(sig["by"], None)
        need(keys is not None, "stranger", sig["by"])
        need(_signed(body, keys, sig["sig"]), "unsigned", sig["by"])
    need(not expected, "unsigned", ", ".join(expected))
    in_force = {
        "genesis": genesis_digest.hex(), "people": {person["id"]: person for person in genesis["people"]}, "policy": genesis["policy"],
        "directory": genesis["directory"], "witness_policy": genesis["witness_policy"], "ring": genesis["ring"], "index_ring": genesis.get("index_ring"),
        "trustees": None, "ring_makers": None, "index_ring_makers": None, "former_ring": None, "former_ring_makers": None, "closed_rings": set(), "removed_trustees": set(), "suspended": set(), "held": set(), "workers": {}, "replaced_workers": {}, "watched": {},
        "founders": _founders(genesis), "threshold": genesis["trustees"]["threshold"] if genesis["trustees"] else None,
    }
    return {"genesis": genesis, "in_force": in_force, "waiting": [], "number": 0, "totals": None, "seen": {}}


def state_at(control, now):
    """What is in force at a time."""
    return _settled(control, now)[0]


def _settled(control, now):
    """Waiting changes take effect in the order of their times, those of one time by number. Trustees that come into force take with them
    every change of rings or trustees that waited beside theirs."""
    state, others = copy.deepcopy(control["in_force"]), False
    for effective, number, action in sorted(control["waiting"], key=lambda waiting: waiting[:2]):
        if effective <= now and not (others and OF_SHARES & set(action)):
            others = _apply(state, action) or others
    return state, [waiting for waiting in control["waiting"] if waiting[0] > now and not (others and OF_SHARES & set(waiting[2]))]


def fold(control, index, body, sigs, witnessed):
    """One control leaf at this index, first seen under a checkpoint witnessed at this time. Refused leaves change nothing."""
    control["in_force"], control["waiting"] = _settled(control, witnessed)
    if body.startswith('{"v":"countersign/totals/v1"'):
        _fold_totals(control, index, body, sigs)
        return
    if body.startswith(presence.CLAIM):
        _fold_check_in(control, body, sigs, witnessed)
        return
    change, _ = read_document("change", body.encode())
    genesis, state = control["genesis"], control["in_force"]
    need(change["custodian"] == genesis["custodian"]["id"] and change["genesis"] == state["genesis"], "another journal")
    need(change["number"] == control["number"] + 1, "number")
    approvers, counsel, trustees = _count_signers(control, state, body, sigs)
    kind, content = next(iter(change["action"].items()))
    if kind in REMOVALS:
        need(approvers + counsel + trustees >= 1, "nobody in force has signed")
        if kind == "remove_trustee":
            left = [member for member in present(state) if member["identity"] != content]
            need(genesis["trustees"] and len(left) >= state["threshold"], "too few trustees would be left")
        _cancel_waiting(control, kind, content)
        _apply(state, change["action"])
    else:
        if kind == "add_person":
            others = [person for person in state["people"].values()] + [
                waiting[2]["add_person"] for waiting in control["waiting"] if "add_person" in waiting[2]]
            for person in others:
                other = person["id"] != content["id"]
                need(not other or not set(person["keys"]) & set(content["keys"]), "a key shared", person["id"])
                need(not other or "reader" not in content or person.get("reader") != content["reader"], "a reader's key shared", person["id"])
        if kind in ("add_worker", "replace_worker"):
            added, lost = (content, None) if kind == "add_worker" else (content["worker"], content["replaces"])
            need(lost is None or _replaces(state, content), "a worker that cannot take the place of the other")
            others = [worker for key, worker in state["workers"].items() if key != lost] + [
                action["add_worker"] if "add_worker" in action else action["replace_worker"]["worker"]
                for _, _, action in control["waiting"] if {"add_worker", "replace_worker"} & set(action)]
            for worker in others:
                need(worker["name"] != added["name"] and worker["identity"] != added["identity"], "a worker shared", worker["name"])
        if kind == "watch":
            need(content["person"] in state["people"], "not in the roster", content["person"])
        if kind == "set_witness_policy":
            _usable_witness_policy(content, genesis)
        if kind in ("set_ring", "set_index_ring"):
            need(genesis["trustees"], "a ring without trustees")
            need(_rises(state[kind.removeprefix("set_")], content), "the share epoch does not rise")
        if kind == "set_ring":
            need(_settable(state, content), "a ring that was rotated away, or a third one")
        if kind == "rotate_ring":
            need(_rotates(state, content), "a ring that cannot follow the one in force")
            need(_ring_confirmed(content, members_in_force(state)), "a member has not confirmed the ring")
        if kind == "close_ring":
            need(state["former_ring"] and state["former_ring"]["id"] == content, "not the ring that was rotated away")
        if kind == "set_trustees":
            need(_can_follow(state, content), "trustees that cannot follow those in force")
            reach.no_foreign_state_opens(genesis["custodian"]["seat"], state["threshold"], content["members"])
            need(_confirmed(content), "a member has not confirmed its shares")
        threshold = genesis["trustees"]["threshold"] if genesis["trustees"] else 0
        if kind == "state_reach":
            reach.check_statement(control, state, content, sigs, witnessed)
            reach.take_in(control, content)
        else:
            need(approvers >= genesis["change_approvals"] and trustees >= threshold, "not enough signatures")
        effective = max(seconds(change["effective"]), witnessed + COOLING)
        control["waiting"].append((effective, change["number"], change["action"]))
    control["number"] = change["number"]


def _fold_check_in(control, body, sigs, witnessed):
    """check-in.md: signed by the person and nobody else."""
    check_in, _ = read_document("check-in", body.encode())
    presence.check(control, control["in_force"], check_in, witnessed)
    person = control["in_force"]["people"][check_in["person"]]
    need(len(sigs) == 1 and sigs[0]["by"] == f"person:{person['id']}", "not signed by the person alone")
    need(_signed(body, person["keys"], sigs[0]["sig"]), "wrong signature", person["id"])
    control["seen"][person["id"]] = seconds(check_in["at"])


def _fold_totals(control, index, body, sigs):
    """totals.md, "In the journal"."""
    totals, _ = read_document("totals", body.encode())
    genesis, last = control["genesis"], control["totals"]
    need(totals["custodian"] == genesis["custodian"]["id"] and totals["genesis"] == control["in_force"]["genesis"], "another journal")
    need(totals["number"] == (last["number"] + 1 if last else 1), "number")
    need(last is None or totals["size"] > last["size"] and seconds(totals["day"] + MIDNIGHT) > seconds(last["day"] + MIDNIGHT), "size or day")
    need(totals["size"] <= index, "totals of what comes after")
    keys = {f"trustee:{member['index']}": f"ed25519 {member['identity']}" for member in present(control["in_force"])}
    for sig in sigs:
        key = keys.pop(sig["by"], None)
        need(key, "no trustee, or signed twice", sig["by"])
        need(_signed(body, [key], sig["sig"]), "wrong signature", sig["by"])
    need(genesis["trustees"] and len(sigs) >= genesis["trustees"]["threshold"], "not enough signatures")
    control["totals"] = totals


def _founders(genesis):
    return genesis["trustees"]["members"] if genesis["trustees"] else []


def members_in_force(state):
    """Holders of the share epoch in force, removed ones included."""
    return state["founders"] if state["trustees"] is None else state["trustees"]


def present(state):
    """Trustees in force."""
    return [member for member in members_in_force(state) if member["identity"] not in state["removed_trustees"]]


def check_trustee(view, state):
    """wire.md, check 3: the trustee is in force, and the shares held are for as many as are members."""
    need(view["trustee"] in [member["index"] for member in present(state)], "WRONG_ADDRESSEE", "not in force")
    need(view["shares"]["n"] == len(members_in_force(state)), "WRONG_SHARE_EPOCH", "shares for another number of trustees")


def _rises(in_force, following):
    return not in_force or in_force["id"] != following["id"] or in_force["share_epoch"] < following["share_epoch"]


def _can_follow(state, new):
    """The same rings in later share epochs, held by t or more who were not removed."""
    pairs = [(state["ring"], new["ring"]), (state["index_ring"], new.get("index_ring"))]
    return (
        state["threshold"] is not None and not state["former_ring"] and len(new["members"]) >= state["threshold"]
        and not {member["identity"] for member in new["members"]} & state["removed_trustees"]
        and all(bool(old) == bool(ring) and (not old or old["id"] == ring["id"] and _rises(old, ring)) for old, ring in pairs)
    )


def _replaces(state, content):
    """control.md, "Workers": one in force, of the same program and state, by another key; with an attestation where there was one."""
    lost, new = state["workers"].get(content["replaces"]), content["worker"]
    return (
        lost is not None and lost["code"] == new["code"] and lost["state"] == new["state"] and lost["identity"] != new["identity"]
        and (lost["attestation"] is None or new["attestation"] is not None)
    )


def _settable(state, ring):
    """Not a ring that was closed, and no third one while the one before is read."""
    same = state["ring"] and state["ring"]["id"] == ring["id"]
    return ring["id"] not in state["closed_rings"] and (same or not state["former_ring"])


def _rotates(state, new):
    """control.md, "New keys": a ring that never was, confirmed by as many as are members, none of whom was removed."""
    known = {ring["id"] for ring in (state["ring"], state["index_ring"]) if ring} | state["closed_rings"]
    members = members_in_force(state)
    return (
        state["ring"] and not state["former_ring"] and new["id"] not in known and len(new["confirmed"]) == len(members)
        and not {member["identity"] for member in members} & state["removed_trustees"]
    )


def _ring_confirmed(new, members):
    """Every member's own ring confirmation (ring.md)."""
    return all(
        ed25519_verifies(
            bytes.fromhex(member["identity"]), F("ring-confirmation", bytes.fromhex(new["id"]), le(member["index"], 2)), bytes.fromhex(signature))
        for member, signature in zip(members, new["confirmed"])
    )


def _confirmed(new):
    """Every member's own share epoch confirmation (ring.md) of every ring."""
    return all(
        ed25519_verifies(
            bytes.fromhex(member["identity"]),
            F("share-epoch-confirmation", bytes.fromhex(ring["id"]), le(ring["share_epoch"], 4), bytes.fromhex(ring["shares"]), le(member["index"], 2)),
            bytes.fromhex(signature))
        for ring in rings_of(new)
        for member, signature in zip(new["members"], ring["confirmed"])
    )


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
    identities = {f"trustee:{member['index']}": f"ed25519 {member['identity']}" for member in present(state)}
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
        if kind == "remove_person" and action.get("state_reach", {}).get("person") == content:
            continue
        if person and kind == "revoke_key" and person["id"] == content["person"]:
            person["keys"] = [key for key in person["keys"] if key != content["key"]]
            if not person["keys"]:
                continue
        if "add_worker" in action and kind == "remove_worker" and worker_digest(action["add_worker"]).hex() == content:
            continue
        if "replace_worker" in action and kind == "remove_worker" and content in (
                action["replace_worker"]["replaces"], worker_digest(action["replace_worker"]["worker"]).hex()):
            continue
        if kind == "remove_trustee" and content in [member["identity"] for member in action.get("set_trustees", {}).get("members", [])]:
            continue
        kept.append((effective, number, action))
    control["waiting"] = kept


SETS = {"suspend_authority": "suspended", "hold_order": "held", "remove_trustee": "removed_trustees"}


def _apply(state, action):
    """Whether other trustees, or new keys, came into force by it."""
    kind, content = next(iter(action.items()))
    if kind == "add_person":
        state["people"][content["id"]] = content
    elif kind == "state_reach":
        reach.apply(state, content)
    elif kind == "watch":
        state["watched"][content["person"]] = content["watch"]
    elif kind == "remove_person":
        state["people"].pop(content, None)
    elif kind == "revoke_key":
        person = state["people"].get(content["person"])
        if person:
            state["people"][person["id"]] = {**person, "keys": [key for key in person["keys"] if key != content["key"]]}
    elif kind in SETS:
        state[SETS[kind]].add(content)
    elif kind == "add_worker":
        state["workers"][worker_digest(content).hex()] = content
    elif kind == "replace_worker":
        if _replaces(state, content):
            lost, new = content["replaces"], worker_digest(content["worker"]).hex()
            del state["workers"][lost]
            state["workers"][new] = content["worker"]
            state["replaced_workers"] = {key: new if value == lost else value for key, value in state["replaced_workers"].items()} | {lost: new}
    elif kind == "remove_worker":
        state["workers"].pop(content, None)
    elif kind in ("set_ring", "set_index_ring"):
        ring = kind.removeprefix("set_")
        if _rises(state[ring], content) and (ring != "ring" or _settable(state, content)):
            if not state[ring] or state[ring]["id"] != content["id"]:
                state[ring + "_makers"] = state["trustees"]
            state[ring] = content
    elif kind == "rotate_ring":
        if not _rotates(state, content):
            return False
        state["former_ring"], state["former_ring_makers"] = state["ring"], state["ring_makers"]
        state["ring"] = {key: content[key] for key in ("id", "share_epoch", "shares")}
        state["ring_makers"] = state["trustees"]
        return True
    elif kind == "close_ring":
        if state["former_ring"] and state["former_ring"]["id"] == content:
            state["former_ring"], state["former_ring_makers"] = None, None
            state["closed_rings"].add(content)
    elif kind == "set_trustees":
        if not _can_follow(state, content):
            return False
        state["trustees"] = content["members"]
        for ring in ("ring", "index_ring"):
            state[ring] = {key: content[ring][key] for key in ("id", "share_epoch", "shares")} if ring in content else None
        return True
    else:
        state[kind.removeprefix("set_")] = content
    return False


def _usable_witness_policy(text, genesis):
    """Exactly one log, the journal; no two disjoint sets of witnesses, nor nobody, satisfy the quorum."""
    policy = read_policy(text.encode())
    lint(policy)
    journal = read_vkey(genesis["journal"]["vkey"])
    need(policy["logs"] == [journal] and journal["name"] == genesis["journal"]["origin"], "another log than the journal")


def state_text(state):
    """control.md, "State digest": people by id; sets sorted; what changes of trustees and of keys bring only after one."""
    people = ",".join(f'"{key}":{PERSON(state["people"][key])}' for key in sorted(state["people"]))
    later = [
        f',"{key}":{listing(TRUSTEE)(state[key])}' for key in ("trustees", "ring_makers", "index_ring_makers") if state[key] is not None
    ]
    if state["former_ring"]:
        later.append(f',"former_ring":{RING_REF(state["former_ring"])}')
    if state["former_ring_makers"] is not None:
        later.append(f',"former_ring_makers":{listing(TRUSTEE)(state["former_ring_makers"])}')
    for key in ("closed_rings", "removed_trustees"):
        if state[key]:
            later.append(f',"{key}":{listing(digest)(sorted(state[key]))}')
    return "".join([
        '{"genesis":', digest(state["genesis"]), ',"people":{', people, '},"policy":', digest(state["policy"]), ',"directory":',
        digest(state["directory"]), ',"witness_policy":', string(state["witness_policy"]), ',"ring":', optional(RING_REF)(state["ring"]),
        ',"index_ring":' + RING_REF(state["index_ring"]) if state["index_ring"] else "", *later, ',"suspended":', listing(name)(sorted(state["suspended"])), ',"held":', listing(hexadecimal(16))(sorted(state["held"])),
        _workers(state["workers"]), _replaced(state["replaced_workers"]), presence.state_member(state["watched"]), "}",
    ])


def _workers(workers):
    """Left out where there are none."""
    listed = ",".join(f'"{key}":{WORKER(workers[key])}' for key in sorted(workers))
    return f',"workers":{{{listed}}}' if listed else ""


def _replaced(replaced):
    """Left out where nobody was."""
    listed = ",".join(f'"{key}":{digest(replaced[key])}' for key in sorted(replaced))
    return f',"replaced_workers":{{{listed}}}' if listed else ""


def state_digest(state):
    return parts("countersign/state/v1", state_text(state).encode())
