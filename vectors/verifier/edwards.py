"""The curve edwards25519 and what stands on it: Ed25519 (RFC 8032) and ristretto255 (RFC 9496)."""

import functools

from .encoding import GROUP_ORDER, sha512
from .refusal import need

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)
IDENTITY = (0, 1, 1, 0)  # extended coordinates X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z


def add(a, b):
    """RFC 8032 section 5.1.4."""
    (x1, y1, z1, t1), (x2, y2, z2, t2) = a, b
    e, f = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = f - e, d - c, d + c, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def double(a):
    x, y, z, _ = a
    c = 2 * z * z
    xx, yy = x * x % P, y * y % P
    h = xx + yy
    e, g = h - (x + y) * (x + y), xx - yy
    f = c + g
    return e * f % P, g * h % P, f * g % P, e * h % P


def negate(a):
    x, y, z, t = a
    return -x % P, y, z, -t % P


def multiply(scalar, point):
    """scalar * point, four bits at a time. The scalar is not reduced, so it is right for points outside the prime group too."""
    table = [IDENTITY, point]
    while len(table) < 16:
        table.append(add(table[-1], point))
    result = IDENTITY
    for digit in f"{scalar:x}":
        if result is not IDENTITY:
            result = double(double(double(double(result))))
        result = add(result, table[int(digit, 16)])
    return result


def total(points):
    result = IDENTITY
    for point in points:
        result = add(result, point)
    return result


def same(a, b):
    """Equality of points of edwards25519."""
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


# ------------------------------------------------------------------------------------------------ Ed25519, RFC 8032


def decompress(data):
    """RFC 8032 section 5.1.3, canonical encodings only; None for anything else."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if len(data) != 32 or y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P != u:
        x = x * SQRT_M1 % P
    if v * x * x % P != u or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def compress(point):
    x, y, z, _ = point
    inverse = pow(z, -1, P)
    x, y = x * inverse % P, y * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = decompress((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def has_small_order(point):
    return same(double(double(double(point))), IDENTITY)


def ed25519_key(data, reason="malformed"):
    """A public key: canonical encoding, on the curve, not of small order (approval.md, "Keys")."""
    point = decompress(data)
    need(point is not None, reason, "not a canonical point of edwards25519")
    need(not has_small_order(point), reason, "a point of small order")
    return point


# Folders are read again and again with one file changed; what the same bytes verify to does not change.
@functools.lru_cache(maxsize=4096)
def ed25519_verifies(key, message, signature, strict=True):
    """RFC 8032 section 5.1.7 without the cofactor: S below the group order, R compared as bytes, the key not of small order. Strict: nor is R, as
    everywhere but in signed notes."""
    point, s = decompress(key), int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or point is None or s >= GROUP_ORDER or has_small_order(point):
        return False
    r = decompress(signature[:32])
    if strict and (r is None or has_small_order(r)):
        return False
    challenge = int.from_bytes(sha512(signature[:32] + key + message), "little") % GROUP_ORDER
    return compress(add(multiply(s, BASE), multiply(challenge, negate(point)))) == signature[:32]


# ------------------------------------------------------------------------------------------------ ristretto255, RFC 9496


def is_negative(x):
    return x & 1 == 1


def sqrt_ratio(u, v):
    """RFC 9496 section 4.2, SQRT_RATIO_M1: whether u/v is a square, and the root of u/v or of sqrt(-1) u/v."""
    r = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    check = v * r * r % P
    correct, flipped, flipped_i = check == u % P, check == -u % P, check == -u * SQRT_M1 % P
    if flipped or flipped_i:
        r = r * SQRT_M1 % P
    return correct or flipped, P - r if is_negative(r) else r


INVSQRT_A_MINUS_D = sqrt_ratio(1, (-1 - D) % P)[1]
SQRT_AD_MINUS_ONE = 25063068953384623474111414158702152701244531502492656460079210482610430750235
ONE_MINUS_D_SQ = (1 - D * D) % P
D_MINUS_ONE_SQ = (D - 1) * (D - 1) % P


def element(data, reason="encoding"):
    """RFC 9496 section 4.3.1, Decode; the identity is decoded too."""
    s = int.from_bytes(data, "little")
    need(len(data) == 32 and s < P and not is_negative(s), reason, "not a canonical element")
    ss = s * s % P
    u1, u2 = (1 - ss) % P, (1 + ss) % P
    v = (-D * u1 * u1 - u2 * u2) % P
    was_square, root = sqrt_ratio(1, v * u2 * u2 % P)
    x_den = root * u2 % P
    y_den = root * x_den * v % P
    x = 2 * s * x_den % P
    x = P - x if is_negative(x) else x
    y = u1 * y_den % P
    t = x * y % P
    need(was_square and not is_negative(t) and y != 0, reason, "not a canonical element")
    return x, y, 1, t


def element_not_identity(data, reason="identity"):
    point = element(data)
    need(any(data), reason, "the element is the identity")
    return point


def encode_element(point):
    """RFC 9496 section 4.3.2, Encode."""
    x0, y0, z0, t0 = point
    u1, u2 = (z0 + y0) * (z0 - y0) % P, x0 * y0 % P
    _, root = sqrt_ratio(1, u1 * u2 * u2 % P)
    den1, den2 = root * u1 % P, root * u2 % P
    z_inv = den1 * den2 * t0 % P
    if is_negative(t0 * z_inv % P):
        x, y, den_inv = y0 * SQRT_M1 % P, x0 * SQRT_M1 % P, den1 * INVSQRT_A_MINUS_D % P
    else:
        x, y, den_inv = x0, y0, den2
    if is_negative(x * z_inv % P):
        y = -y % P
    s = den_inv * (z0 - y) % P
    return (P - s if is_negative(s) else s).to_bytes(32, "little")


def same_element(a, b):
    """RFC 9496 section 4.3.3, Equals."""
    return (a[0] * b[1] - a[1] * b[0]) % P == 0 or (a[1] * b[1] - a[0] * b[0]) % P == 0


def is_identity(point):
    return same_element(point, IDENTITY)


def from_uniform_bytes(data):
    """RFC 9496 section 4.3.4: the one-way map over 64 bytes."""
    return add(_map(data[:32]), _map(data[32:]))


def _map(data):
    t = int.from_bytes(data, "little") % 2**255 % P
    r = SQRT_M1 * t * t % P
    u, v = (r + 1) * ONE_MINUS_D_SQ % P, (-1 - r * D) * (r + D) % P
    was_square, s = sqrt_ratio(u, v)
    s_prime = s * t % P
    s_prime = s_prime if not is_negative(s_prime) else P - s_prime
    s_prime = -s_prime % P
    s, c = (s, -1 % P) if was_square else (s_prime, r)
    n = (c * (r - 1) * D_MINUS_ONE_SQ - v) % P
    w0, w1, w2, w3 = 2 * s * v % P, n * SQRT_AD_MINUS_ONE % P, (1 - s * s) % P, (1 + s * s) % P
    return w0 * w3 % P, w2 * w1 % P, w1 * w3 % P, w0 * w2 % P


def scalar(data, reason="scalar"):
    """RFC 9496 section 4.4: 32 bytes, little-endian, below the group order."""
    number = int.from_bytes(data, "little")
    need(len(data) == 32 and number < GROUP_ORDER, reason, "not a canonical scalar")
    return number
