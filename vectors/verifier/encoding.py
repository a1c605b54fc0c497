"""Hexadecimal, base64, lengths and the hashes that docs/formats share."""

import base64
import binascii
import hashlib
import hmac
import re

from .refusal import Refused, need

GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493


def sha256(data):
    return hashlib.sha256(data).digest()


def sha512(data):
    return hashlib.sha512(data).digest()


def hex_bytes(text, length=None, reason="malformed"):
    """Lower-case hexadecimal (README.md and canonical-json.md of docs/formats)."""
    need(isinstance(text, str) and re.fullmatch(r"(?:[0-9a-f]{2})*", text), reason, "not lower-case hexadecimal")
    data = bytes.fromhex(text)
    need(length is None or len(data) == length, reason, f"{len(data)} bytes instead of {length}")
    return data


def base64_bytes(text, reason="malformed"):
    """RFC 4648 section 4 with padding, unused bits zero."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise Refused(reason, f"not base64: {error}") from error
    need(base64.b64encode(data).decode() == text, reason, "base64 in another spelling")
    return data


def base64url_bytes(text, reason="malformed"):
    """RFC 4648 section 5 without padding, unused bits zero."""
    need(re.fullmatch(r"[A-Za-z0-9_-]*", text) and len(text) % 4 != 1, reason, "not base64url without padding")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    need(base64url(data) == text, reason, "base64url in another spelling")
    return data


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def le(number, size):
    """A number as `size` bytes, little-endian."""
    return number.to_bytes(size, "little")


def parts(domain, *values):
    """canonical-json.md: SHA-256 over the domain and each part, each preceded by its length as u64 little-endian."""
    return sha256(framed(domain.encode(), *values))


def framed(*values):
    return b"".join(le(len(value), 8) + value for value in values)


# ------------------------------------------------------------------------------------------------ seal.md, "Hashes"


def F(name, *values):
    return framed(b"countersign/seal/v1/" + name.encode(), *values)


def D(name, *values):
    return hashlib.new("sha512_256", F(name, *values)).digest()


def S(name, *values):
    return sha512(F(name, *values))


def wide_scalar(data):
    """64 bytes as a little-endian number modulo the group order."""
    return int.from_bytes(data, "little") % GROUP_ORDER


def extract(salt, material):
    """HKDF-Extract with SHA-512, RFC 5869 section 2.2."""
    return hmac.digest(salt, material, "sha512")


def expand(key, info, length):
    """HKDF-Expand with SHA-512, RFC 5869 section 2.3."""
    out, block, counter = b"", b"", 1
    while len(out) < length:
        block = hmac.digest(key, block + info + bytes([counter]), "sha512")
        out, counter = out + block, counter + 1
    return out[:length]


class Reader:
    """Takes fields off a byte string; whatever is missing or left over is a refusal."""

    def __init__(self, data, what):
        self.data, self.at, self.what = data, 0, what

    def take(self, count):
        need(self.at + count <= len(self.data), "length", f"{self.what}: bytes missing")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, count):
        return int.from_bytes(self.take(count), "little")

    def ssh_string(self):
        """RFC 4251 section 5: a u32 big-endian length and the bytes."""
        return self.take(int.from_bytes(self.take(4), "big"))

    def end(self):
        need(self.at == len(self.data), "length", f"{self.what}: {len(self.data) - self.at} bytes behind the end")
