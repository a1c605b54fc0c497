"""docs/formats/blind-index.md, "Evaluation": RFC 9497 on ristretto255 with SHA-512, base and verifiable mode, and the key shared among trustees."""

from . import gcm
from .edwards import (
    BASE, IDENTITY, add, element, element_not_identity, encode_element, from_uniform_bytes, multiply, scalar,
)
from .encoding import GROUP_ORDER, D, F, Reader, expand, extract, sha512, wide_scalar
from .refusal import Refused, need
from .seal import NUMBERS, interpolate

BASE_MODE, VERIFIABLE = 0, 1
MAX_BATCH = 1_000


def context(mode):
    return b"OPRFV1-" + bytes([mode]) + b"-ristretto255-SHA512"


def expand_message(message, tag):
    """RFC 9380 section 5.3.1, expand_message_xmd with SHA-512 for 64 bytes: one block."""
    tail = tag + bytes([len(tag)])
    first = sha512(bytes(128) + message + b"\0\x40\0" + tail)
    return sha512(first + b"\1" + tail)


def hash_to_group(mode, message):
    return from_uniform_bytes(expand_message(message, b"HashToGroup-" + context(mode)))


def hash_to_scalar(mode, message):
    return wide_scalar(expand_message(message, b"HashToScalar-" + context(mode)))


def prefixed(*values):
    return b"".join(len(value).to_bytes(2, "big") + value for value in values)


def finalize(message, blind, evaluated):
    """RFC 9497 section 3.3.1, Finalize."""
    unblinded = encode_element(multiply(pow(blind, -1, GROUP_ORDER), evaluated))
    return sha512(prefixed(message, unblinded) + b"Finalize")


def composites(mode, public, blinded, evaluated):
    """RFC 9497 section 2.2.1, ComputeComposites, over encoded elements."""
    seed = sha512(prefixed(public, b"Seed-" + context(mode)))
    m = z = IDENTITY
    for at, (c, d) in enumerate(zip(blinded, evaluated)):
        weight = hash_to_scalar(mode, prefixed(seed) + at.to_bytes(2, "big") + prefixed(c, d) + b"Composite")
        m, z = add(m, multiply(weight, element(c))), add(z, multiply(weight, element(d)))
    return m, z


def challenge(mode, public, *points):
    return hash_to_scalar(mode, prefixed(public, *(encode_element(point) for point in points)) + b"Challenge")


def prove(mode, key, public, blinded, evaluated, nonce):
    """RFC 9497 section 2.2.1, GenerateProof with a given nonce."""
    m, z = composites(mode, public, blinded, evaluated)
    c = challenge(mode, public, m, z, multiply(nonce, BASE), multiply(nonce, m))
    return c, (nonce - c * key) % GROUP_ORDER


def proof_holds(mode, public, blinded, evaluated, c, s):
    """RFC 9497 section 2.2.2, VerifyProof."""
    m, z = composites(mode, public, blinded, evaluated)
    t2 = add(multiply(s, BASE), multiply(c, element(public)))
    t3 = add(multiply(s, m), multiply(c, z))
    return challenge(mode, public, m, z, t2, t3) == c


# ------------------------------------------------------------------------------------------------ the blind index


def lookup_blind(salt, number, value):
    blind = wide_scalar(expand(extract(salt, value), F("lookup-blind", bytes([number])), 64))
    need(blind, "blind", "zero")
    return blind


def enrolment_blind(seed, number, record, value):
    blind = wide_scalar(expand(extract(seed, value), F("enrolment-blind", bytes([number]), record), 64))
    need(blind, "blind", "zero")
    return blind


def lookup_commitment(salt, number, value):
    return D("lookup", salt, bytes([number]), value)


def posting_key(token):
    return expand(extract(b"", token[16:]), F("posting-list"), 32)


def combine(ring, epoch, attribute, blinded, evaluations):
    """Combined elements from t good evaluations; refuses when a trustee lied although the others suffice, so that it is named."""
    number = NUMBERS["index"].get(attribute)
    need(number in ring["points"], "no key", attribute)
    need(1 <= len(blinded) <= MAX_BATCH, "count")
    for data in blinded:
        element_not_identity(data)
    good, liars = {}, []
    for evaluation in evaluations:
        trustee = evaluation["trustee"]
        need(trustee in epoch["shares"][number] and trustee not in good and trustee not in liars, "trustee", f"trustee {trustee}")
        if _evaluation_holds(epoch["shares"][number][trustee], blinded, evaluation):
            good[trustee] = [element(data) for data in evaluation["elements"]]
        else:
            liars.append(trustee)
    need(len(good) >= ring["t"][number], "too few", f"{len(good)} usable evaluations, unusable trustees {liars}")
    need(not liars, "lied", f"trustees {liars} lied")
    chosen = sorted(good)[:ring["t"][number]]
    return [interpolate({trustee: good[trustee][at] for trustee in chosen}, 0) for at in range(len(blinded))]


def _evaluation_holds(share, blinded, evaluation):
    if len(evaluation["elements"]) != len(blinded):
        return False
    try:
        for data in evaluation["elements"]:
            element_not_identity(data)
        c, s = scalar(evaluation["challenge"]), scalar(evaluation["response"])
    except Refused:
        return False
    return proof_holds(VERIFIABLE, encode_element(share), blinded, evaluation["elements"], c, s)


# ------------------------------------------------------------------------------------------------ posting lists

BUCKETS = (4, 16, 64, 256, 1024)


def seal_list(name, key, handles, salt):
    """blind-index.md, "Posting lists"."""
    bucket = next((bucket for bucket in BUCKETS if 1 <= len(handles) <= bucket), None)
    need(bucket, "count")
    plain = len(handles).to_bytes(2, "little") + b"".join(sorted(handles)) + bytes(32 * (bucket - len(handles)))
    return b"\1" + salt + gcm.seal(_list_key(name, key, salt), bytes(12), b"\1" + name, plain)


def open_list(name, key, data):
    need((len(data) - 51) % 32 == 0 and (len(data) - 51) // 32 in BUCKETS and data[0] == 1, "layout")
    salt = data[1:33]
    reader = Reader(gcm.open_(_list_key(name, key, salt), bytes(12), b"\1" + name, data[33:], "forged"), "posting list")
    count = reader.number(2)
    need(2 + 32 * count <= len(reader.data), "content")
    handles = [reader.take(32) for _ in range(count)]
    need(handles and handles == sorted(set(handles)) and not any(reader.data[reader.at:]), "content")
    need(seal_list(name, key, handles, salt) == data, "content")
    return handles


def _list_key(name, key, salt):
    return expand(extract(salt, key), F("posting-cipher", name), 32)
