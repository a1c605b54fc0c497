"""docs/formats/reading.md: what a reading in daily operation has to show, lane by lane, and the budgets that a trustee counts."""

from . import hpke
from .approval import CONSENT_NAMESPACE, check_signature, client_key_digest, consent_line, read_key
from .bundle import reading_caps
from .canonical import seconds
from .control import present
from .documents import read_document
from .encoding import D, base64_bytes
from .refusal import Refused, need

SKEW = 120
# lane: (most people, longest life of the order, time for a veto)
LANES = {"client_present": (1, 15 * 60, 0), "case": (3, 24 * 3_600, 0), "break_glass": (3, 3_600, 600)}
NEVER_IN_AN_EMERGENCY = {"document_number", "document_scan", "bank", "transfers"}


def check_limits(order, facts, pack):
    people, lifetime, _ = LANES[facts["lane"]]
    need(order["scope"]["subjects"] <= people, "LANE_EXCEEDED", "people")
    need(seconds(order["expires"]) - seconds(order["not_before"]) <= lifetime, "LANE_EXCEEDED", "lifetime")
    named = [set(limit["classes"]) for limit in pack["kinds"] if limit["kind"] == "read"]
    classes = set(order["scope"]["classes"])
    need(facts["lane"] != "break_glass" or not classes & NEVER_IN_AN_EMERGENCY, "CLASSES_NOT_FOR_KIND")
    need(not named or classes <= named[0], "CLASSES_NOT_FOR_KIND")


def check_reader(state, order, facts):
    """The agent is in force, and the order's recipient is the digest of the agent's key, computed from the key."""
    agent = state["people"].get(facts["agent"])
    need(agent and "agent" in agent["roles"], "AGENT_NOT_IN_FORCE")
    key = base64_bytes(facts["key"], "RECIPIENT_NOT_IN_FORCE")
    need(len(key) == hpke.PUBLIC_KEY and order["recipient"]["mode"] == "C", "RECIPIENT_NOT_IN_FORCE")
    need(D("transport-key", key).hex() == order["recipient"]["key"] == agent.get("reader"), "RECIPIENT_NOT_IN_FORCE")
    return agent


def check_signers(facts, approvals):
    """The agent has signed as the agent and nobody says no; who approves beside the agent."""
    need(all(approval["verdict"] == "approve" for approval in approvals), "SIGNERS_MISSING", "somebody refuses")
    own = [approval for approval in approvals if approval["approver"] == facts["agent"]]
    need(own and own[0]["role"] == "agent", "SIGNERS_MISSING", "the agent")
    return [approval for approval in approvals if approval not in own and approval["role"] in ("peer", "approver")]


def check_lane(order, order_digest, facts, labels, consents, latest, others, agent):
    if facts["lane"] == "client_present":
        need(len(consents) == 1, "CONSENT_INVALID", "not exactly one consent")
        try:
            consent, _ = read_document("consent", consents[0].encode())
            _check_consent(consent, order_digest, labels)
        except Refused as error:
            raise Refused("CONSENT_INVALID", str(error)) from error
        need(seconds(order["not_before"]) - SKEW <= seconds(consent["at"]) <= latest + SKEW, "CONSENT_INVALID", "time")
        return
    need(not consents, "CONSENT_INVALID", "a consent where none belongs")
    if facts["lane"] == "break_glass":
        need(any(other["state"] != agent["state"] for other in others.values()), "SIGNERS_MISSING", "nobody in another state")


def _check_consent(consent, order_digest, labels):
    """By the key whose digest the label of every record holds, over this order."""
    for label in labels:
        need(label["client_key"] != bytes(32) and label["client_key"] == client_key_digest(consent["key"]), "key", "not the client's key")
        need(consent["order"] == order_digest.hex(), "order", "another order")
    check_signature(read_key(consent["key"]), CONSENT_NAMESPACE, consent_line(consent), consent["signature"])


def check_veto(now, facts, since, until):
    """The order was public for the time of the lane, and the journal was read as it stood when that time was over."""
    waiting = LANES[facts["lane"]][2]
    need(now - since >= waiting and until - since >= waiting, "WAITING")


def check_budgets(view, state, order, facts, others, pack):
    caps, people = reading_caps(pack), order["scope"]["subjects"]
    threshold, members = state["threshold"], len(present(state))
    if facts["lane"] == "break_glass":
        need(2 * threshold > members and not view["counted"].get(("break_glass", "")), "CAP_BREAK_GLASS")
    if facts["lane"] != "case":
        return
    peers = [other["approver"] for other in others if other["role"] == "peer"]
    budgets = [("readings_of", facts["agent"], caps["agent"] + (caps["beyond"] if peers else 0), "CAP_AGENT")]
    budgets += [("readings_with", peer, caps["peer"], "CAP_PEER") for peer in peers]
    budgets += [("readings", "", caps["day"], "CAP_READINGS")]
    for by, of, cap, code in budgets:
        already = view["counted"].get((by, of), 0)
        stop = cap if already == 0 and 2 * threshold > members else -(-cap * threshold // members)
        need(already + people <= stop, code)
