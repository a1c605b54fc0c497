"""docs/formats/blind-index.md, "Normal forms": the one spelling of a value under which a client is indexed and looked up."""

import datetime
import re
import string
import unicodedata

from .canonical import STATES
from .encoding import sha256
from .refusal import need

MOST = 1_024
DOCUMENTS = "ARNU CCPT RAID DRLC FIIN TXID SOCS IDCD LEIX MISC".split()
DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
APOSTROPHES = "'`\u00b4\u00b7\u02b9\u02ba\u02bb\u02bc\u02bd\u02be\u02bf\u2018\u2019\u201a\u201b\u2032\u05f3"
LETTERS = {
    **dict(zip("ßæðøþđħıĸłŋœŧƒƙƴɓɔɖɗəɛɲ", "ss ae d oe th d h i q l n oe t f k y b o d d e e n".split())),
    **dict(zip("αβγδεζηθικλμνξοπρςστυφχψω", "a v g d e z i th i k l m n x o p r s s t y f ch ps o".split())),
    **dict(zip("абвгдежзиклмнопрстуфхцчшщъыэюя",
               "a b v g d e zh z i k l m n o p r s t u f kh ts ch sh shch ie y e iu ia".split())),
    "ь": "",
    **dict(zip("ђєѕіјљњћџґғқңүұҳҷһәө", "d ie dz i j lj nj c dz g g k n u u h j h a o".split())),
}


def _ranges(*pairs):
    return {chr(at) for first, last in pairs for at in range(first, last + 1)}


INVISIBLE = _ranges((0xAD, 0xAD), (0x61C, 0x61C), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF))
MARKS = _ranges(
    (0x300, 0x36F), (0x591, 0x5BD), (0x5BF, 0x5BF), (0x5C1, 0x5C2), (0x5C4, 0x5C5), (0x5C7, 0x5C7), (0x640, 0x640), (0x64B, 0x65F), (0x670, 0x670))
SEPARATORS = set(string.punctuation) | set(DASHES) | _ranges(
    (0xA1, 0xBF), (0x5BE, 0x5BE), (0x5F4, 0x5F4), (0x2016, 0x2027), (0x2030, 0x205E), (0x3000, 0x303F), (0x30FB, 0x30FB))


def normal_form(attribute, given):
    """The text that is blinded."""
    need(sum(len(_flat(value).encode()) for value in given.values()) <= MOST, "too long")
    text = FORMS[attribute](**given)
    need(len(text.encode()) <= MOST, "too long")
    return text


def _flat(value):
    return value if isinstance(value, str) else " ".join(value)


def _latin(letter):
    return letter if letter in string.ascii_lowercase else LETTERS.get(letter)


def _is_control(character):
    return unicodedata.category(character) == "Cc"


# ------------------------------------------------------------------------------------------------ each attribute


def account(number):
    number = number.strip()
    need(number, "empty")
    need(not any(map(_is_control, number)), "control")
    return number


def name_and_birth(names, birth):
    birth = birth.strip()
    need(re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", birth) and 1800 <= int(birth[:4]) <= 2999, "birth")
    try:
        datetime.date.fromisoformat(birth)
    except ValueError:
        need(False, "birth")
    need(not any(_is_control(character) for name in names for character in name), "control")
    words = sorted(word for name in names for word in _words(name))
    need(words, "no name")
    return " ".join(words) + "\n" + birth


def _words(name):
    word, before = "", ""
    for character in unicodedata.normalize("NFKD", "".join(c for c in name if c not in APOSTROPHES)):
        if character in APOSTROPHES or character in MARKS or character in INVISIBLE:
            continue
        if character.isspace() or character in SEPARATORS:
            if word:
                yield word
            word, before = "", ""
            continue
        for lower in character.lower():
            letters = _latin(lower)
            if letters is None:
                word += lower
            elif before + lower == "ου":
                word = _joined(word, "u")
            else:
                word = _joined(word, letters)
            before = lower
    if word:
        yield word


def _joined(word, letters):
    """`ae`, `oe`, `ue`, `aa` are their first letter."""
    for letter in letters:
        if not (letter == "e" and word[-1:] in ("a", "o", "u") or letter == "a" and word[-1:] == "a"):
            word += letter
    return word


def email(address):
    address = address.strip()
    need(address, "empty")
    local, at, domain = address.rpartition("@")
    need(at, "no at")
    local = unicodedata.normalize("NFC", "".join(c.lower() for c in unicodedata.normalize("NFC", local)))
    need(1 <= len(local.encode()) <= 64, "local length")
    need(not local.startswith(".") and not local.endswith(".") and ".." not in local, "dots")
    ascii_text = string.ascii_letters + string.digits + "!#$%&'*+-/=?^_`{|}~."
    need(all(c in ascii_text if c.isascii() else not (c.isspace() or _is_control(c) or c in INVISIBLE) for c in local), "local characters")
    domain = _domain(domain)
    need("." in domain, "one label")
    need(len(f"{local}@{domain}") <= 254, "whole length")
    return f"{local}@{domain}"


def _domain(domain):
    """UTS #46, non-transitional, as far as the standard library goes: mapping, Punycode, lengths, hyphens, letters-digits-hyphens."""
    domain = "".join("." if c in "\u3002\uff0e\uff61" else c.lower() for c in domain if c not in INVISIBLE)
    labels = [_label(label) for label in unicodedata.normalize("NFKC", domain).split(".")]
    need(all(1 <= len(label) <= 63 for label in labels) and len(".".join(labels)) <= 253, "domain")
    return ".".join(labels)


def _label(label):
    if label.startswith("xn--"):
        try:
            decoded = label[4:].encode("ascii").decode("punycode")
        except UnicodeError:
            need(False, "domain")
        need(not decoded.isascii() and decoded == unicodedata.normalize("NFKC", decoded.lower()), "domain")
        need("xn--" + decoded.encode("punycode").decode() == label, "domain")
        return label
    need(label[2:4] != "--" and not label.startswith("-") and not label.endswith("-"), "domain")
    need(all(c in string.ascii_lowercase + string.digits + "-" for c in label if c.isascii()), "domain")
    need(all(c.isascii() or c.isalnum() or unicodedata.category(c).startswith("M") for c in label), "domain")
    need(not label or not unicodedata.category(label[0]).startswith("M"), "domain")
    return label if label.isascii() else "xn--" + label.encode("punycode").decode()


def phone(number):
    number = "".join(c for c in unicodedata.normalize("NFKC", number) if c not in INVISIBLE).strip()
    need(number, "empty")
    need(number.startswith("+"), "country code")
    rest = number[1:]
    need("(0)" not in "".join(c for c in rest if c != " " and c not in DASHES), "trunk zero")
    need(all(c in string.digits + " ./()" + DASHES for c in rest), "phone characters")
    digits = "".join(c for c in rest if c in string.digits)
    need(not digits.startswith("0"), "zero country code")
    need(7 <= len(digits) <= 15, "phone length")
    return "+" + digits


def document(country, type, number):  # noqa: A002: the member's name in the vectors
    country, kind, out = country.strip().upper(), type.strip().upper(), ""
    need(country in STATES, "country")
    need(kind in DOCUMENTS, "document type")
    for character in unicodedata.normalize("NFKD", number.strip()):
        if character in MARKS or character in INVISIBLE or character in " ./\\_\u00b7" or character in DASHES:
            continue
        for lower in character.lower():
            letters = lower if lower in string.digits else _latin(lower)
            need(letters is not None, "document characters")
            out += letters.upper()
    need(1 <= len(out) <= 64, "document length")
    return f"{country}\n{kind}\n{out}"


# ------------------------------------------------------------------------------------------------ wallets


def wallet(address):
    address = address.strip()
    need(address, "empty")
    lower = address.lower()
    if lower.startswith("0x"):
        _ethereum(address[2:], lower[2:])
        return f"ethereum\n{lower}"
    for prefix, chain in (("bc", "bitcoin"), ("tb", "bitcoin-test"), ("bcrt", "bitcoin-regtest")):
        if lower.startswith(prefix + "1"):
            need(address in (lower, address.upper()), "mixed case")
            need(_is_witness_address(prefix, lower[len(prefix) + 1:], lower), "witness address")
            return f"{chain}\n{lower}"
    version = _base58_version(address)
    chain = {0: "bitcoin", 5: "bitcoin", 0x6F: "bitcoin-test", 0xC4: "bitcoin-test"}.get(version)
    need(chain, "no address")
    return f"{chain}\n{address}"


def _base58_version(address):
    alphabet, number = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", 0
    for character in address:
        need(character in alphabet, "no address")
        number = number * 58 + alphabet.index(character)
    need(number < 2**200, "no address")
    data = number.to_bytes(25, "big")
    need(len(address) - len(address.lstrip("1")) == len(data) - len(data.lstrip(b"\0")), "no address")
    need(sha256(sha256(data[:21]))[:4] == data[21:], "no address")
    return data[0]


def _is_witness_address(prefix, data, whole):
    """BIP 173 and BIP 350."""
    charset = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
    if len(whole) > 90 or len(data) < 7 or any(character not in charset for character in data):
        return False
    values = [charset.index(character) for character in data]
    version, program = values[0], values[1:-6]
    bits = "".join(f"{value:05b}" for value in program)
    length, left = divmod(len(bits), 8)
    if left > 4 or "1" in bits[len(bits) - left:]:
        return False
    fits = length in (20, 32) if version == 0 else version <= 16 and 2 <= length <= 40
    return fits and _polymod(prefix, values) == (1 if version == 0 else 0x2BC830A3)


def _polymod(prefix, values):
    checksum = 1
    for value in [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix] + values:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            checksum ^= generator if top >> bit & 1 else 0
    return checksum


def _ethereum(given, lower):
    need(re.fullmatch("[0-9a-f]{40}", lower), "ethereum digits")
    if given in (lower, given.upper()):
        return
    digest = keccak256(lower.encode()).hex()
    need(all(c.isdigit() or c.isupper() == (int(nibble, 16) >= 8) for c, nibble in zip(given, digest)), "ethereum checksum")


def keccak256(data):
    """Keccak with rate 1088 and the padding of before FIPS 202, as Ethereum uses it."""
    padded = bytearray(data + b"\1" + bytes(-(len(data) + 1) % 136))
    padded[-1] |= 0x80
    state = [0] * 25
    for block in range(0, len(padded), 136):
        for lane in range(17):
            state[lane] ^= int.from_bytes(padded[block + 8 * lane:block + 8 * lane + 8], "little")
        state = _keccak_f(state)
    return b"".join(lane.to_bytes(8, "little") for lane in state[:4])


def _keccak_f(a):
    """FIPS 202, Keccak-f[1600]; lane x + 5 y."""
    def turn(value, by):
        return (value << by | value >> 64 - by) & (2**64 - 1) if by else value

    register = 1
    for _ in range(24):
        c = [a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20] for x in range(5)]
        a = [a[at] ^ c[(at - 1) % 5] ^ turn(c[(at + 1) % 5], 1) for at in range(25)]
        (x, y), b = (1, 0), [0] * 25
        b[0] = a[0]
        for t in range(24):
            b[y + 5 * ((2 * x + 3 * y) % 5)] = turn(a[x + 5 * y], (t + 1) * (t + 2) // 2 % 64)
            x, y = y, (2 * x + 3 * y) % 5
        a = [b[at] ^ (~b[(at + 1) % 5 + at // 5 * 5] & b[(at + 2) % 5 + at // 5 * 5] & (2**64 - 1)) for at in range(25)]
        for bit in range(7):
            register = (register << 1 ^ (register >> 7) * 0x171) % 256
            if register & 2:
                a[0] ^= 1 << (1 << bit) - 1
    return a


FORMS = {
    "lookup_account": account, "lookup_name_birth": name_and_birth, "lookup_email": email, "lookup_phone": phone,
    "lookup_document": document, "lookup_wallet": wallet,
}
