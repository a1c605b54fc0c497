"""docs/formats/payment-path.md: a path of payments that proves itself."""

import re

from .canonical import digest, listing, members, number, optional, read, string, word
from .encoding import sha256
from .refusal import need

LIMIT, MOST_STEPS, MOST_SIBLINGS, MONEY = 16 * 1024 * 1024, 33, 17, 21_000_000 * 100_000_000
STEP = members(
    ("header", string), ("position", number(32)), ("siblings", listing(digest)), ("tx", string), ("vin", optional(number(32))), ("vout", number(32)),
)
PATH = members(
    ("v", word("countersign/trace/path/v1")), ("network", word("main", "test", "signet", "regtest")), ("steps", listing(STEP)),
)


def double(data):
    return sha256(sha256(data))


def shown(name):
    return name[::-1].hex()


def rules(path):
    steps = path["steps"]
    need(1 <= len(steps) <= MOST_STEPS, "inconsistent", "steps")
    need(all((step.get("vin") is None) == (at == 0) for at, step in enumerate(steps)), "inconsistent", "vin")


def check(data):
    """What the path shows: network, first and last output, least amount, blocks."""
    path = read(data, LIMIT, PATH, rules)
    before, begin, amounts, blocks = None, None, [], []
    for step in path["steps"]:
        block, root = header(plain(step["header"], "header"))
        txid, spent, paid = transaction(plain(step["tx"], "transaction"))
        need(climb(txid, step) == root, "branch")
        if step["vin"] is not None:
            need(step["vin"] < len(spent) and spent[step["vin"]] == before, "link")
        need(step["vout"] < len(paid), "output")
        before = (txid, step["vout"])
        begin = begin or before
        amounts.append(paid[step["vout"]])
        blocks.append(shown(block))
    name = "{}:{}".format
    return {
        "network": path["network"], "from": name(shown(begin[0]), begin[1]), "to": name(shown(before[0]), before[1]), "least": min(amounts),
        "blocks": blocks,
    }


def plain(text, reason):
    need(re.fullmatch("(?:[0-9a-f]{2})*", text), reason, "not lower-case hexadecimal")
    return bytes.fromhex(text)


def header(raw):
    need(len(raw) == 80, "header", "length")
    bits = int.from_bytes(raw[72:76], "little")
    exponent, mantissa = bits >> 24, bits & 0xFFFFFF
    need(3 <= exponent <= 32 and 0 < mantissa < 0x800000, "header", "target")
    block = double(raw)
    need(int.from_bytes(block, "little") <= mantissa << 8 * (exponent - 3), "header", "work")
    return block, raw[36:68]


def climb(txid, step):
    """The root above a transaction."""
    position, here = step["position"], txid
    need(len(step["siblings"]) <= MOST_SIBLINGS and position >> len(step["siblings"]) == 0, "branch", "position")
    for sibling in map(bytes.fromhex, step["siblings"]):
        need(not (sibling == here and position & 1), "branch", "only the last of a level is paired with itself, and stands on the left")
        here = double(sibling + here if position & 1 else here + sibling)
        position >>= 1
    return here


class Fields:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        need(self.at + count <= len(self.data), "transaction", "ends too early")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, count):
        return int.from_bytes(self.take(count), "little")

    def count(self):
        first = self.number(1)
        if first < 0xFD:
            return first
        width = {0xFD: 2, 0xFE: 4, 0xFF: 8}[first]
        value = self.number(width)
        need(value >= {2: 0xFD, 4: 1 << 16, 8: 1 << 32}[width], "transaction", "a count is not in its shortest form")
        return value


def transaction(raw):
    """Id, spent outputs and paid amounts of a transaction without witnesses."""
    need(len(raw) != 64, "transaction", "the length of an inner node")
    fields = Fields(raw)
    fields.take(4)
    spent, paid = [], []
    for _ in range(fields.count()):
        spent.append((fields.take(32), fields.number(4)))
        fields.take(fields.count())
        fields.take(4)
    # The marker of a transaction with witnesses reads as no inputs.
    need(spent, "transaction", "no inputs, or witnesses")
    for _ in range(fields.count()):
        paid.append(fields.number(8))
        fields.take(fields.count())
    fields.take(4)
    need(fields.at == len(raw), "transaction", "bytes are left over")
    need(paid and sum(paid) <= MONEY, "transaction", "outputs")
    need(len(set(spent)) == len(spent) and (len(spent) == 1 or (bytes(32), 0xFFFFFFFF) not in spent), "transaction", "inputs")
    return double(raw), spent, paid
