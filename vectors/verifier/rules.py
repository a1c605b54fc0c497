"""What the rules of all documents use."""

from .canonical import word
from .refusal import need


def version(text):
    return word(f"countersign/{text}")


def consistent(condition, text):
    need(condition, "inconsistent", text)
