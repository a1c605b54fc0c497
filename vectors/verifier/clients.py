"""docs/formats/clients-csv.md: what a file of clients holds, what is refused in it, and the references."""

import hmac
import re
import unicodedata

from .approval import client_key_digest, read_key
from .canonical import CLASSES, STATES
from .encoding import le
from .refusal import Refused, need

TEXT, LINES = 1_024, 30_000
COUNTRY = "country"
COLUMNS = {
    # column: (class, what the value must be)
    "account": (None, 64),
    "primaryIdentifier": ("name", TEXT), "secondaryIdentifier": ("name", TEXT), "nameIdentifierType": ("name", "ALIA BIRT MAID LEGL MISC"),
    "dateOfBirth": ("birth", "date"), "placeOfBirth": ("birth", TEXT), "addressType": ("address", "HOME BIZZ GEOG"),
    **{column: ("address", TEXT) for column in (
        "department", "subDepartment", "streetName", "buildingNumber", "buildingName", "floor", "postBox", "room", "postCode", "townName",
        "townLocationName", "districtName", "countrySubDivision", "addressLine")},
    "country": ("address", COUNTRY), "countryOfResidence": ("address", COUNTRY), "emailAddress": ("email", TEXT), "phoneNumber": ("phone", TEXT),
    "nationalIdentifier": ("document_number", TEXT),
    "nationalIdentifierType": ("document_number", "ARNU CCPT RAID DRLC FIIN TXID SOCS IDCD LEIX MISC"),
    "countryOfIssue": ("document_number", COUNTRY), "registrationAuthority": ("document_number", TEXT),
    "iban": ("bank", TEXT), "bic": ("bank", TEXT), "walletAddress": ("wallets", TEXT),
    "notes": ("notes", LINES),
    "clientKey": (None, "key"), "identificationLevel": (None, "NONE SIMPLIFIED STANDARD ENHANCED"),
    "sanctionsFlag": (None, "CLEAR REVIEW LISTED"), "accountState": (None, "OPEN LIMITED BLOCKED CLOSED"),
}
REQUIRED = ("account", "primaryIdentifier")
MAY_BREAK = ("addressLine", "notes")


class BadRows(Refused):
    """Problems as (line, column or None, reason)."""

    def __init__(self, problems):
        super().__init__("rows", "; ".join(f"line {line}, {column}: {reason}" for line, column, reason in problems))
        self.problems = problems


def read_clients(data, options, key):
    """Every client as account, reference and entries by class; refuses the file when anything in it is bad."""
    columns, rows = _read_table(data, options)
    clients, problems, lines_of = [], [], {}
    for line, fields in rows:
        try:
            clients.append(_read_client(line, fields, columns, lines_of, key))
        except BadRows as bad:
            problems += bad.problems
    if problems:
        raise BadRows(problems)
    return clients


def _read_client(line, fields, columns, lines_of, key):
    if len(fields) != len(columns):
        raise BadRows([(line, None, f"has {len(fields)} fields, the first line has {len(columns)}")])
    given, values = dict(zip(columns, fields)), {}
    for column in COLUMNS:
        if column in given:
            try:
                values[column] = _value(column, given[column])
            except Refused as error:
                raise BadRows([(line, column, error.reason)]) from error
    account = values["account"]
    if account in lines_of:
        raise BadRows([(line, "account", f"is the same as on line {lines_of[account]}")])
    key_digest = client_key_digest(values["clientKey"]).hex() if values.get("clientKey") else None
    if ("key", key_digest) in lines_of:
        raise BadRows([(line, "clientKey", f"is the same as on line {lines_of['key', key_digest]}")])
    lines_of[account] = line
    entries = {}
    for name in sorted(CLASSES, key=CLASSES.get):
        members = [f'"{column}":"{_escape(text)}"' for column, text in values.items() if text and COLUMNS[column][0] == name]
        if members:
            entries[name] = "{" + ",".join(members) + "}"
    client = {"account": account, "reference": reference(key, {"kind": "account", "account": account}), "entries": entries}
    if key_digest:
        lines_of[("key", key_digest)] = line
        client["client_key"] = key_digest
    return client


def _escape(text):
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        text = text.replace(plain, escaped)
    return text


def _value(column, raw):
    """One value, or the reason why it is refused, in the words of "What is said"."""
    kind = COLUMNS[column][1]
    raw = raw.strip()
    try:
        text = raw.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise Refused(f"is not UTF-8 from byte {error.start} on; the file may be in an older encoding") from error
    need(text or column not in REQUIRED, "is empty and must not be")
    limit = kind if isinstance(kind, int) else TEXT
    need(len(text.encode()) <= limit, f"has {len(text.encode())} bytes, the limit is {limit}")
    for character in text:
        allowed = column in MAY_BREAK and character in "\n\r\t"
        need(allowed or unicodedata.category(character) != "Cc", f"has the control character U+{ord(character):04X}")
    if text and kind == "date":
        need(_is_date(text), "is not a date like 1980-02-29")
    elif text and kind == COUNTRY:
        need(text in STATES, "is not an ISO 3166-1 code of two letters")
    elif text and kind == "key":
        try:
            read_key(text)
        except Refused as error:
            raise Refused("is not a public key like `passkey RPID ORIGIN es256 HEX` in its one spelling") from error
    elif text and isinstance(kind, str):
        need(text in kind.split(), f"is not one of {', '.join(kind.split())}")
    return text


def _is_date(text):
    match = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", text, re.ASCII)
    if not match:
        return False
    year, month, day = (int(group) for group in match.groups())
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    lengths = [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return 1800 <= year <= 2999 and 1 <= month <= 12 and 1 <= day <= lengths[month - 1]


# ------------------------------------------------------------------------------------------------ the file and its first line


def _read_table(data, options):
    data = data.removeprefix(b"\xef\xbb\xbf")
    need(data, "file", "the file is empty")
    need(not data.startswith((b"\xff\xfe", b"\xfe\xff")), "file", "the file is UTF-16")
    need(not data.startswith(b"PK\x03\x04"), "file", "the file is a spreadsheet or archive")
    rows = _rows(data, options.get("delimiter", ",").encode())
    need(rows, "file", "the file is empty")
    try:
        names = [field.decode("utf-8").strip() for field in rows[0][1]]
    except UnicodeDecodeError as error:
        raise Refused("file", "the file has a first line that is not UTF-8") from error
    columns = _columns(names, options)
    need(len(rows) > 1, "file", "the file has no rows below its first line")
    return columns, rows[1:]


def _columns(names, options):
    """Which column is which; everything wrong with the first line at once."""
    if len(names) == 1:
        other = next((mark for mark in ";\t|" if mark in names[0]), None)
        need(other is None, "first line", f"the fields seem to be separated by {other!r}")
    mapped, problems, columns = dict(options.get("map", [])), [], []
    ignored = options.get("ignore", [])
    for theirs in [*mapped, *ignored]:
        if theirs not in names:
            problems.append(f"the file has no column `{theirs}` to map or to ignore")
    problems += [f"`--map` to `{ours}`, which is unknown" for ours in mapped.values() if ours not in COLUMNS]
    for name in names:
        ours = None if name in ignored else mapped.get(name, name)
        if ours is not None and ours not in COLUMNS and name not in mapped:
            problems.append(f"column `{name}` is unknown")
        if ours is not None and ours in columns:
            problems.append(f"two columns are `{ours}`")
        columns.append(ours)
    problems += [f"there is no column `{column}`" for column in REQUIRED if column not in columns]
    need(not problems, "first line", "; ".join(problems))
    return columns


def _rows(data, delimiter):
    """RFC 4180 over bytes: (line on which the row begins, fields). Lines are counted by LF; empty lines are no rows."""
    rows, fields, field, quoted, was_quoted = [], [], bytearray(), False, False
    line = begins = 1
    at = 0

    def end_row():
        nonlocal fields, field, was_quoted
        if fields or field or was_quoted:
            rows.append((begins, fields + [bytes(field)]))
        fields, field, was_quoted = [], bytearray(), False

    while at < len(data):
        mark, at = data[at:at + 1], at + 1
        line += mark == b"\n"
        if quoted:
            if mark != b'"':
                field += mark
            elif data[at:at + 1] == b'"':
                field, at = field + mark, at + 1
            else:
                quoted = False
        elif mark == b'"' and not field.strip():
            quoted, was_quoted, field = True, True, bytearray()
        elif mark == delimiter:
            fields, field, was_quoted = fields + [bytes(field)], bytearray(), False
        elif mark in (b"\n", b"\r"):
            if mark == b"\r" and data[at:at + 1] == b"\n":
                at, line = at + 1, line + 1
            end_row()
            begins = line
        else:
            field += mark
    end_row()
    return rows


# ------------------------------------------------------------------------------------------------ references


def reference(key, of):
    """clients-csv.md, "References"."""
    if of["kind"] == "account":
        message = b"account" + of["account"].strip().encode()
    else:
        address = of["address"]
        address = address.lower() if address.lower().startswith(("bc1", "tb1", "bcrt1")) else address
        message = b"address" + _with_length(of["chain"]) + address.encode()
    return hmac.digest(key, message, "sha256").hex()


def _with_length(text):
    return le(len(text.encode()), 8) + text.encode()


# ------------------------------------------------------------------------------------------------ what is said


def says(refused, error):
    """Whether a refusal here says what the program's error says (clients-csv.md, "What is said"): bad rows word for word, of the first line and the
    file the beginning of each sentence."""
    if isinstance(refused, BadRows):
        rows = "".join(f"  line {line}{f', `{column}`' if column else ''}: {reason}\n" for line, column, reason in refused.problems)
        return error == f"nothing was stored: {len(refused.problems)} bad rows\n{rows}mend them, or import the others with `--skip-bad-rows`"
    if refused.reason == "first line":
        first, *sentences = error.split("; ")
        ours = refused.text.split("; ")
        return first == "the first line of the file cannot be understood" and len(ours) == len(sentences) and all(
            theirs.startswith(sentence) for sentence, theirs in zip(ours, sentences))
    return refused.reason == "file" and error.startswith(refused.text)
