"""HPKE base mode (RFC 9180) with the KEM X-Wing (draft-connolly-cfrg-xwing-kem), HKDF-SHA512 and AES-256-GCM: the recipient's side."""

import hashlib

from . import gcm
from .encoding import expand, extract
from .refusal import need

SUITE = b"HPKE" + (0x647A).to_bytes(2, "big") + (0x0003).to_bytes(2, "big") + (0x0002).to_bytes(2, "big")
ENCAPSULATION, PUBLIC_KEY = 1_120, 1_216


def open_base(seed, encapsulation, info, ciphertext, reason):
    """RFC 9180 section 5.1 with mode 0, no psk, empty aad, first message."""
    shared = xwing_decapsulate(seed, encapsulation)
    context = b"\0" + _labeled_extract(b"", b"psk_id_hash", b"") + _labeled_extract(b"", b"info_hash", info)
    secret = _labeled_extract(shared, b"secret", b"")
    key, nonce = _labeled_expand(secret, b"key", context, 32), _labeled_expand(secret, b"base_nonce", context, 12)
    return gcm.open_(key, nonce, b"", ciphertext, reason)


def _labeled_extract(salt, label, material):
    """RFC 9180 section 4."""
    return extract(salt, b"HPKE-v1" + SUITE + label + material)


def _labeled_expand(secret, label, info, length):
    return expand(secret, length.to_bytes(2, "big") + b"HPKE-v1" + SUITE + label + info, length)


# ------------------------------------------------------------------------------------------------ X-Wing


def _expand_seed(seed):
    material = hashlib.shake_256(seed).digest(96)
    return material[:32], material[32:64], material[64:]


def xwing_public_key(seed):
    d, _, scalar = _expand_seed(seed)
    return mlkem_keys(d)[0] + x25519(scalar, BASE)


def usable_key(key):
    """FIPS 203 section 7.2: every coefficient of the ML-KEM part is below the modulus."""
    return len(key) == PUBLIC_KEY and all(x < Q for at in range(K) for x in _decode(key[384 * at:384 * (at + 1)], 12))


def xwing_decapsulate(seed, encapsulation):
    need(len(encapsulation) == ENCAPSULATION, "length", "encapsulation")
    d, z, scalar = _expand_seed(seed)
    to_mlkem, to_x25519 = encapsulation[:1_088], encapsulation[1_088:]
    shared = mlkem_decapsulate(d, z, to_mlkem) + x25519(scalar, to_x25519) + to_x25519 + x25519(scalar, BASE)
    return hashlib.sha3_256(shared + rb"\.//^" + b"\\").digest()


# ------------------------------------------------------------------------------------------------ X25519, RFC 7748

P25519 = 2**255 - 19
BASE = (9).to_bytes(32, "little")


def x25519(scalar, u):
    """RFC 7748 section 5: the Montgomery ladder."""
    k = int.from_bytes(scalar, "little") & ~7 & (1 << 255) - 1 | 1 << 254
    x1 = int.from_bytes(u, "little") & (1 << 255) - 1
    x2, z2, x3, z3 = 1, 0, x1, 1
    for bit in range(254, -1, -1):
        if k >> bit & 1:
            x2, z2, x3, z3 = x3, z3, x2, z2
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a, b * b, d * a, c * b
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % P25519, x1 * (da - cb) ** 2 % P25519
        x2, z2 = aa * bb % P25519, e * (aa + 121_665 * e) % P25519
        if k >> bit & 1:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return (x2 * pow(z2, P25519 - 2, P25519) % P25519).to_bytes(32, "little")


# ------------------------------------------------------------------------------------------------ ML-KEM-768, FIPS 203

Q, K, DU, DV = 3_329, 3, 10, 4
ZETAS = [pow(17, int(f"{at:07b}"[::-1], 2), Q) for at in range(128)]
GAMMAS = [pow(17, 2 * int(f"{at:07b}"[::-1], 2) + 1, Q) for at in range(128)]


def _ntt(f):
    """Algorithm 9."""
    f, at, length = list(f), 1, 128
    while length >= 2:
        for start in range(0, 256, 2 * length):
            zeta, at = ZETAS[at], at + 1
            for j in range(start, start + length):
                t = zeta * f[j + length]
                f[j], f[j + length] = (f[j] + t) % Q, (f[j] - t) % Q
        length //= 2
    return f


def _inverse_ntt(f):
    """Algorithm 10."""
    f, at, length = list(f), 127, 2
    while length <= 128:
        for start in range(0, 256, 2 * length):
            zeta, at = ZETAS[at], at - 1
            for j in range(start, start + length):
                t = f[j]
                f[j], f[j + length] = (t + f[j + length]) % Q, zeta * (f[j + length] - t) % Q
        length *= 2
    return [x * 3_303 % Q for x in f]


def _product(f, g):
    """Algorithms 11 and 12."""
    h = []
    for at, gamma in enumerate(GAMMAS):
        a0, a1, b0, b1 = f[2 * at], f[2 * at + 1], g[2 * at], g[2 * at + 1]
        h += [(a0 * b0 + a1 * b1 * gamma) % Q, (a0 * b1 + a1 * b0) % Q]
    return h


def _sum(*polynomials):
    return [sum(column) % Q for column in zip(*polynomials)]


def _inner(row, vector):
    return _sum(*(_product(a, b) for a, b in zip(row, vector)))


def _sample_ntt(seed):
    """Algorithm 7."""
    stream, out = hashlib.shake_128(seed).digest(3 * 1_024), []
    for at in range(0, len(stream), 3):
        a, b, c = stream[at:at + 3]
        out += [d for d in (a + 256 * (b % 16), b // 16 + 16 * c) if d < Q]
    return out[:256]


def _noise(seed, nonce):
    """Algorithm 8 with eta = 2 over PRF = SHAKE256."""
    bits = int.from_bytes(hashlib.shake_256(seed + bytes([nonce])).digest(128), "little")
    return [((bits >> 4 * at & 1) + (bits >> 4 * at + 1 & 1) - (bits >> 4 * at + 2 & 1) - (bits >> 4 * at + 3 & 1)) % Q for at in range(256)]


def _encode(polynomial, width):
    """Algorithm 5."""
    return sum(x << width * at for at, x in enumerate(polynomial)).to_bytes(32 * width, "little")


def _decode(data, width):
    """Algorithm 6."""
    number, mask = int.from_bytes(data, "little"), (1 << width) - 1
    return [number >> width * at & mask for at in range(256)]


def _compress(polynomial, width):
    """Section 4.2.1, rounding half up."""
    return [((x << width) + Q // 2) // Q % (1 << width) for x in polynomial]


def _decompress(polynomial, width):
    return [(x * Q + (1 << width - 1)) >> width for x in polynomial]


def _matrix(rho):
    return [[_sample_ntt(rho + bytes([j, i])) for j in range(K)] for i in range(K)]


def mlkem_keys(d):
    """Algorithm 13: encapsulation key and the secret vector in NTT form."""
    material = hashlib.sha3_512(d + bytes([K])).digest()
    rho, sigma = material[:32], material[32:]
    s = [_ntt(_noise(sigma, at)) for at in range(K)]
    e = [_ntt(_noise(sigma, K + at)) for at in range(K)]
    t = [_sum(_inner(row, s), e[at]) for at, row in enumerate(_matrix(rho))]
    return b"".join(_encode(polynomial, 12) for polynomial in t) + rho, s


def _mlkem_encrypt(key, message, randomness):
    """Algorithm 14."""
    t, rho = [_decode(key[384 * at:384 * (at + 1)], 12) for at in range(K)], key[384 * K:]
    matrix = _matrix(rho)
    y = [_ntt(_noise(randomness, at)) for at in range(K)]
    u = [_sum(_inverse_ntt(_inner([row[at] for row in matrix], y)), _noise(randomness, K + at)) for at in range(K)]
    v = _sum(_inverse_ntt(_inner(t, y)), _noise(randomness, 2 * K), _decompress(_decode(message, 1), 1))
    return b"".join(_encode(_compress(polynomial, DU), DU) for polynomial in u) + _encode(_compress(v, DV), DV)


def mlkem_decapsulate(d, z, ciphertext):
    """Algorithm 18, with implicit rejection."""
    key, s = mlkem_keys(d)
    u = [_decompress(_decode(ciphertext[320 * at:320 * (at + 1)], DU), DU) for at in range(K)]
    v = _decompress(_decode(ciphertext[320 * K:], DV), DV)
    noisy = _inverse_ntt(_inner(s, [_ntt(polynomial) for polynomial in u]))
    message = _encode(_compress([(a - b) % Q for a, b in zip(v, noisy)], 1), 1)
    material = hashlib.sha3_512(message + hashlib.sha3_256(key).digest()).digest()
    if _mlkem_encrypt(key, message, material[32:]) == ciphertext:
        return material[:32]
    return hashlib.shake_256(z + ciphertext).digest(32)
