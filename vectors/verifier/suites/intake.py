"""What authorities send: signed HTTP requests and messages."""

from .. import http as signed, intake
from ..canonical import seconds
from ..cases import Case, everywhere, reason, same
from ..refusal import need
from .files import load


def http(path):
    vectors = load(path)

    def rfc(given):
        member, signature = signed.dictionary(given["input"])[0], signed.dictionary(given["signature"])[0]
        signed.verifies(given["key"], signed.signature_base(member, given["components"].get), signature[3])

    def request(given):
        signed.check_request(given["request"].encode(), given["key"], seconds(given["now"]))

    def query(given):
        signed.check_query(given["query"].encode(), given["key"], seconds(given["now"]))

    def head(given):
        same(signed.kept_head(given["purpose"], given["method"], given["target"], given["fields"]), given["head"], "kept head")

    for case in vectors["rfc"]:
        # Labels are not signed.
        flips = [((name,), "text", case[name].find("=") + 1, None) for name in ("input", "signature")]
        yield Case(case["name"], case["valid"], rfc, case, flips=flips)
    for case in vectors["digests"]:
        yield Case(case["name"], case["valid"], lambda given: signed.check_digest(given["field"], given["content"].encode()), case, flips=[everywhere("content")])
    requests = vectors["requests"]
    need(sum(not case["valid"] for case in requests) > sum(case["valid"] for case in requests), "vectors")
    for case in requests:
        # The content: whatever stands there is bound by its digest.
        begin = case["request"].find("\r\n\r\n") + 4
        flips = [(("request",), "text", begin, None)]
        yield Case(case["name"], case["valid"], request, case, case["place"] and reason(case["place"]), flips)
    for what, check in (("queries", query), ("kept", head)):
        need(sum(not case["valid"] for case in vectors[what]) > sum(case["valid"] for case in vectors[what]), "vectors")
        for case in vectors[what]:
            yield Case(f"{what}: {case['name']}", case["valid"], check, case, case["place"] and reason(case["place"]))


def messages(path):
    def check(given):
        data = bytes.fromhex(given["hex"]) if "hex" in given else given["text"].encode()
        if "repeat" in given:
            what, by, times = given["repeat"]
            data = data.replace(what.encode(), by.encode() * times)
        same(intake.READERS[given["format"]](data), given.get("message"), "message")

    cases = load(path)["cases"]
    need(sum("says" in case for case in cases) > sum("message" in case for case in cases), "vectors")
    for case in cases:
        yield Case(f"{case['format']}: {case['name']}", "message" in case, check, case, flips=[everywhere("message", "transaction")])
