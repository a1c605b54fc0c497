"""docs/formats/duress.md: letters of approvers to trustees, and what is drawn from their secret."""

from . import hpke
from .approval import check_signature, read_key, signed_line
from .encoding import D, F, parts
from .refusal import Refused, need

NAMESPACE, CONTENT, COVER = "duress@countersign", 4_096, 16
SHORT, LONG = (300, 1_200), (3_600, 21_600)


def drawn(secret, signed, kind):
    """duress.md, "What is drawn": the place of the right key, and for how many seconds the order is pending in any case."""
    right = parts("countersign/duress-key/v1", secret, signed)[0] & 1
    cover = parts("countersign/duress-cover/v1", secret, signed)
    least, most = SHORT if kind in ("emergency", "read") else LONG
    length = least + int.from_bytes(cover[1:3], "big") * (most - least) // 65_535
    return right, length if cover[0] % COVER == 0 else 0


def keys_digest(person):
    """None for everybody who is no approver with exactly two keys."""
    if "approver" not in person["roles"] or len(person["keys"]) != 2:
        return None
    return parts("countersign/duress-keys/v1", person["id"].encode(), *(key.encode() for key in person["keys"]))


def read_letter(content, custodian, genesis, trustee, people):
    """duress.md, "Content": the person whose letter it is."""
    need(len(content) == CONTENT and content[0] == 1, "layout")
    body, rest = content[:145], content[145:]
    signatures = []
    for _ in range(2):
        length = int.from_bytes(rest[:2], "little")
        need(len(rest) >= 2 + length, "layout")
        try:
            signatures.append(rest[2:2 + length].decode())
        except UnicodeDecodeError as error:
            raise Refused("layout", "a signature is no text") from error
        rest = rest[2 + length:]
    need(not any(rest), "layout", "padding")
    need(body[1:17] == custodian and body[17:49] == genesis and body[49:81] == trustee, "other trustee")
    found = [person for person in people if keys_digest(person) == body[81:113]]
    need(found, "not in force")
    line = signed_line("countersign/duress/v1", parts("countersign/duress/v1", body))
    for key, signature in zip(found[0]["keys"], signatures):
        try:
            check_signature(read_key(key), NAMESPACE, line, signature)
        except Refused as error:
            raise Refused("signature", str(error)) from error
    return found[0]["id"]


def open_letter(sealed, genesis, seed):
    need(len(sealed) == hpke.ENCAPSULATION + CONTENT + 16, "sealed", "length")
    info = F("envelope-info", F("duress-letter", genesis), D("transport-key", hpke.xwing_public_key(seed)))
    return hpke.open_base(seed, sealed[:hpke.ENCAPSULATION], info, sealed[hpke.ENCAPSULATION:], "sealed")
