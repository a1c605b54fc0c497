"""AES-256-GCM: FIPS 197 and SP 800-38D, with nonces of 12 bytes."""

from .refusal import need


def _sbox():
    """FIPS 197 section 5.1.1: inversion in GF(2^8), then the affine map."""
    box, p, q = [0] * 256, 1, 1
    while True:
        p = p ^ (p << 1 & 0xFF) ^ (0x1B if p & 0x80 else 0)
        q ^= q << 1
        q ^= q << 2
        q = (q ^ q << 4) & 0xFF
        q ^= 0x09 if q & 0x80 else 0
        rotated = q ^ (q << 1 | q >> 7) ^ (q << 2 | q >> 6) ^ (q << 3 | q >> 5) ^ (q << 4 | q >> 4)
        box[p] = rotated & 0xFF ^ 0x63
        if p == 1:
            break
    box[0] = 0x63
    return box


SBOX = _sbox()
DOUBLE = [x << 1 & 0xFF ^ (0x1B if x & 0x80 else 0) for x in range(256)]


def key_schedule(key):
    """FIPS 197 section 5.2 for 256-bit keys: 15 round keys of 16 bytes."""
    words, constant = [key[at:at + 4] for at in range(0, 32, 4)], 1
    for at in range(8, 60):
        word = words[-1]
        if at % 8 == 0:
            word = bytes(SBOX[b] for b in word[1:] + word[:1])
            word = bytes([word[0] ^ constant]) + word[1:]
            constant = DOUBLE[constant]
        elif at % 8 == 4:
            word = bytes(SBOX[b] for b in word)
        words.append(bytes(a ^ b for a, b in zip(word, words[-8])))
    return [b"".join(words[at:at + 4]) for at in range(0, 60, 4)]


def encrypt_block(schedule, block):
    state = [a ^ b for a, b in zip(block, schedule[0])]
    for number, round_key in enumerate(schedule[1:], 1):
        # SubBytes and ShiftRows: byte (row, column) comes from column + row.
        state = [SBOX[state[(at + 4 * (at % 4)) % 16]] for at in range(16)]
        if number < 14:
            mixed = []
            for column in range(0, 16, 4):
                a, b, c, d = state[column:column + 4]
                every = a ^ b ^ c ^ d
                mixed += [a ^ every ^ DOUBLE[a ^ b], b ^ every ^ DOUBLE[b ^ c], c ^ every ^ DOUBLE[c ^ d], d ^ every ^ DOUBLE[d ^ a]]
            state = mixed
        state = [a ^ b for a, b in zip(state, round_key)]
    return bytes(state)


def _ghash(h, data):
    """SP 800-38D section 6.4: polynomials over GF(2), the first bit being the coefficient of x^0."""
    table, y = [], h
    for _ in range(128):
        table.append(y)
        y = y >> 1 ^ (0xE1 << 120 if y & 1 else 0)
    result = 0
    for at in range(0, len(data), 16):
        block = result ^ int.from_bytes(data[at:at + 16], "big")
        result = 0
        for bit in range(128):
            if block >> 127 - bit & 1:
                result ^= table[bit]
    return result.to_bytes(16, "big")


def _pad(data):
    return data + bytes(-len(data) % 16)


def _process(key, nonce, aad, data, encrypting):
    schedule = key_schedule(key)
    h = int.from_bytes(encrypt_block(schedule, bytes(16)), "big")
    stream = b"".join(encrypt_block(schedule, nonce + (at + 2).to_bytes(4, "big")) for at in range((len(data) + 15) // 16))
    out = bytes(a ^ b for a, b in zip(data, stream))
    ciphertext = out if encrypting else data
    lengths = (8 * len(aad)).to_bytes(8, "big") + (8 * len(data)).to_bytes(8, "big")
    tag = _ghash(h, _pad(aad) + _pad(ciphertext) + lengths)
    return out, bytes(a ^ b for a, b in zip(tag, encrypt_block(schedule, nonce + b"\0\0\0\1")))


def seal(key, nonce, aad, plaintext):
    """Ciphertext and tag."""
    return b"".join(_process(key, nonce, aad, plaintext, True))


def open_(key, nonce, aad, data, reason):
    need(len(data) >= 16, reason, "shorter than a tag")
    plaintext, tag = _process(key, nonce, aad, data[:-16], False)
    need(tag == data[-16:], reason, "the tag does not fit")
    return plaintext
