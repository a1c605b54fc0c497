"""docs/formats/inbound.md and ts103120.md: what messages of authorities mean."""

import base64
import binascii
import datetime
import hashlib
import json
import re
import xml.parsers.expat

from .canonical import CLASSES, STATES
from .documents import INSTRUMENTS
from .encoding import base64_bytes
from .refusal import Refused, need

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
