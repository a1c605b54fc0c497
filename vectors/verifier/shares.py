"""docs/formats/ring.md, "Resharing", "Repair" and "Confirmation of a share epoch": what shares go through after the ceremony."""

import json

from . import hpke
from .canonical import hexadecimal, members, number, read, word
from .edwards import ed25519_verifies, element_not_identity, encode_element, multiply, same_element, scalar, total
from .encoding import GROUP_ORDER, D, F, Reader, le
from .refusal import need
from .seal import CLASS_NAMES, G, KEY_TYPES, SUITE, interpolate, lagrange, open_envelope, read_share_epoch

CONFIRMATION = members(
    ("v", word("countersign/share-epoch-confirmation/v1")), ("ring", hexadecimal(32)), ("epoch", number(32)), ("shares", hexadecimal(32)),
    ("trustee", number(16)), ("signature", hexadecimal(64)))


def indices(values):
    return b"".join(le(value, 2) for value in values)


def threshold(ring):
    found = set(ring["t"].values())
    need(len(found) == 1, "plan", "different thresholds")
    return found.pop()


# ------------------------------------------------------------------------------------------------ messages


def read_broadcast(domain, exchange, index, identity, count, data):
    """Signature first; then exchange, index, a usable key, exactly `count` elements."""
    need(len(data) >= 64, "malformed", f"trustee {index}")
    content, signature = data[:-64], data[-64:]
    need(ed25519_verifies(identity, F(domain, content), signature), "broadcast signature", f"trustee {index}")
    need(len(content) == 34 + hpke.PUBLIC_KEY + 32 * count, "malformed", f"trustee {index}")
    reader = Reader(content, "broadcast")
    need(reader.take(32) == exchange and reader.number(2) == index, "malformed", f"trustee {index}")
    key = reader.take(hpke.PUBLIC_KEY)
    need(hpke.usable_key(key), "malformed", f"trustee {index}: its key")
    encoded = [reader.take(32) for _ in range(count)]
    elements = [element_not_identity(data, f"identity of trustee {index}") for data in encoded]
    return {"content": content, "key": key, "elements": elements}


def open_values(exchange, domain, transcript, sender, recipient, identity, seed, classes, data):
    """One canonical scalar per class."""
    context = F(domain, exchange, transcript, le(sender, 2), le(recipient, 2))
    plaintext = open_envelope(data, context, identity, seed)
    need(len(plaintext) == 32 * len(classes), "content", "another number of values")
    return {c: scalar(plaintext[32 * at:32 * at + 32], f"value of trustee {sender}") for at, c in enumerate(classes)}


def message_of(messages, sender):
    found = [data for sent_by, data in messages if sent_by == sender]
    need(found, "missing", f"trustee {sender}")
    return found[0]


# ------------------------------------------------------------------------------------------------ resharing


def resharing(ring, epoch, session, dealers, holders):
    t, both = threshold(ring), min(len(holders), epoch["n"])
    need(t <= len(holders) <= 255 and len(set(holders)) == len(holders), "plan", "holders")
    need(dealers == sorted(set(dealers)) and len(dealers) >= t and all(1 <= dealer <= both for dealer in dealers), "plan", "dealers")
    digest = D(
        "reshare", SUITE, le(KEY_TYPES[ring["key_type"]], 1), ring["id"], epoch["digest"], le(epoch["number"], 4), le(epoch["number"] + 1, 4), session,
        le(t, 2), indices(dealers), *holders)
    return {"digest": digest, "t": t, "dealers": dealers, "holders": holders, "classes": sorted(ring["points"]), "ring": ring, "epoch": epoch}


def commitments(plan, broadcasts, dealer, c):
    start = plan["classes"].index(c) * plan["t"]
    return broadcasts[dealer - 1]["elements"][start:start + plan["t"]]


def read_resharing(plan, data):
    """The broadcasts of all holders; every dealer commits to its own share."""
    broadcasts = []
    for index, identity in enumerate(plan["holders"], 1):
        need(len(data) >= index, "missing", f"trustee {index}")
        count = len(plan["classes"]) * plan["t"] if index in plan["dealers"] else 0
        broadcasts.append(read_broadcast("reshare-round1", plan["digest"], index, identity, count, data[index - 1]))
    for dealer in plan["dealers"]:
        for c in plan["classes"]:
            dealt = same_element(commitments(plan, broadcasts, dealer, c)[0], plan["epoch"]["shares"][c][dealer])
            need(dealt, "foreign share", f"trustee {dealer}, {CLASS_NAMES[c]}")
    return broadcasts


def evaluate(elements, x):
    return total(multiply(pow(x, k, GROUP_ORDER), element) for k, element in enumerate(elements))


def resharing_outcome(plan, broadcasts):
    """The new share epoch's text from the broadcasts alone."""
    weights = lagrange(plan["dealers"], 0)
    keys = []
    for c in plan["classes"]:
        dealt = {dealer: commitments(plan, broadcasts, dealer, c) for dealer in plan["dealers"]}
        combined = [total(multiply(weights[dealer], dealt[dealer][k]) for dealer in plan["dealers"]) for k in range(plan["t"])]
        shares = [encode_element(evaluate(combined, index)).hex() for index in range(1, len(plan["holders"]) + 1)]
        keys.append({"class": CLASS_NAMES[c], "shares": shares})
    document = {"v": "countersign/share-epoch/v1", "ring": plan["ring"]["id"].hex(), "epoch": plan["epoch"]["number"] + 1, "keys": keys}
    text = json.dumps(document, separators=(",", ":"))
    read_share_epoch(text.encode(), plan["ring"])
    return text


def finish_resharing(plan, broadcasts, index, seed, kept, messages):
    """The new scalars of one holder, each checked against the commitments and against its new verifying share."""
    need(hpke.xwing_public_key(seed) == broadcasts[index - 1]["key"], "state", "the key of the exchange")
    transcript = D("reshare-transcript", plan["digest"], *(broadcast["content"] for broadcast in broadcasts))
    weights, scalars = lagrange(plan["dealers"], 0), {c: 0 for c in plan["classes"]}
    for dealer in plan["dealers"]:
        if dealer == index:
            need(len(kept) == 32 * len(plan["classes"]), "state", "what it keeps")
            values = {c: scalar(kept[32 * at:32 * at + 32]) for at, c in enumerate(plan["classes"])}
        else:
            identity, data = plan["holders"][dealer - 1], message_of(messages, dealer)
            values = open_values(plan["digest"], "reshare-round2", transcript, dealer, index, identity, seed, plan["classes"], data)
        for c, value in values.items():
            expected = evaluate(commitments(plan, broadcasts, dealer, c), index)
            need(same_element(multiply(value, G), expected), f"value of trustee {dealer}", CLASS_NAMES[c])
            scalars[c] = (scalars[c] + weights[dealer] * value) % GROUP_ORDER
    text = resharing_outcome(plan, broadcasts)
    epoch = read_share_epoch(text.encode(), plan["ring"])
    for c, value in scalars.items():
        need(same_element(multiply(value, G), epoch["shares"][c][index]), "own share", CLASS_NAMES[c])
    return text, stored_share(plan["ring"], index, epoch["number"], scalars)


def stored_share(ring, index, epoch, scalars):
    """ring.md, "Stored share"."""
    head = b"\1" + le(KEY_TYPES[ring["key_type"]], 1) + ring["id"] + le(index, 2) + le(epoch, 4) + le(len(scalars), 1)
    return head + b"".join(le(c, 1) + le(scalars[c], 32) for c in sorted(scalars))


# ------------------------------------------------------------------------------------------------ repair


def repair(ring, epoch, session, lost, helpers, identities):
    n = epoch["n"]
    need(len(identities) == n and len(set(identities)) == n and 1 <= lost <= n, "plan", "trustees")
    need(helpers == sorted(set(helpers)) and lost not in helpers and all(1 <= helper <= n for helper in helpers), "plan", "helpers")
    need(len(helpers) >= threshold(ring), "plan", "fewer helpers than the threshold")
    digest = D(
        "repair", SUITE, le(KEY_TYPES[ring["key_type"]], 1), ring["id"], epoch["digest"], le(epoch["number"], 4), session, le(lost, 2),
        indices(helpers), identities[lost - 1], *(identities[helper - 1] for helper in helpers))
    return {
        "digest": digest, "lost": lost, "helpers": helpers, "identities": identities, "classes": sorted(ring["points"]), "ring": ring, "epoch": epoch}


def summands(plan, broadcast, c):
    start = plan["classes"].index(c) * len(plan["helpers"])
    return broadcast["elements"][start:start + len(plan["helpers"])]


def read_repair(plan, request, data):
    """The request, and the helpers' broadcasts, whose commitments add up to w_i h_i."""
    request = read_broadcast("repair-request", plan["digest"], plan["lost"], plan["identities"][plan["lost"] - 1], 0, request)
    broadcasts = {}
    for at, helper in enumerate(plan["helpers"]):
        need(len(data) > at, "missing", f"trustee {helper}")
        count = len(plan["classes"]) * len(plan["helpers"])
        broadcasts[helper] = read_broadcast("repair-round1", plan["digest"], helper, plan["identities"][helper - 1], count, data[at])
    weights = lagrange(plan["helpers"], plan["lost"])
    for helper, broadcast in broadcasts.items():
        for c in plan["classes"]:
            held = multiply(weights[helper], plan["epoch"]["shares"][c][helper])
            need(same_element(total(summands(plan, broadcast, c)), held), "foreign share", f"trustee {helper}, {CLASS_NAMES[c]}")
    transcript = D("repair-transcript", plan["digest"], request["content"], *(broadcast["content"] for broadcast in broadcasts.values()))
    return request, broadcasts, transcript


def add_summands(plan, heard, index, seed, kept, messages):
    """What a helper adds up; every summand fits its commitment."""
    _, broadcasts, transcript = heard
    need(hpke.xwing_public_key(seed) == broadcasts[index]["key"], "state", "the key of the exchange")
    own, sums = plan["helpers"].index(index), {}
    for at, c in enumerate(plan["classes"]):
        sums[c] = scalar(kept[32 * at:32 * at + 32])
        need(same_element(multiply(sums[c], G), summands(plan, broadcasts[index], c)[own]), f"value of trustee {index}", CLASS_NAMES[c])
    for helper in (helper for helper in plan["helpers"] if helper != index):
        identity, data = plan["identities"][helper - 1], message_of(messages, helper)
        values = open_values(plan["digest"], "repair-round2", transcript, helper, index, identity, seed, plan["classes"], data)
        for c, value in values.items():
            need(same_element(multiply(value, G), summands(plan, broadcasts[helper], c)[own]), f"value of trustee {helper}", CLASS_NAMES[c])
            sums[c] = (sums[c] + value) % GROUP_ORDER
    return sums


def finish_repair(plan, heard, seed, sums):
    """The lost scalars; every sum fits the commitments of all helpers, the result its verifying share."""
    request, broadcasts, transcript = heard
    need(hpke.xwing_public_key(seed) == request["key"], "state", "the key of the exchange")
    scalars = {c: 0 for c in plan["classes"]}
    for at, helper in enumerate(plan["helpers"]):
        identity, data = plan["identities"][helper - 1], message_of(sums, helper)
        values = open_values(plan["digest"], "repair-sum", transcript, helper, plan["lost"], identity, seed, plan["classes"], data)
        for c, value in values.items():
            expected = total(summands(plan, broadcast, c)[at] for broadcast in broadcasts.values())
            need(same_element(multiply(value, G), expected), f"value of trustee {helper}", CLASS_NAMES[c])
            scalars[c] = (scalars[c] + value) % GROUP_ORDER
    for c, value in scalars.items():
        need(same_element(multiply(value, G), plan["epoch"]["shares"][c][plan["lost"]]), "own share", CLASS_NAMES[c])
    return stored_share(plan["ring"], plan["lost"], plan["epoch"]["number"], scalars)


# ------------------------------------------------------------------------------------------------ confirmations


def confirm_epoch(ring, epoch, confirmations, identities):
    """ring.md, "Confirmation of a share epoch": every holder has signed."""
    need(len(identities) == epoch["n"] == len(set(identities)), "identities")
    signed = {}
    for text in confirmations:
        confirmation = read(text, 512, CONFIRMATION)
        signed.setdefault(confirmation["trustee"], confirmation)
    for index, identity in enumerate(identities, 1):
        need(index in signed, "unconfirmed", f"trustee {index}")
        given = signed[index]
        named = (given["ring"], given["epoch"], given["shares"])
        need(named == (ring["id"].hex(), epoch["number"], epoch["digest"].hex()), "confirmation", f"trustee {index}")
        message = F("share-epoch-confirmation", ring["id"], le(epoch["number"], 4), epoch["digest"], le(index, 2))
        need(ed25519_verifies(identity, message, bytes.fromhex(given["signature"])), "confirmation", f"trustee {index}")


def key_is_kept(plan, text):
    """The new shares interpolate to the ring's keys: h_c at 0, from the last t shares."""
    epoch = read_share_epoch(text.encode(), plan["ring"])
    for c, point in plan["ring"]["points"].items():
        last = {index: epoch["shares"][c][index] for index in sorted(epoch["shares"][c])[-plan["t"]:]}
        need(same_element(interpolate(last, 0), point), "interpolation", CLASS_NAMES[c])
