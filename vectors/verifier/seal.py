"""docs/formats/label.md, seal.md and ring.md: labels, headers, records, rings, share epochs, replies and opening."""

from . import gcm, hpke
from .canonical import ATTRIBUTES, CLASSES, flag, hexadecimal, listing, members, number, pattern, read, word
from .edwards import (
    BASE, IDENTITY, add, ed25519_key, ed25519_verifies, element, element_not_identity, encode_element, from_uniform_bytes, is_identity, multiply,
    negate, same_element, scalar, total,
)
from .encoding import GROUP_ORDER, D, F, Reader, S, expand, extract, le, sha256, wide_scalar
from .refusal import Refused, need

SUITE = b"\1"
G = BASE
GBAR = from_uniform_bytes(S("gbar", SUITE))
NUMBERS = {
    "sealing": CLASSES,
    "index": ATTRIBUTES,
    "signing": {"signature": 255},
}
KEY_TYPES = {"sealing": 1, "index": 2, "signing": 3}
CLASS_NAMES = {value: key for names in NUMBERS.values() for key, value in names.items()}
MAX_RECORDS = 10_000


# ------------------------------------------------------------------------------------------------ label.md


def read_label(data):
    reader = Reader(data, "label")
    label = {"custodian": reader.take(16), "handle": reader.take(32), "client_key": reader.take(32), "period": reader.number(4)}
    label |= {"revision": reader.number(8), "schema": reader.number(2)}
    label["classes"] = list(reader.take(reader.number(1)))
    label["without_digest"], label["body"], label["bytes"] = data[:reader.at], reader.take(32), data
    reader.end()
    classes = label["classes"]
    need(classes and classes == sorted(set(classes)) and set(classes) <= set(CLASSES.values()), "classes")
    year, month = divmod(label["period"], 100)
    need(label["period"] == 0 or (1970 <= year <= 2998 and 1 <= month <= 12), "period")
    return label


def record_id(label, u):
    return D("record", label, u)


# ------------------------------------------------------------------------------------------------ headers (seal.md, "Check")


def read_header(data):
    need(len(data) == 160, "length", "header")
    u, ubar, w, wbar = (data[at:at + 32] for at in range(0, 128, 32))
    return {
        "bytes": (u, ubar, w, wbar), "u": element_not_identity(u), "ubar": element(ubar), "w": element(w), "wbar": element(wbar),
        "f": scalar(data[128:]),
    }


def challenge(header, label, ring_id):
    return wide_scalar(S("seal", ring_id, label, *header["bytes"]))


def header_holds(header, label, ring_id):
    """f G = w + e u and f Gbar = wbar + e ubar."""
    e = challenge(header, label, ring_id)
    return same_element(multiply(header["f"], G), add(header["w"], multiply(e, header["u"]))) and same_element(
        multiply(header["f"], GBAR), add(header["wbar"], multiply(e, header["ubar"])))


def batch_holds(headers, labels, ring_id, seed):
    """seal.md, "Check": both equations of all records at once, with weights out of the verifier's seed."""
    challenges = [challenge(header, label, ring_id) for header, label in zip(headers, labels)]
    data = S("header-batch", ring_id, *(part for e, header in zip(challenges, headers) for part in (le(e, 32), le(header["f"], 32))))
    sum_ = IDENTITY
    for j, (e, header) in enumerate(zip(challenges, headers)):
        block = S("header-weights", seed, data, le(j // 2, 8))[32 * (j % 2):]
        a, b = int.from_bytes(block[:16], "little"), int.from_bytes(block[16:32], "little")
        for weight, base, u, w in ((a, G, header["u"], header["w"]), (b, GBAR, header["ubar"], header["wbar"])):
            sum_ = total([
                sum_, multiply(weight * header["f"] % GROUP_ORDER, base), multiply(weight, negate(w)),
                multiply(weight * e % GROUP_ORDER, negate(u)),
            ])
    return is_identity(sum_)


def check_headers(headers, labels, ring_id, seed):
    """All positions whose proof fails."""
    if batch_holds(headers, labels, ring_id, seed):
        return []
    return [at for at, (header, label) in enumerate(zip(headers, labels)) if not header_holds(header, label, ring_id)]


# ------------------------------------------------------------------------------------------------ records


PADDED = sorted({2**k for k in range(6, 17)} | {3 * 2**k for k in range(5, 15)})


def read_record(data):
    reader = Reader(data, "record")
    need(reader.take(1) == SUITE, "suite")
    record = {"ring_id": reader.take(32)}
    record["label"] = read_label(reader.take(reader.number(2)))
    record["header"] = read_header(reader.take(160))
    record["entries"] = {}
    for c in record["label"]["classes"]:
        commitment = reader.take(32)
        ciphertext = reader.take(reader.number(4))
        need(len(ciphertext) - 16 in PADDED, "padding", f"a ciphertext of {len(ciphertext)} bytes")
        record["entries"][c] = (commitment, ciphertext)
    reader.end()
    need(body_digest(record["entries"]) == record["label"]["body"], "body digest")
    return record


def body_digest(entries):
    """label.md, "Body digest"."""
    return D("body", *(D("entry-hash", bytes([c]), *entries[c]) for c in sorted(entries)))


def pad_entry(content):
    entry = b"\0" + le(len(content), 4) + content
    return entry.ljust(next(size for size in PADDED if size >= len(entry)), b"\0")


def unpad_entry(data):
    """seal.md, "Padded entry"."""
    kind, size = data[0], int.from_bytes(data[1:5], "little")
    content, rest = data[5:5 + size], data[5 + size:]
    need(kind in (0, 1) and len(content) == size and not any(rest), "content", "padding")
    need(len(data) == next(at for at in PADDED if at >= 5 + size), "content", "longer than needed")
    need(kind == 0 or size == 8, "content", "length of a blob")
    return kind, content


def class_sigma(sigma, c, u):
    """seal.md, "Sealing", step 3."""
    return expand(extract(b"", sigma), F("class-sigma", bytes([c]), u), 32)


def entry_keys(ring_id, point, sigma_c, c, u, without_digest):
    """K_c and com_c."""
    material = expand(extract(ring_id, encode_element(point) + sigma_c), F("dek", bytes([c]), u, without_digest), 64)
    return material[:32], material[32:]


def entry_aad(ring_id, c, without_digest):
    return F("entry", ring_id, bytes([c]), without_digest)


def open_entry(record, c, point, sigma_c):
    """The commitment first, then the content."""
    label, (commitment, ciphertext) = record["label"]["without_digest"], record["entries"][c]
    key, found = entry_keys(record["ring_id"], point, sigma_c, c, record["header"]["bytes"][0], label)
    need(found == commitment, "commitment", CLASS_NAMES[c])
    return unpad_entry(gcm.open_(expand(key, F("entry-key"), 32), bytes(12), entry_aad(record["ring_id"], c, label), ciphertext, "content"))[1]


def seal_record(ring, ring_id, without_digest, contents, sigma, fresh, local):
    """seal.md, "Sealing": the record's bytes from all secrets."""
    prk = extract(b"", fresh + local)
    digest = S("plaintext", *(part for c in sorted(contents) for part in (bytes([c]), contents[c])))
    r, s = (wide_scalar(expand(prk, F("nonce", SUITE, ring_id, which, without_digest, digest, sigma), 64)) for which in (b"r", b"s"))
    points = [encode_element(multiply(k, base)) for k, base in ((r, G), (r, GBAR), (s, G), (s, GBAR))]
    entries = {}
    for c in sorted(contents):
        point = multiply(r, ring["points"][c])
        key, commitment = entry_keys(ring_id, point, class_sigma(sigma, c, points[0]), c, points[0], without_digest)
        padded = pad_entry(contents[c])
        entries[c] = commitment, gcm.seal(expand(key, F("entry-key"), 32), bytes(12), entry_aad(ring_id, c, without_digest), padded)
    label = without_digest + body_digest(entries)
    e = wide_scalar(S("seal", ring_id, label, *points))
    header = b"".join(points) + le((s + e * r) % GROUP_ORDER, 32)
    body = b"".join(commitment + le(len(ciphertext), 4) + ciphertext for commitment, ciphertext in entries.values())
    return SUITE + ring_id + le(len(label), 2) + label + header + body


# ------------------------------------------------------------------------------------------------ ring.md

RING = members(
    ("v", word("countersign/ring/v1")), ("suite", number(8)), ("name", pattern("[a-z0-9-]{1,64}", "a name")), ("key_type", word(*KEY_TYPES)),
    ("ceremony", hexadecimal(32)), ("transcript", hexadecimal(32)), ("dealer", flag),
    ("keys", listing(members(
        ("class", word(*CLASS_NAMES.values())), ("epoch", number(32)), ("t", number(16)), ("n", number(16)), ("key", hexadecimal(32))))),
)
CONFIRMATION = members(
    ("v", word("countersign/ring-confirmation/v1")), ("ring", hexadecimal(32)), ("trustee", number(16)), ("signature", hexadecimal(64)))
SHARE_EPOCH = members(
    ("v", word("countersign/share-epoch/v1")), ("ring", hexadecimal(32)), ("epoch", number(32)),
    ("keys", listing(members(("class", word(*CLASS_NAMES.values())), ("shares", listing(hexadecimal(32)))))))


def read_ring(data):
    ring = read(data, 8 * 1024, RING)
    numbers = NUMBERS[ring["key_type"]]
    need(ring["suite"] == 1 and ring["keys"], "ring", "suite, or no keys")
    need(all(key["class"] in numbers for key in ring["keys"]), "key type", "a class of another key type")
    found = [numbers[key["class"]] for key in ring["keys"]]
    need(found == sorted(set(found)), "ring", "keys out of order")
    need(len({key["key"] for key in ring["keys"]}) == len(found), "ring", "two equal keys")
    need(all(2 <= key["t"] <= key["n"] <= 255 for key in ring["keys"]) and len({key["n"] for key in ring["keys"]}) == 1, "ring", "t and n")
    ring["n"] = ring["keys"][0]["n"]
    ring["points"] = {numbers[key["class"]]: element_not_identity(bytes.fromhex(key["key"])) for key in ring["keys"]}
    ring["t"] = {numbers[key["class"]]: key["t"] for key in ring["keys"]}
    ring["id"] = D(
        "ring", SUITE, ring["name"].encode(), le(KEY_TYPES[ring["key_type"]], 1), bytes.fromhex(ring["ceremony"]), bytes.fromhex(ring["transcript"]),
        le(ring["dealer"], 1),
        *(part for key in ring["keys"] for part in (
            le(numbers[key["class"]], 1), le(key["epoch"], 4), le(key["t"], 2), le(key["n"], 2), bytes.fromhex(key["key"]))),
    )
    return ring


def confirm_ring(ring, confirmations, identities, key_type, allow_dealer):
    """ring.md, "Confirmation": every trustee has signed, and nobody knew the keys alone."""
    need(ring["key_type"] == key_type, "key type", f"{key_type} is wanted")
    need(allow_dealer or not ring["dealer"], "dealer")
    need(len(identities) == ring["n"] and len(set(identities)) == ring["n"], "identities")
    confirmed = set()
    for text in confirmations:
        confirmation = read(text, 512, CONFIRMATION)
        trustee = confirmation["trustee"]
        need(1 <= trustee <= ring["n"] and trustee not in confirmed, "confirmation", f"trustee {trustee}")
        identity = identities[trustee - 1]
        ed25519_key(identity, "confirmation")
        message = F("ring-confirmation", ring["id"], le(trustee, 2))
        need(confirmation["ring"] == ring["id"].hex(), "confirmation", f"trustee {trustee} confirmed another ring")
        need(ed25519_verifies(identity, message, bytes.fromhex(confirmation["signature"])), "confirmation", f"trustee {trustee}")
        confirmed.add(trustee)
    need(confirmed == set(range(1, ring["n"] + 1)), "unconfirmed")


def lagrange(indices, at):
    """Coefficients that interpolate a polynomial known at `indices` to the position `at`."""
    coefficients = {}
    for i in indices:
        top = bottom = 1
        for j in indices:
            if j != i:
                top, bottom = top * (at - j) % GROUP_ORDER, bottom * (i - j) % GROUP_ORDER
        coefficients[i] = top * pow(bottom, -1, GROUP_ORDER) % GROUP_ORDER
    return coefficients


def interpolate(points, at):
    return total(multiply(coefficient, points[i]) for i, coefficient in lagrange(sorted(points), at).items())


def read_share_epoch(data, ring):
    """ring.md, "Share epoch": h_c at 0 and all shares lie on one polynomial of degree t - 1."""
    epoch = read(data, 256 * 1024, SHARE_EPOCH)
    need(epoch["ring"] == ring["id"].hex(), "another ring")
    need(epoch["epoch"] >= 1, "share epoch", "numbered from 1")
    need([key["class"] for key in epoch["keys"]] == [key["class"] for key in ring["keys"]], "share epoch", "classes")
    n, shares = len(epoch["keys"][0]["shares"]), {}
    need(all(len(key["shares"]) == n for key in epoch["keys"]) and max(ring["t"].values()) <= n <= 255, "share epoch", "number of shares")
    for key in epoch["keys"]:
        c = NUMBERS[ring["key_type"]][key["class"]]
        shares[c] = {i: element_not_identity(bytes.fromhex(text)) for i, text in enumerate(key["shares"], 1)}
        known = {0: ring["points"][c], **{i: shares[c][i] for i in range(1, ring["t"][c])}}
        for i in range(ring["t"][c], n + 1):
            need(same_element(interpolate(known, i), shares[c][i]), "interpolation", f"trustee {i}")
    return {"number": epoch["epoch"], "n": n, "shares": shares, "digest": sha256(b"countersign/share-epoch/v1" + data)}


def read_stored_share(data, key_type):
    """ring.md, "Stored share"."""
    reader = Reader(data, "share")
    need(reader.take(1) == b"\1", "version")
    need(reader.number(1) == KEY_TYPES[key_type], "key type", f"{key_type} is wanted")
    share = {"ring_id": reader.take(32), "trustee": reader.number(2), "share_epoch": reader.number(4), "scalars": {}}
    last = 0
    for _ in range(reader.number(1)):
        c = reader.number(1)
        need(c > last and c in NUMBERS[key_type].values(), "classes")
        last, share["scalars"][c] = c, scalar(reader.take(32))
    reader.end()
    return share


# ------------------------------------------------------------------------------------------------ partial decryption


def read_reply(data):
    """seal.md, "Reply plaintext": per class the elements' bytes, challenge and response."""
    reader, reply = Reader(data, "reply"), {}
    need(reader.take(1) == b"\1", "version")
    last = 0
    for _ in range(reader.number(1)):
        c, count = reader.number(1), reader.number(4)
        need(last < c in CLASSES.values() and 1 <= count <= MAX_RECORDS, "reply")
        last, reply[c] = c, ([reader.take(32) for _ in range(count)], scalar(reader.take(32)), scalar(reader.take(32)))
    reader.end()
    need(reply, "reply", "no classes")
    return reply


def partial_holds(context, trustee, share, c, us, reply):
    """seal.md, "Partial decryption": the proof over all records of one class; False for unusable elements too."""
    zs, given, response = reply
    if len(zs) != len(us):
        return False
    try:
        z_points = [element_not_identity(z) for z in zs]
    except Refused:
        return False
    t = S(
        "partial", SUITE, context["order"], context["ring_id"], bytes([c]), le(trustee, 2), le(context["share_epoch"], 4), encode_element(share),
        le(len(us), 4), *(part for u, z in zip(us, zs) for part in (u, z)),
    )
    u_sum = z_sum = IDENTITY
    for j, (u, z) in enumerate(zip(us, z_points)):
        at = 16 * (j % 4)
        weight = int.from_bytes(S("partial-weights", t, le(j // 4, 8))[at:at + 16], "little")
        u_sum, z_sum = add(u_sum, multiply(weight, element(u))), add(z_sum, multiply(weight, z))
    a = add(multiply(response, G), negate(multiply(given, share)))
    b = add(multiply(response, u_sum), negate(multiply(given, z_sum)))
    return wide_scalar(S("partial-challenge", t, *(encode_element(point) for point in (u_sum, z_sum, a, b)))) == given


def open_records(ring, epoch, order, records, replies):
    """seal.md, "Combining": contents by record and class, and the trustees that lied.

    `records` are (record, classes asked for, sigmas by class), `replies` by trustee. All proofs are checked, which tells the same as checking them
    when a commitment differs, and also names those who lied although t others sufficed.
    """
    context = {"order": order, "ring_id": ring["id"], "share_epoch": epoch["number"]}
    asked = {}
    for at, (_, classes, _) in enumerate(records):
        for c in classes:
            asked.setdefault(c, []).append(at)
    # A reply that is not for exactly the classes asked is unusable whole.
    liars = {trustee for trustee, reply in replies.items() if sorted(reply) != sorted(asked)}
    good = {c: {} for c in asked}
    for c, positions in asked.items():
        us = [records[at][0]["header"]["bytes"][0] for at in positions]
        for trustee, reply in replies.items():
            if trustee not in liars and partial_holds(context, trustee, epoch["shares"][c][trustee], c, us, reply[c]):
                good[c][trustee] = reply[c][0]
            else:
                liars.add(trustee)
    for c in asked:
        good[c] = {trustee: zs for trustee, zs in good[c].items() if trustee not in liars}
        need(len(good[c]) >= ring["t"][c], "too few", f"{len(good[c])} usable replies for {CLASS_NAMES[c]}, unusable {sorted(liars)}")
    opened = []
    for at, (record, classes, sigmas) in enumerate(records):
        contents = {}
        for c in classes:
            need(c in sigmas, "erased", CLASS_NAMES[c])
            chosen = sorted(good[c])[:ring["t"][c]]
            point = interpolate({i: element(good[c][i][asked[c].index(at)]) for i in chosen}, 0)
            contents[c] = open_entry(record, c, point, sigmas[c])
        opened.append(contents)
    return opened, liars


# ------------------------------------------------------------------------------------------------ envelopes


def open_envelope(data, context, identity, seed):
    """seal.md, "Envelope": the signature first, then HPKE."""
    need(len(data) >= hpke.ENCAPSULATION + 16 + 64, "length", "envelope")
    sealed, signature = data[:-64], data[-64:]
    info = F("envelope-info", context, D("transport-key", hpke.xwing_public_key(seed)))
    need(ed25519_verifies(identity, F("envelope-signature", info, D("envelope", sealed)), signature), "signature", "of the sender")
    return hpke.open_base(seed, sealed[:hpke.ENCAPSULATION], info, sealed[hpke.ENCAPSULATION:], "content")


def reply_context(order, ring_id, trustee, share_epoch):
    return F("reply", order, ring_id, le(trustee, 2), le(share_epoch, 4))
