"""docs/formats/inbound.md and ts103120.md: signed HTTP requests, and what messages of authorities mean."""

import base64
import binascii
import datetime
import hashlib
import json
import re
import xml.parsers.expat

from .canonical import CLASSES, STATES
from .documents import INSTRUMENTS
from .edwards import ed25519_key, ed25519_verifies
from .encoding import base64_bytes
from .p256 import N, ecdsa_verifies, point
from .refusal import Refused, need

# ------------------------------------------------------------------------------------------------ RFC 8941, canonical spelling

KEY = r"[a-z*][a-z0-9_.*-]*"
BARE = r'"(?:[ !#-\[\]-~]|\\["\\])*"|:[A-Za-z0-9+/=]*:|\?0|-?[0-9]{1,15}|[A-Za-z*][A-Za-z0-9!#$%&\'*+.^_`|~:/-]*'
PARAMETER = rf";({KEY})(?:=({BARE}))?"


def dictionary(text):
    """The members in their order: key, exact text, items (None for a member that is no list), value, parameters."""
    need(text.isascii() and text.isprintable() and len(text) <= 8192, "field", "not printable ASCII")
    found, at = [], 0
    while True:
        match = re.compile(rf"({KEY})=").match(text, at)
        need(match, "field", f"no member at {at}")
        key, begin = match[1], match.end()
        at = begin
        if text.startswith("(", at):
            items, at = [], at + 1
            while not text.startswith(")", at):
                if items:
                    need(text.startswith(" ", at), "field", f"no blank at {at}")
                    at += 1
                value, at = _bare(text, at)
                parameters, at = _parameters(text, at)
                items.append((value, parameters))
            value, at = None, at + 1
        else:
            items = None
            value, at = _bare(text, at)
        parameters, at = _parameters(text, at)
        need(all(key != entry[0] for entry in found), "field", f"{key} stands twice")
        found.append((key, text[begin:at], items, value, parameters))
        if at == len(text):
            return found
        need(text.startswith(", ", at), "field", f"no comma at {at}")
        at += 2


def _bare(text, at):
    match = re.compile(BARE).match(text, at)
    need(match, "field", f"no value at {at}")
    raw = match[0]
    if raw[0] == '"':
        return re.sub(r'\\(["\\])', r"\1", raw[1:-1]), match.end()
    if raw[0] == ":":
        return base64_bytes(raw[1:-1], "field"), match.end()
    if raw[0] in "-0123456789":
        need(str(int(raw)) == raw, "field", "a number in another spelling")
        return int(raw), match.end()
    return (raw,), match.end()


def _parameters(text, at):
    found = {}
    while match := re.compile(PARAMETER).match(text, at):
        need(match[1] not in found, "field", f"{match[1]} stands twice")
        found[match[1]] = True if match[2] is None else _bare(text, match.start(2))[0]
        at = match.end()
    return found, at


# ------------------------------------------------------------------------------------------------ RFC 9421 and RFC 9530


def signature_base(member, component):
    _, text, items, _, _ = member
    need(items is not None, "signature-input", "no list")
    lines, seen = [], set()
    for name, parameters in items:
        need(isinstance(name, str) and not parameters and name not in seen, "signature-input", f"component {name}")
        seen.add(name)
        value = component(name)
        need(value is not None, "signature-input", f"no {name}")
        lines.append(f'"{name}": {value}\n')
    return ("".join(lines) + f'"@signature-params": {text}').encode()


def verifies(key, message, signature):
    need(len(signature) == 64, "signature", "not 64 bytes")
    form, _, public = key.partition(" ")
    if form == "ed25519":
        data = bytes.fromhex(public)
        ed25519_key(data)
        need(ed25519_verifies(data, message, signature), "signature", "wrong")
        return
    need(form == "es256", "signature", "a key for files")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    need(0 < r < N and 0 < s < N, "signature", "out of range")
    need(ecdsa_verifies(point(bytes.fromhex(public)), hashlib.sha256(message).digest(), r, s), "signature", "wrong")


def check_digest(field, content):
    for key, _, items, value, parameters in _at("content-digest", dictionary, field):
        need(key in ("sha-256", "sha-512") and items is None and not parameters, "content-digest", key)
        need(value == hashlib.new(key.replace("-", ""), content).digest(), "content-digest", "of another content")


def _at(place, function, *arguments):
    try:
        return function(*arguments)
    except Refused as refused:
        raise Refused(place, str(refused)) from refused


COMPONENTS = ["@method", "@target-uri", "content-type", "content-digest"]


def check_request(data, key, now):
    """inbound.md, "Signed requests". The reason of a refusal is its place."""
    head, gap, content = data.partition(b"\r\n\r\n")
    need(gap and len(head) < 32 * 1024 and all(32 <= byte < 127 or byte in b"\t\r\n" for byte in head), "head")
    first, *lines = head.decode().split("\r\n")
    match = re.fullmatch(r"([A-Z]+) (/[^# \t\r\n]*) HTTP/1\.1", first)
    need(match, "line 1")
    fields = {}
    for number, line in enumerate(lines, 2):
        parts = re.fullmatch(r"([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*([^\t\r\n]*?)[ \t]*", line)
        need(parts and parts[1].lower() not in fields and len(fields) < 64, f"line {number}")
        fields[parts[1].lower()] = parts[2]
    for name in ("transfer-encoding", "content-encoding", "upgrade", "expect"):
        need(name not in fields, name)
    need(fields.get("content-length") == str(len(content)), "content-length")
    for name in ("signature-input", "signature"):
        need(name in fields, name, "missing")
    inputs, signatures = (_at(name, dictionary, fields[name]) for name in ("signature-input", "signature"))
    need(len(inputs) == 1, "signature-input", "more than one")
    need(len(signatures) == 1, "signature", "more than one")
    need(inputs[0][0] == signatures[0][0], "signature-input", "labels")
    _, _, items, _, parameters = inputs[0]
    need(items is not None and items == [(name, {}) for name in COMPONENTS], "signature-input", "components")
    need(set(parameters) == {"created", "expires", "nonce", "keyid", "tag"}, "signature-input", "parameters")
    created, expires = parameters["created"], parameters["expires"]
    need(type(created) is int and type(expires) is int and 1 <= expires - created <= 300, "signature-input", "life")
    need(parameters["tag"] == "countersign/inbound/v1" and isinstance(parameters["keyid"], str), "signature-input", "tag or key")
    need(isinstance(parameters["nonce"], str) and re.fullmatch(r"[A-Za-z0-9_-]{16,64}", parameters["nonce"]), "signature-input", "nonce")
    signature = signatures[0][3]
    need(isinstance(signature, bytes) and len(signature) == 64 and not signatures[0][4], "signature", "not 64 bytes")
    need("content-digest" in fields, "content-digest", "missing")
    check_digest(fields["content-digest"], content)

    def component(name):
        if name == "@method":
            return match[1]
        if name == "@target-uri":
            return f"https://{fields['host'].lower()}{match[2]}" if "host" in fields else None
        return fields.get(name)

    base = signature_base(inputs[0], component)
    need(created <= now + 120 and now <= expires, "signature-input", "time")
    verifies(key, base, signature)
    return content


# ------------------------------------------------------------------------------------------------ messages: one reader per spelling

UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
MOST = 8 * 1024 * 1024


def token(text):
    need(isinstance(text, str) and re.fullmatch(r"[A-Za-z0-9._-]{1,64}", text), "token")
    return text


def line(text):
    need(isinstance(text, str), "text")
    text = text.strip()
    need(text and len(text.encode()) <= 1000 and not UNSEEN.search(text), "text")
    return text


def strict_json(data):
    need(len(data) <= MOST, "large")

    def once(pairs):
        need(len({key for key, _ in pairs}) == len(pairs), "json", "a member twice")
        return dict(pairs)

    def never(text):
        raise Refused("json", text)

    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=once, parse_float=never, parse_constant=never)
    except (ValueError, RecursionError) as error:
        raise Refused("json", str(error)) from error


def exactly(value, *names):
    need(isinstance(value, dict) and set(value) == set(names), "members", str(names))
    return [value[name] for name in names]


def time(text):
    need(isinstance(text, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text, re.ASCII), "time")
    return _moment(text)


def _moment(text):
    """RFC 3339 in whole seconds UTC."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?(?:Z|([+-])(\d\d):([0-5]\d))", text, re.ASCII)
    need(match, "time", text)
    try:
        at = datetime.datetime.fromisoformat(match[1])
    except ValueError as error:
        raise Refused("time", text) from error
    if match[2]:
        need(int(match[3]) <= 14, "time", text)
        offset = datetime.timedelta(hours=int(match[3]), minutes=int(match[4]))
        at += -offset if match[2] == "+" else offset
    need(at.year >= 1970, "time", text)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def read_own(data):
    """inbound.md, "Message"."""
    version, transaction, sender, receiver, sent, actions = exactly(
        strict_json(data), "v", "transaction", "sender", "receiver", "sent", "actions"
    )
    need(version == "countersign/inbound/v1" and isinstance(actions, list) and 1 <= len(actions) <= 1000, "message")
    header = {"transaction": token(transaction), "sender": token(sender), "receiver": token(receiver), "sent": time(sent)}
    return assemble(header, [_own_action(action) for action in actions])


def _own_action(action):
    need(isinstance(action, dict) and len(action) == 1, "action")
    (verb, content), = action.items()
    if verb == "authorise":
        ident, reference, instrument, emergency, by, at, delay = exactly(
            content, "id", "reference", "instrument", "emergency", "approved_by", "approved_at", "delay_asked"
        )
        need(instrument in INSTRUMENTS and type(emergency) is bool and type(delay) is bool, "authorise")
        return "authorise", {
            "id": token(ident), "reference": line(reference), "instrument": instrument, "emergency": emergency, "approved_by": line(by),
            "approved_at": time(at), "delay_asked": delay,
        }
    if verb == "ask":
        ident, authorisation, kind, targets, classes, window = exactly(
            content, "id", "authorisation", "kind", "targets", "classes", "window"
        )
        need(kind in ("disclosure", "preservation"), "ask")
        need(isinstance(targets, list) and targets and isinstance(classes, list) and classes and set(classes) <= set(CLASSES), "ask")
        if window is not None:
            window = [time(text) for text in exactly(window, "from", "to")]
            need(window[0] < window[1], "window")
        targets = [_own_target(target) for target in targets]
        return "ask", {
            "id": token(ident), "authorisation": token(authorisation), "kind": kind, "targets": targets, "classes": classes, "window": window,
        }
    if verb == "enclose":
        ident, name, media_type, contents = exactly(content, "id", "name", "media_type", "contents")
        return "enclose", {"id": token(ident), "name": line(name), "media_type": line(media_type), "contents": base64_bytes(contents)}
    need(verb == "change", "action", verb)
    ident, generation, desired = exactly(content, "id", "generation", "desired")
    need(type(generation) is int and 0 <= generation < 2**32 and desired == "cancelled", "change")
    return "change", {"id": token(ident), "generation": generation, "desired": desired}


def _own_target(target):
    need(isinstance(target, dict) and len(target) == 1, "target")
    (kind, value), = target.items()
    if kind == "everyone_who_paid":
        return [kind, *(line(text) for text in exactly(value, "chain", "address"))]
    need(kind in ("account", "person"), "target")
    return [kind, line(value)]


def assemble(header, actions):
    """inbound.md, "Rules across actions"; what the message means."""
    ids = [content["id"] for _, content in actions]
    need(ids and len(set(ids)) == len(ids), "ids")
    by = {verb: [content for kind, content in actions if kind == verb] for verb in ("authorise", "ask", "enclose", "change")}
    if by["change"]:
        need(len(by["change"]) == len(actions), "a request and a change")
        return {**header, "changes": by["change"]}
    need(len(by["authorise"]) == 1 and by["ask"], "one authorisation, one task")
    act, tasks = by["authorise"][0], by["ask"]
    need(all(task["authorisation"] == act["id"] for task in tasks), "another authorisation")
    need(all(task["kind"] == tasks[0]["kind"] and task["window"] == tasks[0]["window"] for task in tasks), "kinds or windows")
    asked = {}
    for task in tasks:
        for target in task["targets"]:
            asked.setdefault(tuple(target), set()).update(task["classes"])
    need(len(asked) <= 10_000 and len({frozenset(classes) for classes in asked.values()}) == 1, "different classes")
    selectors = sum(target[0] == "everyone_who_paid" for target in asked)
    need(selectors == 0 or len(asked) == 1, "people and an address")
    return {
        **header, "kind": tasks[0]["kind"], **{key: value for key, value in act.items() if key != "id"},
        "targets": sorted(list(target) for target in asked), "window": tasks[0]["window"],
        "classes": sorted(next(iter(asked.values())), key=CLASSES.get),
        "enclosures": [
            {"name": item["name"], "media_type": item["media_type"], "sha256": hashlib.sha256(item["contents"]).hexdigest()} for item in by["enclose"]
        ],
    }


# ------------------------------------------------------------------------------------------------ ts103120.md

URI = re.compile(r"http://uri\.etsi\.org/03120/common/\d{4}/\d\d/(Core|Common|Authorisation|Task|Document)", re.ASCII)
PREFIXES = {"Core": "", "Common": "common:", "Authorisation": "auth:", "Task": "task:", "Document": "doc:"}
SPACES = {"": "Core", "common": "Common", "auth": "Authorisation", "task": "Task", "doc": "Document"}
XSI = "http://www.w3.org/2001/XMLSchema-instance"


class Element:
    def __init__(self, name, kind=None):
        self.name, self.kind, self.text, self.children = name, kind, "", []


def _named(uri, local):
    match = URI.fullmatch(uri)
    need(match, "namespace", uri)
    return PREFIXES[match[1]] + local


def read_xml(data):
    need(len(data) <= MOST, "large")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused("encoding", str(error)) from error
    need(not text.startswith("\ufeff"), "encoding", "byte order mark")
    without = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    need(not re.search(r"&(?!(?:amp|lt|gt|quot|apos);)", without), "reference")
    need(not re.search(r"<[A-Za-z][^>]*&", without), "reference", "in an attribute")
    parser = xml.parsers.expat.ParserCreate(encoding="utf-8")
    parser.buffer_text = True
    root, stack, bindings, count = [], [], [], [0]

    def refuse(*_):
        raise Refused("xml", "not taken")

    def resolve(qualified):
        prefix, _, local = qualified.rpartition(":")
        for declared in reversed(bindings):
            if prefix in declared:
                return _named(declared[prefix], local)
        raise Refused("namespace", qualified)

    def start(qualified, attributes):
        need(not (root and not stack) and len(stack) < 24, "xml")
        count[0] += 1
        need(count[0] <= 50_000, "xml")
        declared = {key[6:]: value for key, value in attributes.items() if key == "xmlns" or key.startswith("xmlns:")}
        for uri in declared.values():
            need(uri == XSI or URI.fullmatch(uri), "namespace", uri)
        bindings.append(declared)
        need(sum(map(len, bindings)) <= 64, "xml")
        element = Element(resolve(qualified))
        for key, value in attributes.items():
            if key == "xmlns" or key.startswith("xmlns:"):
                continue
            prefix, _, local = key.partition(":")
            meaning = next((level[prefix] for level in reversed(bindings) if prefix in level), None)
            need(local == "type" and meaning == XSI, "attribute", key)
            element.kind = resolve(value)
        (stack[-1].children if stack else root).append(element)
        stack.append(element)

    def end(_):
        element = stack.pop()
        bindings.pop()
        need(not (element.children and element.text.strip()), "mixed")

    def characters(part):
        if stack:
            stack[-1].text += part

    def declaration(version, encoding, _standalone):
        need(version == "1.0" and (encoding is None or encoding.lower() == "utf-8"), "declaration")

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, characters
    parser.StartDoctypeDeclHandler = parser.ProcessingInstructionHandler = parser.StartCdataSectionHandler = refuse
    parser.XmlDeclHandler = declaration
    try:
        parser.Parse(data, True)
    except xml.parsers.expat.ExpatError as error:
        raise Refused("xml", str(error)) from error
    need(root and root[0].name == "HI1Message" and root[0].kind is None, "xml", "outermost")
    return _ts_message(root[0])


def read_json(data):
    count = [0]

    def element(name, value, depth):
        count[0] += 1
        need(depth < 24 and count[0] <= 50_000, "deep")
        found = Element(name)
        if isinstance(value, bool) or isinstance(value, (str, int)):
            found.text = str(value).lower() if isinstance(value, bool) else str(value)
            return found
        need(isinstance(value, dict), "value")
        for key, inner in value.items():
            if key.startswith("@"):
                need(isinstance(inner, str), "attribute")
                if key == "@xsi:type":
                    match = re.fullmatch(r"\{([^}]*)\}([A-Za-z0-9]+)", inner)
                    found.kind = _named(match[1], match[2]) if match else member(inner)
                    continue
                match = re.fullmatch(r"@xmlns(?::([a-z]+))?", key)
                need(match, "attribute", key)
                if match[1] == "xsi":
                    need(inner == XSI, "attribute", key)
                else:
                    uri = URI.fullmatch(inner)
                    need(uri and SPACES.get(match[1] or "") == uri[1], "attribute", key)
                continue
            values = inner if isinstance(inner, list) else [inner]
            need(values, "empty list")
            found.children += [element(member(key), item, depth + 1) for item in values]
        return found

    def member(text):
        prefix, _, local = text.rpartition(":")
        need(prefix in SPACES and re.fullmatch(r"[A-Za-z0-9]+", local), "namespace", text)
        return text

    return _ts_message(element("HI1Message", strict_json(data), 0))


class Fields:
    """Children to be taken by name; what is left is not supported."""

    def __init__(self, element):
        need(not element.text.strip(), "text")
        self.left = list(element.children)

    def many(self, name):
        found = [child for child in self.left if child.name == name]
        self.left = [child for child in self.left if child.name != name]
        return found

    def maybe(self, name):
        found = self.many(name)
        need(len(found) <= 1, "twice", name)
        return found[0] if found else None

    def one(self, name):
        found = self.maybe(name)
        need(found is not None, "missing", name)
        return found

    def end(self):
        need(not self.left, "unsupported", ", ".join(child.name for child in self.left))


def _text(element):
    need(not element.children and element.kind is None, "text")
    return element.text.strip()


def _fields(element, *names):
    """The children of exactly these names."""
    fields = Fields(element)
    found = [fields.one(name) for name in names]
    fields.end()
    return found


def _uuid(element):
    text = _text(element)
    need(re.fullmatch(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text), "uuid")
    return text.lower()


def _number(element):
    text = _text(element)
    need(re.fullmatch(r"0|[1-9][0-9]{0,9}", text) and int(text) < 2**32, "number")
    return int(text)


def _party(element):
    state, name = map(_text, _fields(element, "CountryCode", "UniqueIdentifier"))
    need(state in STATES, "state")
    return f"{state}/{token(name)}"


def _dictionary(element):
    return tuple(line(_text(part)) for part in _fields(element, "common:Owner", "common:Name", "common:Value"))


def _ts_message(root):
    head, payload = _fields(root, "Header", "Payload")
    sender, receiver, transaction, sent, version = _fields(
        head, "SenderIdentifier", "ReceiverIdentifier", "TransactionIdentifier", "Timestamp", "Version"
    )
    for part in _fields(version, "ETSIVersion", "NationalProfileOwner", "NationalProfileVersion"):
        line(_text(part))
    header = {"transaction": _uuid(transaction), "sender": _party(sender), "receiver": _party(receiver), "sent": _moment(_text(sent))}
    request, = _fields(payload, "RequestPayload")
    requests, = _fields(request, "ActionRequests")
    fields = Fields(requests)
    actions, numbers = [], []
    for request in fields.many("ActionRequest"):
        inside = Fields(request)
        numbers.append(_number(inside.one("ActionIdentifier")))
        create, update = inside.maybe("CREATE"), inside.maybe("UPDATE")
        inside.end()
        need((create is None) != (update is None), "action")
        holder, = _fields(create or update, "HI1Object")
        actions.append(_object(holder, header["sender"], update is not None))
    fields.end()
    need(len(set(numbers)) == len(numbers) and len(numbers) <= 1000, "numbers")
    return assemble(header, actions)


def _object(holder, sender, update):
    fields = Fields(holder)
    need(holder.kind in ("auth:AuthorisationObject", "task:LDTaskObject", "task:LPTaskObject", "doc:DocumentObject"), "type", str(holder.kind))
    ident = _uuid(fields.one("ObjectIdentifier"))
    need(f"{line(_text(fields.one('CountryCode')))}/{line(_text(fields.one('OwnerIdentifier')))}" == sender, "owner")
    generation = fields.maybe("Generation")
    generation = None if generation is None else _number(generation)
    associated = fields.maybe("AssociatedObjects")
    if associated is not None:
        inside = Fields(associated)
        associated = [_uuid(item) for item in inside.many("AssociatedObject")]
        inside.end()
    associated = associated or []
    need((generation is not None) == update, "generation")
    if update:
        need(holder.kind != "doc:DocumentObject", "type")
        desired = fields.one("auth:AuthorisationDesiredStatus" if holder.kind.startswith("auth") else "task:DesiredStatus")
        fields.end()
        owner, _, value = _dictionary(desired)
        need(owner == "ETSI" and value == "Cancelled", "desired")
        return "change", {"id": ident, "generation": generation, "desired": "cancelled"}
    if holder.kind == "auth:AuthorisationObject":
        need(not associated, "associated")
        return "authorise", {"id": ident, **_authorisation(fields)}
    if holder.kind == "doc:DocumentObject":
        need(len(associated) <= 1, "associated")
        line(_text(fields.one("doc:DocumentReference")))
        name, body = line(_text(fields.one("doc:DocumentName"))), fields.one("doc:DocumentBody")
        fields.end()
        contents, media_type = _fields(body, "doc:Contents", "doc:ContentType")
        try:
            data = base64.b64decode(re.sub(r"[ \t\r\n\f]", "", _text(contents)), validate=True)
        except binascii.Error as error:
            raise Refused("base64", str(error)) from error
        return "enclose", {"id": ident, "name": name, "media_type": line(_text(media_type)), "contents": data}
    need(len(associated) == 1, "associated")
    disclosure = holder.kind == "task:LDTaskObject"
    line(_text(fields.one("task:Reference")))
    desired, details = _dictionary(fields.one("task:DesiredStatus")), fields.one("task:RequestDetails")
    fields.end()
    need(desired[2] == ("AwaitingDisclosure" if disclosure else "AwaitingPreservation"), "desired")
    return "ask", {"id": ident, "authorisation": associated[0], "kind": "disclosure" if disclosure else "preservation", **_details(details)}


def _authorisation(fields):
    reference = line(_text(fields.one("auth:AuthorisationReference")))
    priority, legal = _dictionary(fields.one("auth:AuthorisationPriority")), fields.maybe("auth:AuthorisationLegalType")
    if priority[:2] == ("ETSI", "EPOCPriority"):
        need(priority[2] == "TenDaysSubjectToEA" and legal is None, "priority")
        instrument, emergency = "epoc", False
    else:
        need(priority[:2] == ("countersign", "Priority") and priority[2] in ("routine", "emergency") and legal is not None, "priority")
        owner, name, instrument = _dictionary(legal)
        need((owner, name) == ("countersign", "Instrument") and instrument in INSTRUMENTS, "instrument")
        emergency = priority[2] == "emergency"
    desired = fields.maybe("auth:AuthorisationDesiredStatus")
    need(desired is None or _dictionary(desired)[2] in ("SubmittedToCSP", "Approved"), "desired")
    details, flags = fields.one("auth:AuthorisationApprovalDetails"), fields.maybe("auth:AuthorisationFlags")
    fields.end()
    kind, number, approver, at = _fields(
        details, "common:ApprovalType", "common:ApprovalReference", "common:ApproverDetails", "common:ApprovalTimestamp"
    )
    line(_text(kind)), line(_text(number))
    name, role = (line(_text(part)) for part in _fields(approver, "common:ApproverName", "common:ApproverRole"))
    delay = False
    if flags is not None:
        inside = Fields(flags)
        for flag in inside.many("auth:AuthorisationFlag"):
            owner, dictionary_name, value = _dictionary(flag)
            need((owner, dictionary_name) in (("ETSI", "EPOCAuthorisationFlag"), ("countersign", "Flag")) and value == "DelayInformingUser", "flag")
            delay = True
        inside.end()
    return {
        "reference": reference, "instrument": instrument, "emergency": emergency, "approved_by": name, "approved_at": _moment(_text(at)),
        "delay_asked": delay,
    }


def _details(details):
    fields = Fields(details)
    owner, name, value = _dictionary(fields.one("task:Type"))
    begin, end = fields.maybe("task:StartTime"), fields.maybe("task:EndTime")
    values = fields.one("task:RequestValues")
    fields.end()
    if (owner, name) == ("ETSI", "RequestType"):
        need(value == "SubscriberData", "type")
        classes = ["name", "birth", "address", "email", "phone"]
    else:
        need((owner, name) == ("countersign", "FieldClasses"), "type")
        classes = value.split(" ")
        need(set(classes) <= set(CLASSES), "classes")
    need((begin is None) == (end is None), "window")
    window = None if begin is None else [_moment(_text(begin)), _moment(_text(end))]
    need(window is None or window[0] < window[1], "window")
    inside = Fields(values)
    found = [_value(item) for item in inside.many("task:RequestValue")]
    inside.end()
    need(1 <= len(found) <= 10_000, "targets")
    return {"targets": found, "classes": classes, "window": window}


def _value(item):
    kind, value = _fields(item, "task:FormatType", "task:Value")
    owner, name = (line(_text(part)) for part in _fields(kind, "task:FormatOwner", "task:FormatName"))
    value = line(_text(value))
    if (owner, name) in (("ETSI", "ServiceAccessIdentifier"), ("countersign", "Account")):
        return ["account", value]
    if (owner, name) in (("ETSI", "EmailAddress"), ("ETSI", "InternationalE164"), ("countersign", "Person")):
        return ["person", value]
    need((owner, name) == ("countersign", "PayersOfBitcoinAddress"), "format")
    return ["everyone_who_paid", "bitcoin", value]


READERS = {"inbound": read_own, "ts103120-xml": read_xml, "ts103120-json": read_json}
