"""What a vector is to the runner: input, check, and what must come of it."""

from .refusal import Refused


class Differs(Exception):
    """The check ran through, and what it found is not what the vector says."""


def same(found, expected, what):
    if found != expected:
        raise Differs(f"{what}: found {found!r}, the vector says {expected!r}")


class Case:
    """One vector. `check(given)` refuses by `Refused`; `matches` says whether a refusal is the right one; `flips` says where the self-test may
    change a byte: (path into `given`, "hex" or "text", begin, end), where any change must be noticed."""

    def __init__(self, name, good, check, given, matches=None, flips=()):
        self.name, self.good, self.check, self.given, self.flips = name, good, check, given, flips
        self.matches = matches or (lambda refused: True)

    def fault(self):
        """None, or in what way check and vector disagree."""
        try:
            self.check(self.given)
        except Refused as refused:
            if self.good:
                return f"refused: {refused}"
            return None if self.matches(refused) else f"refused for another reason: {refused}"
        except Differs as differs:
            return str(differs)
        return None if self.good else "not refused"


def reason(expected):
    return lambda refused: refused.reason == expected


def everywhere(*path, kind="text"):
    return path, kind, 0, None
