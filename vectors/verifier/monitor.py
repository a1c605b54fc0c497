"""docs/formats/monitor-report.md: what a monitor says of a log."""

import re

from . import canonical, note
from .encoding import base64_bytes, hex_bytes, sha256
from .refusal import need

FIRST_LINE = "countersign/monitor-report/v1"
SEVERITIES = ("notice", "warning", "alarm")


def read_report(data, monitor):
    """The report that the key `monitor` has signed."""
    need(monitor["type"] == note.LOG, "signature", "a key that signs no notes")
    body, lines = note.read_note(data)
    need(note.check_note(body, lines, [monitor]), "signature", "not by this monitor")
    report = read_text(body)
    need(report["log"] != monitor["name"], "malformed", "a log that reports on itself")
    return report


def check_file(report, member, content):
    need(report[member] == sha256(content).hex(), "digest", member)


def read_text(body):
    need(body.endswith("\n"), "malformed", "no final line feed")
    lines = body.split("\n")[:-1]
    need(len(lines) >= 7 and lines[0] == FIRST_LINE, "malformed", "first line or number of lines")
    fields = [_field(line, name) for line, name in zip(lines[1:7], ("log", "time", "checkpoint", "witnessed", "totals", "details"))]
    log, time, checkpoint, witnessed, totals, details = fields
    need(note.is_key_name(log) and len(log.encode()) <= 255, "malformed", "origin")
    canonical.time(time)
    if checkpoint == "none":
        need(witnessed == "none" and totals == "none", "malformed", "something said of no checkpoint")
    else:
        size, _, root = checkpoint.partition(" ")
        need(re.fullmatch("0|[1-9][0-9]{0,18}", size, re.ASCII) and int(size) < 2**63, "malformed", "size")
        need(len(base64_bytes(root)) == 32, "malformed", "root")
        canonical.time(witnessed)
        need(totals == "none" or hex_bytes(totals, 32), "malformed", "totals")
    hex_bytes(details, 32)
    need(len(lines) - 7 <= 64, "malformed", "number of findings")
    findings = [_finding(_field(line, "finding")) for line in lines[7:]]
    need(all(one < other for one, other in zip(findings, findings[1:])), "malformed", "order of findings")
    return {"log": log, "totals": totals, "details": details}


def _field(line, name):
    need(line.startswith(name + " "), "malformed", f"not the line `{name}`")
    return line[len(name) + 1:]


def _finding(value):
    severity, _, code = value.partition(" ")
    need(severity in SEVERITIES, "malformed", "severity")
    need(len(code) <= 40 and re.fullmatch("[a-z](?:[a-z-]*[a-z])?", code, re.ASCII), "malformed", "code")
    return SEVERITIES.index(severity), code
