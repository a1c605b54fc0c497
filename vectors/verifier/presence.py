"""docs/formats/control.md, "Reach" and "Watches", and check-in.md: documents, and who is silent."""

from .canonical import digest, hexadecimal, is_sorted, listing, members, name, number, optional, seconds, state, time
from .refusal import need
from .rules import consistent, version

HOUR = 3600
SKEW, GRACE = 120, HOUR

REACH = members(("states", listing(state)), ("at", time))
WATCH = members(("hours", optional(number(16))), ("from", time))
CHECK_IN = members(("v", version("check-in/v1")), ("custodian", hexadecimal(16)), ("genesis", digest), ("person", name), ("at", time))
CLAIM = '{"v":"countersign/check-in/v1"'


def action_rules(action):
    if "state_reach" in action:
        states = action["state_reach"]["reach"]["states"]
        consistent(states and is_sorted(states), "reach")
    if "watch" in action:
        hours = action["watch"]["watch"].get("hours")
        consistent(hours is None or 1 <= hours <= 720, "hours")


def check(control, in_force, check_in, witnessed):
    """check-in.md, "When it counts"."""
    person, at = check_in["person"], seconds(check_in["at"])
    need(check_in["custodian"] == control["genesis"]["custodian"]["id"] and check_in["genesis"] == in_force["genesis"], "another journal")
    watch = in_force["watched"].get(person)
    need(person in in_force["people"] and watch and watch["hours"] is not None, "nobody who has to check in", person)
    silence, begin = watch["hours"] * HOUR, seconds(watch["from"])
    need(at >= begin, "before the watch")
    last = control["seen"].get(person)
    if last is not None:
        need(at > last, "not later than the last")
        need(last < begin or (at - last <= silence and witnessed - last <= silence + GRACE), "silent for too long")
    need(-SKEW <= witnessed - at <= silence, "not of now")


def silent(control, in_force, now):
    """Who counts for nothing."""
    out = []
    for person, watch in sorted(in_force["watched"].items()):
        last = control["seen"].get(person)
        heard = last is not None and last >= seconds(watch["from"])
        if watch["hours"] is not None and not (heard and -SKEW <= now - last <= watch["hours"] * HOUR):
            out.append(person)
    return out


def state_member(watched):
    """Left out where nobody has to check in."""
    listed = ",".join(f'"{person}":{WATCH(watched[person])}' for person in sorted(watched))
    return f',"watched":{{{listed}}}' if listed else ""
