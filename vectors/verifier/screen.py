"""Requests and answers of screening over HTTP: docs/formats/screening-http.md."""

import json
import math
import re
import urllib.parse

from .refusal import Refused, need

MAX_QUERIES, MAX_NAME_BYTES, MAX_RESULTS, MAX_OFFSET = 100, 2048, 500, 9499
SCHEMAS = {
    "Person", "Organization", "Company", "PublicBody", "Vessel", "Airplane", "Asset", "CryptoWallet", "Security", "Vehicle", "LegalEntity", "Thing",
}
NAMES = ("name", "alias", "previousName", "weakAlias")
PARTS = ("firstName", "secondName", "middleName", "fatherName", "lastName")
NUMBERS = {
    "passportNumber", "idNumber", "socialSecurityNumber", "taxNumber", "innCode", "vatCode", "registrationNumber", "ogrnCode", "leiCode", "imoNumber",
    "swiftBic", "publicKey",
}
ROLES = {"originator", "beneficiary", "originatingvasp", "beneficiaryvasp", "intermediaryvasp", "transferpath", "payloadmetadata"}
INVISIBLE = re.compile("[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")


class Lists:
    """Ids and captions of what is listed, by dataset."""

    def __init__(self, texts):
        self.captions = {"un": {}, "ports": {}}
        for record in re.findall(r"<(?:INDIVIDUAL|ENTITY)>(.*?)</(?:INDIVIDUAL|ENTITY)>", texts["un"], re.DOTALL):
            parts = [re.search(f"<{part}_NAME>(.*?)</{part}_NAME>", record) for part in ("FIRST", "SECOND", "THIRD", "FOURTH")]
            number = re.search("<REFERENCE_NUMBER>(.*?)</REFERENCE_NUMBER>", record).group(1)
            self.captions["un"][f"un-{number}"] = " ".join(part.group(1) for part in parts if part)
        for line in texts["ports"].splitlines():
            entity = json.loads(line)
            if entity["schema"] != "Sanction":
                self.captions["ports"][f"ports-{entity['id']}"] = entity["properties"]["name"][0]


def parameters(query, default):
    found = {"limit": default, "offset": 0, "threshold": 0.7, "cutoff": math.inf, "q": "", "schema": "Thing", "datasets": []}
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        try:
            value = urllib.parse.unquote_plus(value, errors="strict")
        except UnicodeDecodeError:
            raise Refused("400") from None
        if name in ("limit", "offset"):
            need(value.isdecimal() and int(value) <= (MAX_RESULTS if name == "limit" else MAX_OFFSET), "400", name)
            found[name] = int(value)
        elif name in ("threshold", "cutoff"):
            need(re.fullmatch(r"[0-9]+(\.[0-9]+)?", value) and float(value) <= 1, "400", name)
            found[name] = float(value)
        elif name in ("q", "schema"):
            found[name] = value
        elif name in ("include_dataset", "exclude_dataset", "datasets"):
            found["datasets"].append(value)
    found["cutoff"] = min(found["cutoff"], found["threshold"])
    return found


def _name(text):
    need(len(text.encode()) <= MAX_NAME_BYTES and "\ufffd" not in text, "400", "name")
    clean = INVISIBLE.sub("", text).strip()
    need(not clean or any(char.isalnum() for char in clean), "400", "name")
    return clean


def _texts(value):
    values = value if isinstance(value, list) else [value]
    need(all(isinstance(one, (str, int, float)) for one in values), "400", "value")
    return [str(one) for one in values]


def _example(example):
    need(isinstance(example, dict) and example.get("schema") in SCHEMAS, "400", "schema")
    properties = {key: _texts(value) for key, value in example.get("properties", {}).items()}
    names = [_name(text) for key in NAMES for text in properties.get(key, [])]
    names += [_name(text) for key in PARTS for text in properties.get(key, [])]
    need(any(names) or any(properties.get(key) for key in NUMBERS), "400", "nothing to compare")


def _people(value):
    """Every natural and legal person below a value."""
    if isinstance(value, list):
        return [person for one in value for person in _people(one)]
    if not isinstance(value, dict):
        return []
    found = []
    for name, inner in value.items():
        found += [inner] if name in ("naturalPerson", "legalPerson") else _people(inner)
    return found


def check_request(lists, case):
    """Refuses with 400 or 404 what the interface refuses; gives the parameters."""
    read = parameters(case["query"], 10 if case["endpoint"] == "search" else 5)
    if case["endpoint"] == "entities":
        need(any(case["dataset"] in captions for captions in lists.captions.values()), "404")
        return read
    need(case["dataset"] == "default" or case["dataset"] in lists.captions, "404")
    need(all(name == "default" or name in lists.captions for name in read["datasets"]), "400", "dataset")
    if case["endpoint"] == "search":
        need(read["schema"] in SCHEMAS, "400", "schema")
        need(not read["q"] or _name(read["q"]), "400", "q")
        return read
    body = case["body"]
    if case["endpoint"] == "match":
        need(isinstance(body, dict) and isinstance(body.get("queries"), dict), "400", "body")
        need(1 <= len(body["queries"]) <= MAX_QUERIES, "400", "queries")
        for example in body["queries"].values():
            _example(example)
    else:
        need(isinstance(body, dict) and all(role.lower() in ROLES for role in body), "400", "roles")
        need(_people(body), "400", "parties")
    return read


def check_answer(lists, case):
    """What must hold between a request and its answer, whatever the way of matching."""
    read, answer = check_request(lists, case), case["answer"]
    if case["endpoint"] == "entities":
        _entity(lists, answer)
        need(answer["id"] == case["dataset"], "entity")
        return
    if case["endpoint"] == "search":
        for entity in answer["results"]:
            _entity(lists, entity)
        need(len(answer["results"]) == min(read["limit"], max(0, answer["total"]["value"] - read["offset"])), "total")
        return
    if case["endpoint"] == "match":
        need(set(answer["responses"]) == set(case["body"]["queries"]), "keys")
    need(answer["limit"] == read["limit"], "limit")
    for matches in answer["responses"].values():
        need(matches["status"] == 200 and len(matches["results"]) == min(read["limit"], matches["total"]["value"]), "total")
        odds = [result["log_odds"] for result in matches["results"]]
        need(odds == sorted(odds, reverse=True), "order")
        for result in matches["results"]:
            _entity(lists, result)
            need(case["dataset"] in ("default", *result["datasets"]), "dataset")
            need(abs(result["score"] - 1 / (1 + math.exp(-result["log_odds"]))) < 1e-5, "score")
            need(result["score"] >= read["cutoff"] and result["match"] == (result["score"] >= read["threshold"]), "match")
            scores = {name: explanation["score"] for name, explanation in result["explanations"].items()}
            need(scores == result["features"], "features")


def _entity(lists, entity):
    need(len(entity["datasets"]) == 1, "datasets")
    known = lists.captions.get(entity["datasets"][0], {})
    need(known.get(entity["id"]) == entity["caption"], "entity", entity["id"])
    need(entity["caption"] in entity["properties"]["name"] and entity["schema"] in SCHEMAS, "properties")
