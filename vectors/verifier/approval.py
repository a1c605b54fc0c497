"""docs/formats/approval.md: keys, signature forms (plain Ed25519, SSHSIG, passkey) and what an approval signs."""

import re

from . import p256
from .canonical import members, parse, read, seconds, string
from .edwards import ed25519_key, ed25519_verifies
from .encoding import Reader, base64_bytes, base64url, base64url_bytes, hex_bytes, parts, sha256, sha512
from .refusal import Refused, need

NAMESPACE = "approval@countersign"
CONTROL_NAMESPACE = "control@countersign"
CONSENT_NAMESPACE = "consent@countersign"
SK_ED25519, SK_ECDSA = "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"
PRESENT, VERIFIED, ATTESTED, EXTENSIONS = 0x01, 0x04, 0x40, 0x80


# ------------------------------------------------------------------------------------------------ what is signed


def signed_line(label, digest):
    """canonical-json.md, "Signed lines"."""
    return f"{label} {digest.hex()}\n".encode()


def approval_line(approval):
    """approval.md, "What is signed"."""
    digest = parts(
        "countersign/approval/v1", bytes.fromhex(approval["order"]), approval["approver"].encode(), approval["role"].encode(),
        approval["verdict"].encode(), str(seconds(approval["at"])).encode(),
    )
    return signed_line("countersign/approval/v1", digest)


def consent_line(consent):
    """reading.md, "Consent"."""
    digest = parts("countersign/consent/v1", bytes.fromhex(consent["order"]), str(seconds(consent["at"])).encode())
    return signed_line("countersign/consent/v1", digest)


def client_key_digest(key):
    """label.md, "client key digest"."""
    return parts("countersign/client-key/v1", key.encode())


def control_line(body):
    return signed_line("countersign/control/v1", parts("countersign/control/v1", body.encode()))


# ------------------------------------------------------------------------------------------------ keys


def read_key(text):
    """approval.md, "Keys": a dictionary with `form`, `public` and what the form needs."""
    need(len(text.encode()) <= 1_024, "malformed", "key above 1,024 bytes")
    words = text.split(" ")
    if words[0] == "ed25519" and len(words) == 2:
        data = hex_bytes(words[1], 32)
        ed25519_key(data)
        return {"form": "ed25519", "public": data}
    if words[0] == "passkey" and len(words) == 5:
        return _passkey_key(*words[1:])
    need(len(words) == 2 and words[0] in ("ssh-ed25519", "ecdsa-sha2-nistp256", SK_ED25519, SK_ECDSA), "malformed", "not a key")
    return _ssh_key(words[0], base64_bytes(words[1]))


def _ssh_key(algorithm, blob):
    """OpenSSH public keys: RFC 8709 section 4, RFC 5656 section 3.1, PROTOCOL.u2f."""
    key, reader = {"form": algorithm, "blob": blob}, _SshReader(blob)
    need(reader.ssh_string() == algorithm.encode(), "malformed", "the blob names another algorithm")
    if algorithm in ("ssh-ed25519", SK_ED25519):
        key["public"] = reader.ssh_string()
        ed25519_key(key["public"])
    else:
        need(reader.ssh_string() == b"nistp256", "malformed", "another curve")
        point = reader.ssh_string()
        need(len(point) == 65, "malformed", "not an uncompressed point")
        key["public"] = p256.point(point)
    if algorithm in (SK_ED25519, SK_ECDSA):
        key["application"] = reader.ssh_string()
        need(1 <= len(key["application"]) <= 128, "malformed", "application of 1 to 128 bytes")
    reader.end()
    return key


class _SshReader(Reader):
    """Whatever is missing or left over in an SSH blob is malformed."""

    def __init__(self, data):
        super().__init__(data, "ssh blob")

    def take(self, count):
        need(self.at + count <= len(self.data), "malformed", "ssh blob: bytes missing")
        return super().take(count)

    def end(self):
        need(self.at == len(self.data), "malformed", "ssh blob: bytes behind the end")


def _passkey_key(rp_id, origin, algorithm, public):
    label = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
    need(len(rp_id) <= 253 and re.fullmatch(rf"{label}(?:\.{label})*", rp_id), "malformed", "rpId")
    match = re.fullmatch(rf"(https?)://({label}(?:\.{label})*)(?::([1-9][0-9]{{0,4}}))?", origin)
    need(match, "malformed", "origin")
    scheme, host, port = match[1], match[2], match[3]
    need(host == rp_id or host.endswith("." + rp_id), "malformed", "the origin is of another host")
    need(scheme == "https" or rp_id == "localhost", "malformed", "the origin is not https")
    need(port is None or (int(port) <= 65_535 and int(port) != {"https": 443, "http": 80}[scheme]), "malformed", "port")
    key = {"form": "passkey", "rp_id": rp_id, "origin": origin, "algorithm": algorithm}
    if algorithm == "es256":
        key["public"] = p256.point(hex_bytes(public, 33))
    else:
        need(algorithm == "eddsa", "malformed", "algorithm of the passkey")
        key["public"] = hex_bytes(public, 32)
        ed25519_key(key["public"])
    return key


# ------------------------------------------------------------------------------------------------ signatures


def check_signature(key, namespace, message, signature):
    """approval.md, "Signature forms": refuses as `malformed`, `mismatch` or `wrong`."""
    need(len(signature.encode()) <= 12 * 1024, "malformed", "signature above 12 KiB")
    if key["form"] == "ed25519":
        data = base64_bytes(signature)
        need(len(data) == 64, "malformed", "not 64 bytes")
        need(ed25519_verifies(key["public"], message, data), "wrong")
    elif key["form"] == "passkey":
        _check_passkey(key, message, signature)
    else:
        _check_sshsig(key, namespace, message, signature)


def _check_sshsig(key, namespace, message, signature):
    """OpenSSH PROTOCOL.sshsig, with the requirements of the page's table."""
    reader = _SshReader(base64_bytes(signature))
    need(reader.take(6) == b"SSHSIG" and reader.take(4) == b"\0\0\0\1", "malformed", "magic and version")
    blob, named, reserved, hash_name = (reader.ssh_string() for _ in range(4))
    inner = _SshReader(reader.ssh_string())
    reader.end()
    need(reserved == b"" and hash_name in (b"sha512", b"sha256"), "malformed", "reserved field or hash algorithm")
    need(blob == key["blob"], "mismatch", "another key")
    need(named == namespace.encode(), "mismatch", "another namespace")
    need(inner.ssh_string() == key["form"].encode(), "malformed", "the signature is of another algorithm")
    value = inner.ssh_string()
    hashed = (sha512 if hash_name == b"sha512" else sha256)(message)
    data = b"SSHSIG" + b"".join(len(part).to_bytes(4, "big") + part for part in (named, reserved, hash_name, hashed))
    if "application" in key:
        flags_and_counter = inner.take(5)
        flags = flags_and_counter[0]
    inner.end()
    numbers = _ed25519_signature(value) if key["form"] in ("ssh-ed25519", SK_ED25519) else _ecdsa_numbers(value)
    if "application" in key:
        need(not flags & (ATTESTED | EXTENSIONS), "malformed", "flags of a security key")
        need(flags & PRESENT and flags & VERIFIED, "mismatch", "not touched or user not verified")
        data = sha256(key["application"]) + flags_and_counter + sha256(data)
    if isinstance(numbers, bytes):
        need(ed25519_verifies(key["public"], data, numbers), "wrong")
    else:
        need(p256.ecdsa_verifies(key["public"], sha256(data), *numbers), "wrong")


def _ed25519_signature(value):
    need(len(value) == 64, "malformed", "not 64 bytes")
    return value


def _ecdsa_numbers(value):
    """RFC 5656 section 3.1.2: r and s as mpints (RFC 4251 section 5), positive and in the shortest spelling."""
    reader = _SshReader(value)
    numbers = [_positive(reader.ssh_string()) for _ in range(2)]
    reader.end()
    return numbers


def _positive(data):
    """Two's complement, big-endian, at most 32 bytes of number, from 1 to n - 1."""
    need(data and data[0] < 0x80, "malformed", "not positive")
    need(data[0] or (len(data) > 1 and data[1] >= 0x80), "malformed", "not in the shortest spelling")
    number = int.from_bytes(data, "big")
    need(0 < number < p256.N, "malformed", "not from 1 to n - 1")
    return number


# ------------------------------------------------------------------------------------------------ passkeys

PASSKEY_SIGNATURE = members(("authenticatorData", string), ("clientDataJSON", string), ("signature", string))


def _check_passkey(key, message, signature):
    try:
        document = read(base64url_bytes(signature), 12 * 1024, PASSKEY_SIGNATURE)
    except Refused as error:
        raise Refused("malformed", str(error)) from error
    authenticator, client, value = (base64url_bytes(document[name]) for name in ("authenticatorData", "clientDataJSON", "signature"))
    need(len(authenticator) == 37 and not authenticator[32] & (ATTESTED | EXTENSIONS), "malformed", "authenticator data")
    client_data = _client_data(client)
    if key["algorithm"] == "es256":
        numbers = _der_numbers(value)
    else:
        need(len(value) == 64, "malformed", "not 64 bytes")
    flags = authenticator[32]
    need(authenticator[:32] == sha256(key["rp_id"].encode()), "mismatch", "another relying party")
    need(flags & PRESENT and flags & VERIFIED, "mismatch", "user not present or not verified")
    line = re.fullmatch(rb"[^ \n]+ ([0-9a-f]{64})\n", message)
    need(line, "mismatch", "the message is not a line with a digest")
    need(client_data.get("type") == "webauthn.get", "mismatch", "type")
    need(client_data.get("challenge") == base64url(bytes.fromhex(line[1].decode())), "mismatch", "challenge")
    need(client_data.get("origin") == key["origin"], "mismatch", "origin")
    need(client_data.get("crossOrigin", False) is False and "topOrigin" not in client_data, "mismatch", "inside another page")
    signed = authenticator + sha256(client)
    if key["algorithm"] == "es256":
        need(p256.ecdsa_verifies(key["public"], sha256(signed), *numbers), "wrong")
    else:
        need(ed25519_verifies(key["public"], signed, value), "wrong")


def _client_data(data):
    """At most 4 KiB, one JSON object, each member once, names compared after unescaping."""
    need(len(data) <= 4 * 1024, "malformed", "client data above 4 KiB")
    _, value = parse(data)
    need(isinstance(value, dict), "malformed", "client data is not an object")
    return value


def _der_numbers(data):
    """X.690: SEQUENCE of two INTEGERs, lengths and numbers in their shortest spelling."""
    def take(data, tag):
        need(len(data) >= 2 and data[0] == tag and data[1] < 0x80 and len(data) >= 2 + data[1], "malformed", "not DER")
        return data[2:2 + data[1]], data[2 + data[1]:]

    content, rest = take(data, 0x30)
    r, content = take(content, 0x02)
    s, content = take(content, 0x02)
    need(not rest and not content, "malformed", "bytes behind the signature")
    return _positive(r), _positive(s)


# ------------------------------------------------------------------------------------------------ armour


def unarmour(text):
    """The signature of a file that `ssh-keygen -Y sign` wrote (approval.md, "SSHSIG")."""
    match = re.fullmatch(r"-----BEGIN SSH SIGNATURE-----\n((?:[A-Za-z0-9+/=]{70}\n)*[A-Za-z0-9+/=]{1,70}\n)-----END SSH SIGNATURE-----\n?", text)
    need(match, "malformed", "armour")
    signature = match[1].replace("\n", "")
    base64_bytes(signature)
    return signature
