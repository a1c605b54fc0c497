"""Packs of restrictions, and verdicts on clients."""

from .. import restrict
from ..cases import Case, everywhere, reason, same
from ..refusal import need
from .files import load, read_bytes


def packs(path):
    vectors = load(path)
    need(len(vectors["bad"]) > len(vectors["good"]), "vectors")

    def check(given):
        restrict.read_pack(given["pack"].encode())
        same(restrict.digest(given["pack"].encode()).hex(), given["digest"], "digest")
        if given.get("shipped"):
            shipped = read_bytes(f"../packs/restrict/{given['shipped']}.yaml")
            same(restrict.digest(shipped).hex(), given["shipped_digest"], "digest of the shipped pack")

    for case in vectors["good"]:
        yield Case(case["name"], True, check, case, flips=[everywhere("digest", kind="hex")])
    for case in vectors["bad"]:
        yield Case(case["name"], False, lambda given: restrict.read_pack(given["pack"].encode()), case, reason(case["reason"]))


def clients(path):
    vectors = load(path)
    need(len(vectors["bad"]) > len(vectors["good"]), "vectors")
    versions = {case["name"]: restrict.read_pack(case["pack"].encode()) for case in load("restrict/packs.json")["good"]}

    def check(given):
        same(restrict.judge(versions[given["pack"]], given["on"], restrict.read_client(given["client"])), given["verdicts"], "verdicts")

    for case in vectors["good"]:
        flips = [(("verdicts", version), "text", 0, None) for version in case["verdicts"]]
        yield Case(case["name"], True, check, case, flips=flips)
    for case in vectors["bad"]:
        yield Case(case["name"], False, lambda given: restrict.read_client(given["client"]), case, reason(str(case["column"])))
