"""Steps of a case: docs/formats/step.md."""

from .canonical import digest, hexadecimal, members, name, number, optional, string, time, word
from .rules import consistent, version

PAPER = members(("digest", digest), ("salt", hexadecimal(16)), ("sealed", digest), ("length", number(64)))
STEPS = "acknowledge ask return hold preserve end_preservation challenge decide_challenge protest withdraw expire lock confirm object".split()
STEP = members(
    ("v", version("step/v1")), ("case", hexadecimal(16)), ("step", word(*STEPS)), ("why", string), ("until", optional(time)),
    ("paper", optional(PAPER)), ("by", name), ("at", time),
)


def step_rules(record):
    step, until, paper = record["step"], record["until"], record["paper"]
    consistent(record["why"].strip(), "no reason")
    consistent((until is not None) == (step in ("hold", "preserve")), "until belongs to a hold or a preservation")
    consistent(until is None or until > record["at"], "until before at")
    consistent(paper is not None or step not in ("challenge", "decide_challenge", "protest", "withdraw"), "no paper")
    consistent(paper is None or paper["length"] > 0, "empty paper")
