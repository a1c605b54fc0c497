"""Notes of counsel: docs/formats/counsel-note.md."""

from .canonical import digest, hexadecimal, members, name, number, optional, string, time
from .rules import consistent, version

NOTE = members(
    ("v", version("counsel-note/v1")), ("case", hexadecimal(16)), ("number", number(32)), ("previous", optional(digest)), ("by", name), ("key", string),
    ("at", time), ("text", string),
)


def note_rules(note):
    consistent(note["number"] >= 1, "number zero")
    consistent((note["number"] == 1) == (note["previous"] is None), "previous is left out exactly by the first")
    consistent(note["text"].strip(), "no text")
    consistent(len(note["text"].encode()) <= 32 * 1024, "text too long")
    consistent(1 <= len(note["key"].encode()) <= 2048, "no key")
