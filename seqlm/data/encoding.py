"""Decoding of text: the encoding of bytes, the characters in them, and what had to be repaired.

An encoding is taken from a byte order mark, from valid UTF-8, or else from the statistics of the
text. It is recorded with the text, as are the bytes that it cannot decode.
"""

import codecs
import re
from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec import Struct

from seqlm import errors
from seqlm.configuration.data_config import AUTO, LEGACY

if TYPE_CHECKING:  # most texts are UTF-8 and do not need it
    from charset_normalizer import CharsetMatch

BYTES = "bytes"
"""Name of the encoding of bytes that are not decoded."""
MAX_UNDECODABLE_SHARE = 0.1
_MAX_CONTROL_SHARE = 0.01  # a text with more control characters is a binary file
_DETECTED_BYTES = 1 << 20  # bytes at the start that decide the encoding
_ESCAPED_BYTE = re.compile("[\udc00-\udcff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
# A byte that is not UTF-8 becomes a private-use character, which UTF-8 can encode, unlike a surrogate.
_FIRST_PRIVATE = 0x10F800
_PRIVATE_BYTE = re.compile("[\U0010f880-\U0010f8ff]")
_MARK = "\ufeff"
_MARKS = (  # UTF-32 before UTF-16, whose mark begins the mark of UTF-32
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = ("utf_16_le", "utf_16_be", "utf_32_le", "utf_32_be")
_NARROW = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257"),
    *("koi8_r", "cp866", "cp850", "cp437", "mac_roman"),
    *("cp932", "euc_jp", "gb18030", "big5", "cp949"),
)
# French and Portuguese in cp1252 are up to 0.07 less plausible than when misread as cp1257 or cp1250.
_SIMILAR_CHAOS = 0.1
_CAPITALS_IN = 20_000  # characters at the start in which capitals are counted
_FIRST_CHOICES = ("cp1252", "cp850")
"""The most common of the encodings that give an equally plausible text."""


class Decoded(Struct, frozen=True):
    """A decoded text.

    Attributes:
        text: The text; only a line feed ends a line, unless ``encoding`` is ``bytes``.
        encoding: The encoding; ``bytes`` if the bytes were not decoded.
        n_undecodable: Bytes that the encoding cannot decode; each is U+FFFD in the text.
        n_returns: Lone carriage returns that were read as line ends.
        n_marks: Byte order marks inside the text that were removed.
        n_nuls: NUL characters that were removed.
    """

    text: str
    encoding: str
    n_undecodable: int = 0
    n_returns: int = 0
    n_marks: int = 0
    n_nuls: int = 0


def decode(raw: bytes, name: str, encoding: str = AUTO) -> Decoded:
    """Decode a text and normalize its line ends.

    A byte order mark at the start is removed. CRLF and a lone carriage return become a line feed.
    Byte order marks and NUL characters inside the text are removed. Each byte that the encoding
    cannot decode becomes U+FFFD.

    Args:
        raw: The bytes.
        name: Name of the text in error messages.
        encoding: Name of the encoding; ``auto`` finds it; ``legacy`` reads a text as the first
            version of this program did.

    Raises:
        RequestError: The bytes are binary, no encoding fits, or more than
            ``MAX_UNDECODABLE_SHARE`` of the bytes cannot be decoded.
    """
    if encoding == LEGACY:
        return decode_legacy(raw, name)
    found = _find_encoding(raw, name) if encoding == AUTO else _resolve(raw, encoding)
    decoded = _normalize(_decode_escaped(raw, found), found)
    if decoded.n_undecodable > MAX_UNDECODABLE_SHARE * len(raw):
        raise errors.RequestError(
            f"{name} is not {found}: {decoded.n_undecodable / len(raw):.0%} of its bytes cannot be"
            " decoded. Set data.encoding=auto or its encoding, or data.tokenizer=byte.",
            name,
        )
    return decoded


def decode_bytes(raw: bytes) -> Decoded:
    """Return the text of which :func:`bytes_of` returns the bytes, for the byte tokenizer.

    The line ends of UTF-8 text are normalized; all other bytes are kept as they are.
    """
    if b"\0" not in raw and _is_utf8(raw):
        return _normalize(raw.decode(), BYTES)
    escaped = raw.decode(errors="surrogateescape")
    return Decoded(_ESCAPED_BYTE.sub(_to_private_use, escaped), BYTES)


def decode_legacy(raw: bytes, name: str, *, keep_bytes: bool = False) -> Decoded:
    """Decode as the first version of this program did, so that its runs can be resumed.

    The text is UTF-8, each other byte is U+FFFD, and a lone carriage return is a character.

    Args:
        raw: The bytes.
        name: Name of the text in error messages.
        keep_bytes: Whether other bytes become private-use characters, which :func:`bytes_of`
            converts back.

    Raises:
        RequestError: The bytes have a NUL byte.
    """
    if b"\0" in raw:
        raise _binary(raw, name)
    escaped = raw.removeprefix(codecs.BOM_UTF8).decode(errors="surrogateescape")
    text, n_bad = _ESCAPED_BYTE.subn(_to_private_use if keep_bytes else "\ufffd", escaped)
    return Decoded(text.replace("\r\n", "\n"), "utf-8", n_bad)


def bytes_of(text: str) -> bytes:
    """Return the bytes of a text; restore the bytes that :func:`decode_bytes` kept."""
    if text.isascii():
        return text.encode()
    escaped = _PRIVATE_BYTE.sub(lambda kept: chr(ord(kept[0]) - _FIRST_PRIVATE + 0xDC00), text)
    return escaped.encode(errors="surrogateescape")


def without_surrogates(text: str) -> tuple[str, int]:
    """Replace each surrogate by U+FFFD, so that UTF-8 can encode the text; return their number too."""
    return _SURROGATE.subn("\ufffd", text)


def _find_encoding(raw: bytes, name: str) -> str:
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return encoding
    n_nuls = raw.count(0)
    if n_nuls <= _MAX_CONTROL_SHARE * len(raw) and (_is_utf8(raw) or _is_damaged_utf8(raw)):
        return "utf-8"
    sample = raw[:_DETECTED_BYTES] if n_nuls else _sample(raw)
    found = (None if n_nuls else _detect(sample, _NARROW)) or _detect(sample, _WIDE)
    if found is None:
        raise _binary(raw, name) if n_nuls else _unknown_encoding(raw, name)
    if _is_binary(_decode_escaped(sample, found)):
        raise _binary(raw, name)
    return found


def _sample(raw: bytes) -> bytes:
    """Return whole lines from the first line on that is not ASCII."""
    if len(raw) <= _DETECTED_BYTES:
        return raw
    at = next((i for i in range(0, len(raw), 4096) if not raw[i : i + 4096].isascii()), 0)
    start = raw.rfind(b"\n", 0, at) + 1
    end = raw.rfind(b"\n", start, start + _DETECTED_BYTES) + 1
    return raw[start : end or start + _DETECTED_BYTES]


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_damaged_utf8(raw: bytes) -> bool:
    """Return whether at least as many characters beyond ASCII are valid UTF-8 as bytes are not."""
    escaped = raw.decode(errors="surrogateescape")
    n_bad = len(_ESCAPED_BYTE.findall(escaped))
    return len(escaped) - len(escaped.encode("ascii", errors="ignore")) >= 2 * n_bad


def _detect(raw: bytes, encodings: tuple[str, ...]) -> str | None:
    """Return the encoding that gives the most plausible text; None if none does."""
    import charset_normalizer

    found = charset_normalizer.from_bytes(raw, cp_isolation=list(encodings))
    best = found.best()
    if best is None:
        return None
    equal = [one for one in found if one.chaos <= best.chaos + _SIMILAR_CHAOS]
    fewest = min(map(_n_odd_capitals, equal))
    kept = [one for one in equal if _n_odd_capitals(one) == fewest]
    names = {name for one in kept for name in one.could_be_from_charset}
    chosen = next((name for name in _FIRST_CHOICES if name in names), kept[0].encoding)
    return chosen.replace("_", "-")


def _n_odd_capitals(one: "CharsetMatch") -> int:
    """Count capitals after small letters: KOI8-R and Windows Cyrillic differ in little else."""
    start = str(one)[:_CAPITALS_IN]
    return sum(a.islower() and b.isupper() for a, b in pairwise(start))


def _is_binary(text: str) -> bool:
    return len(_CONTROL.findall(text)) > _MAX_CONTROL_SHARE * len(text)


def _resolve(raw: bytes, encoding: str) -> str:
    """Return the byte order of UTF-16 and UTF-32 too: from the mark, or else little-endian."""
    name = codecs.lookup(encoding).name
    if name not in ("utf-16", "utf-32", "utf-8-sig"):
        return name
    marked = (other for mark, other in _MARKS if raw.startswith(mark) and other.startswith(name))
    return "utf-8" if name == "utf-8-sig" else next(marked, f"{name}-le")


def _decode_escaped(raw: bytes, encoding: str) -> str:
    """Decode bytes; each byte that cannot be decoded becomes one lone surrogate."""
    return raw.decode(encoding, errors="seqlm.escape")


def _escape_bytes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + byte) for byte in bad), error.end


codecs.register_error("seqlm.escape", _escape_bytes)


def _normalize(text: str, encoding: str) -> Decoded:
    """Replace undecodable bytes, line ends and characters that are not text, and count them."""
    n_undecodable = n_returns = n_marks = n_nuls = 0
    text = text.removeprefix(_MARK)
    if not text.isascii():
        text, n_undecodable = without_surrogates(text)
        n_marks = text.count(_MARK)
        text = text.replace(_MARK, "")
    if "\r" in text:
        text = text.replace("\r\n", "\n")
        n_returns = text.count("\r")
        text = text.replace("\r", "\n")
    if "\0" in text:
        n_nuls = text.count("\0")
        text = text.replace("\0", "")
    return Decoded(text, encoding, n_undecodable, n_returns, n_marks, n_nuls)


def _to_private_use(escaped: re.Match[str]) -> str:
    return chr(ord(escaped[0]) - 0xDC00 + _FIRST_PRIVATE)


def _binary(raw: bytes, name: str) -> errors.RequestError:
    at = raw.find(0)
    where = f" (byte 0x00 at {at:,})" if at >= 0 else ""
    return errors.RequestError(
        f"{name} is a binary file{where}. Give a text, or set data.tokenizer=byte, which trains on"
        " the bytes of any file.",
        name,
    )


def _unknown_encoding(raw: bytes, name: str) -> errors.RequestError:
    try:
        raw.decode()
        where = ""
    except UnicodeDecodeError as error:
        where = f" (byte 0x{raw[error.start]:02x} at {error.start:,})"
    return errors.RequestError(
        f"{name} is not UTF-8{where}, and its encoding is not recognized. Set data.encoding, e.g."
        " data.encoding=cp1252, or data.tokenizer=byte.",
        name,
    )
