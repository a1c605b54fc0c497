"""ECDSA over P-256 (FIPS 186-5, curve of SP 800-186): points and verification."""

from .refusal import need

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def point(data, reason="malformed"):
    """SEC 1 section 2.3.4: uncompressed (04) or compressed (02, 03); never the point at infinity."""
    need(len(data) in (33, 65), reason, "not a SEC 1 point")
    x = int.from_bytes(data[1:33], "big")
    square = (x**3 - 3 * x + B) % P
    if len(data) == 65:
        y = int.from_bytes(data[33:], "big")
        need(data[0] == 4 and x < P and y < P and y * y % P == square, reason, "not a point of P-256")
        return x, y
    y = pow(square, (P + 1) // 4, P)
    need(data[0] in (2, 3) and x < P and y * y % P == square, reason, "not a point of P-256")
    return x, y if y & 1 == data[0] & 1 else P - y


def add(a, b):
    """Affine addition, None being the point at infinity."""
    if a is None or b is None:
        return b if a is None else a
    (x1, y1), (x2, y2) = a, b
    if x1 == x2:
        if (y1 + y2) % P == 0:
            return None
        slope = (3 * x1 * x1 - 3) * pow(2 * y1, -1, P) % P
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, P) % P
    x = (slope * slope - x1 - x2) % P
    return x, (slope * (x1 - x) - y1) % P


def multiply(scalar, a):
    result = None
    for bit in f"{scalar:b}":
        result = add(result, result)
        if bit == "1":
            result = add(result, a)
    return result


def ecdsa_verifies(key, digest, r, s):
    """FIPS 186-5 section 6.4.2; `digest` is the SHA-256 of the message; r and s are from 1 to N - 1; s and N - s are both accepted."""
    inverse = pow(s, -1, N)
    sum_ = add(multiply(int.from_bytes(digest, "big") * inverse % N, G), multiply(r * inverse % N, key))
    return sum_ is not None and sum_[0] % N == r
