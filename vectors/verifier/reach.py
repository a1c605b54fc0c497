"""docs/formats/control.md, "Reach": counsel's statements about people, and how many trustees one state's law binds."""

from collections import Counter

from .canonical import seconds
from .decision import EEA
from .refusal import need

VALID = 90 * 86_400
SKEW = 120


def own_bloc(seat, state):
    return state == seat or (seat in EEA and state in EEA)


def no_foreign_state_opens(seat, threshold, members):
    """No state outside the own bloc has t trustees."""
    for state, count in Counter(member["state"] for member in members).items():
        need(own_bloc(seat, state) or count < threshold, "a foreign state with t trustees", state)


def check_statement(control, state, content, sigs, witnessed):
    """Of somebody in force, with the residence, later than all before, current; signed by independent counsel of somebody else."""
    person, reach = state["people"].get(content["person"]), content["reach"]
    need(person, "not in the roster", content["person"])
    need(person["state"] in reach["states"], "leaves out the residence")
    cooling = [action["state_reach"]["reach"] for _, _, action in control["waiting"] if action.get("state_reach", {}).get("person") == person["id"]]
    need(all(seconds(before["at"]) < seconds(reach["at"]) for before in [person["reach"], *cooling]), "not later than all before")
    need(-SKEW <= witnessed - seconds(reach["at"]) <= VALID, "too old, or of a time to come")
    signers = [state["people"].get(sig["by"].removeprefix("person:")) for sig in sigs if sig["by"].startswith("person:")]
    need(any(one and "counsel" in one["roles"] and one["independent"] and one["id"] != person["id"] for one in signers), "no independent counsel")


def take_in(control, content):
    """What it adds counts at once, also in an entry that is cooling; an older statement that is cooling lapses."""
    control["waiting"] = [
        (effective, number, _with(action, content)) for effective, number, action in control["waiting"]
        if action.get("state_reach", {}).get("person") != content["person"]
    ]
    people = control["in_force"]["people"]
    people[content["person"]] = _widened(people[content["person"]], content["reach"])


def apply(state, content):
    """After the cooling it takes the place of an older one."""
    person, reach = state["people"].get(content["person"]), content["reach"]
    if person and person["state"] in reach["states"] and seconds(reach["at"]) > seconds(person["reach"]["at"]):
        state["people"][person["id"]] = {**person, "reach": reach}


def _with(action, content):
    added = action.get("add_person")
    return {"add_person": _widened(added, content["reach"])} if added and added["id"] == content["person"] else action


def _widened(person, reach):
    return {**person, "reach": {**person["reach"], "states": sorted({*person["reach"]["states"], *reach["states"]})}}
