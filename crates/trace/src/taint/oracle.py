"""Haircut and FIFO, forwards, written to be read. Input and output are JSON; nothing is shared with the Rust code.

In:  {"transactions": [{"inputs": [output, ...], "outputs": [value, ...], "mined": bool}, ...], "seeds": [output, ...]}
     Outputs are numbered through in the order of their transactions.
Out: {"haircut": {output: [numerator, denominator]}, "fifo": {output: satoshi}, "fees": [[numerator, denominator], satoshi]}
     for the outputs that nobody spends.
"""

import json
import sys
from fractions import Fraction


def trace(transactions, seeds, spread, whole, nothing):
    values, loads, fees = [], [], []
    for transaction in transactions:
        taken = [(loads[out], values[out]) for out in transaction["inputs"]]
        for out in transaction["inputs"]:
            loads[out] = None
        paid, fee = spread(taken, transaction["outputs"]) if taken else ([nothing(v) for v in transaction["outputs"]], None)
        if fee is not None:
            fees.append(fee)
        for value, load in zip(transaction["outputs"], paid):
            loads.append(whole(value) if len(values) in seeds else load)
            values.append(value)
    return {out: load for out, load in enumerate(loads) if load is not None}, fees


def haircut(taken, outputs):
    total = sum(value for _, value in taken)
    share = Fraction(sum(load for load, _ in taken), total) if total else Fraction(0)
    return [share * value for value in outputs], share * (total - sum(outputs))


def fifo(taken, outputs):
    # Pieces of (length, followed) in the order of the inputs; a piece is cut where an output ends.
    queue = [piece for load, _ in taken for piece in load]
    paid = []
    for value in outputs + [sum(value for _, value in taken) - sum(outputs)]:
        got = []
        while value:
            length, followed = queue.pop(0)
            got.append((min(length, value), followed))
            if length > value:
                queue.insert(0, (length - value, followed))
            value -= got[-1][0]
        paid.append(got)
    return paid[:-1], paid[-1]


def followed(pieces):
    return sum(length for length, yes in pieces if yes)


def main():
    asked = json.load(sys.stdin)
    transactions, seeds = asked["transactions"], set(asked["seeds"])
    shares, share_fees = trace(transactions, seeds, haircut, Fraction, lambda value: Fraction(0))
    pieces, piece_fees = trace(transactions, seeds, fifo, lambda value: [(value, True)], lambda value: [(value, False)])
    fees = sum(share_fees, Fraction(0))
    json.dump({
        "haircut": {out: [str(share.numerator), str(share.denominator)] for out, share in shares.items() if share},
        "fifo": {out: followed(load) for out, load in pieces.items() if followed(load)},
        "fees": [[str(fees.numerator), str(fees.denominator)], sum(map(followed, piece_fees))],
    }, sys.stdout)


main()
