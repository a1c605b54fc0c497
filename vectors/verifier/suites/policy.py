"""Policy bundles, and the worked cases of the built-in pack decided again."""

from .. import bundle, cedar, decision
from ..canonical import seconds
from ..cases import Case, everywhere, reason, same
from ..refusal import need
from .files import PACK, load, read_bytes


def policy_bundle(path):
    """policy-bundle.md; edits of the built-in pack."""
    vectors = load(path)
    files = {name: read_bytes(f"{PACK}/{name}").decode() for name in bundle.FILES}

    def check(given):
        found = {name: text.encode() for name, text in given["files"].items()}
        bundle.check_bundle(found)
        same(bundle.digest(found).hex(), given["digest"], "digest")

    for case in vectors["vectors"]:
        edited = dict(files)
        for edit in case["edits"]:
            need(edit["old"] in edited[edit["file"]], "vector", f"{case['name']}: {edit['old']} is not in {edit['file']}")
            edited[edit["file"]] = edited[edit["file"]].replace(edit["old"], edit["new"])
        given = {"files": edited, "digest": vectors["digest"]}
        yield Case(case["name"], case["error"] is None, check, given, reason(case["error"]), [everywhere("files", name) for name in files])


CIRCUMSTANCES = (
    "subjects", "records", "classes", "delayed", "included", "witness_cosignatures", "witness_quorum", "waited", "call_back_confirmed", "duress",
)


def golden(path):
    """policy-bundle.md, "The decision": every proposal and release of the worked cases; those not allowed must fail, with all their reasons."""
    cast, pack = load(f"{PACK}/golden/cast.json"), load(f"{PACK}/pack.json")
    policies = cedar.read_policies(read_bytes(f"{PACK}/policies.cedar").decode())
    people, authorities = {person["id"]: person for person in cast["people"]}, {item["id"]: item for item in cast["authorities"]}

    def check(given):
        circumstances = None
        if given["release"]:
            release, requester = given["release"], given["entry"]["state"]
            signed = [tuple((text + " approve").split(" ")[:3]) for text in release["approvals"]]
            circumstances = {name: release[name] for name in CIRCUMSTANCES}
            circumstances |= {f"exceeded_{name}": name in release["exceeded"] for name in ("authority", "matter", "address", "volume")}
            circumstances |= decision.quorum_facts(signed, people, given["facts"]["author"], requester, seconds(cast["now"]))
        found = decision.decide(pack, policies, given["facts"], given["entry"], given["seat"], circumstances)
        same(found, given["expect"], "decision")
        need(found["allowed"], "not allowed", ", ".join(found["reasons"]))

    for case in load(path):
        findings = [{"question": question, "value": value} for question, value in case["findings"].items()]
        base = {"facts": {**case, "findings": findings}, "entry": authorities[case["authority"]], "seat": case.get("seat", cast["seat"])}
        flips = [everywhere("facts", "authority"), everywhere("facts", "instrument"), everywhere("facts", "kind")]
        steps = [("", None, case["propose"])] + [(" / " + release["name"], release, release["expect"]) for release in case["releases"]]
        for name, release, expect in steps:
            yield Case(case["name"] + name, expect["allowed"], check, {**base, "release": release, "expect": expect}, flips=flips)
