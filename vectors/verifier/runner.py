"""Runs the suites, prints the table, and tests that the checks can fail."""

import argparse
import copy
import os
import sys
import time

from .cases import Differs
from .refusal import Refused
from .suites import BESIDE, FOLDERS, SUITES
from .suites.files import ROOT

OURS = ("verify.py", "verifier/")


def main(arguments):
    options = _options(arguments)
    known = [name for name in SUITES if options.only is None or options.only in name]
    if not known:
        print(f"no file of vectors has `{options.only}` in its name")
        return 1
    faults = _uncovered() if options.only is None else []
    rows = [(_self_test if options.self_test else _verify)(name, faults) for name in known]
    _print_table(["file", "bytes changed", "noticed"] if options.self_test else ["file", "must pass", "must fail", "seconds"], rows)
    for fault in faults:
        print(fault)
    print(f"{len(faults)} faults" if faults else "all as they must be")
    return 1 if faults else 0


def _options(arguments):
    parser = argparse.ArgumentParser(description="Checks the vectors beside this file, written from docs/formats alone.")
    parser.add_argument("--only", metavar="NAME", help="only files with NAME in their path")
    parser.add_argument("--self-test", action="store_true", help="change bytes of vectors that pass, and demand that it is noticed")
    return parser.parse_args(arguments)


def _uncovered():
    """Every file beside the verifier is a suite's, or is named."""
    faults = []
    for start in FOLDERS:
        for folder, folders, files in os.walk(os.path.join(ROOT, start)):
            folders[:] = sorted(item for item in folders if item != "__pycache__")
            for file in sorted(files):
                path = os.path.relpath(os.path.join(folder, file), ROOT).replace(os.sep, "/")
                if path not in SUITES and not path.startswith(BESIDE) and not path.startswith(OURS):
                    faults.append(f"not covered: {path}")
    faults += [f"missing: {name}" for name in SUITES if not os.path.isfile(os.path.join(ROOT, name))]
    return faults


def _cases(name, faults):
    try:
        return list(SUITES[name](name))
    except (OSError, Refused, Differs, KeyError, ValueError, TypeError) as error:
        faults.append(f"{name}: cannot be read: {error!r}")
        return []


def _verify(name, faults):
    begin, counts = time.monotonic(), {True: [0, 0], False: [0, 0]}
    for case in _cases(name, faults):
        try:
            fault = case.fault()
        except Exception as error:  # A check that crashes has not refused.
            fault = f"crashed: {error!r}"
        counts[case.good][1] += 1
        counts[case.good][0] += fault is None
        if fault:
            faults.append(f"{name}: {case.name}: {fault}")
    if not counts[True][1] + counts[False][1]:
        faults.append(f"{name}: no cases")
    return [name, *(f"{right}/{whole}" for right, whole in (counts[True], counts[False])), f"{time.monotonic() - begin:.1f}"]


def _print_table(head, rows):
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]
    for row in [head, *rows]:
        print("  ".join(text.ljust(width) if at == 0 else text.rjust(width) for at, (text, width) in enumerate(zip(row, widths))))


# ------------------------------------------------------------------------------------------------ self-test

SAMPLE, PLACES = 4, 5


def _self_test(name, faults):
    """Changes one byte at several places of a sample of the vectors that must pass; every change must be noticed."""
    tried = noticed = 0
    for case in _sample(_cases(name, faults)):
        for path, kind, begin, end in case.flips:
            for given, place in _changed(case.given, path, kind, begin, end):
                tried += 1
                try:
                    case.check(given)
                    faults.append(f"{name}: {case.name}: a change of {'.'.join(map(str, path))} at {place} was not noticed")
                except (Refused, Differs):
                    noticed += 1
                except Exception as error:
                    faults.append(f"{name}: {case.name}: a change of {'.'.join(map(str, path))} at {place} crashed: {error!r}")
    return [name, str(tried), f"{noticed}/{tried}"]


def _sample(cases):
    """Evenly spread over the vectors that must pass and have something to change."""
    good = [case for case in cases if case.good and case.flips]
    return [good[at * len(good) // SAMPLE] for at in range(SAMPLE)] if len(good) > SAMPLE else good


def _changed(given, path, kind, begin, end):
    """Copies of the input with one byte changed, evenly spread between begin and end of the text at `path`."""
    holder = given
    for key in path[:-1]:
        holder = holder[key]
    text = holder[path[-1]] if not isinstance(holder, dict) or path[-1] in holder else None
    if not text:
        return
    end = len(text) if end is None or end < 0 else min(end, len(text))
    for place in sorted({begin + at * (end - 1 - begin) // (PLACES - 1) for at in range(PLACES)}):
        changed = copy.deepcopy(given)
        inner = changed
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = text[:place] + CHANGES[kind](text[place]) + text[place + 1:]
        yield changed, place


BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
CHANGES = {
    "text": lambda character: chr(ord(character) ^ 1),
    "foreign": lambda character: chr(ord(character) | 0x80),
    "hex": lambda character: f"{int(character, 16) ^ 1:x}",
    "base64": lambda character: BASE64[BASE64.index(character) ^ 1],
}


def entry():
    sys.exit(main(sys.argv[1:]))
