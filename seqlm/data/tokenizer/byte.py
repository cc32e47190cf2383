"""Byte tokenizer."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from seqlm.data.encoding import bytes_of
from seqlm.data.tokenizer.base import Boundary, Tokenizer, format_tokens

_NAMES = tuple(chr(b) if 0x20 <= b < 0x7F else f"<0x{b:02X}>" for b in range(256))
_BYTES = {name: b for b, name in enumerate(_NAMES)}


class ByteTokenizer(Tokenizer, frozen=True, tag="byte"):
    """Tokenizer with one token per byte of the UTF-8 text; the id is the value of the byte.

    No token of any text is unknown. A byte is displayed as its character if that is printable ASCII,
    else as ``<0xC3>``. Bytes that are not valid UTF-8 are joined to U+FFFD.
    """

    token_noun: ClassVar[str] = "byte"

    def split(self, text: str) -> Sequence[str]:
        """Return the displayed form of each byte of the text."""
        return list(map(_NAMES.__getitem__, bytes_of(text)))

    def join(self, tokens: Iterable[str]) -> str:
        """Return the text of some bytes; other tokens, such as the end token, are kept unchanged."""
        raw = bytearray()
        for token in tokens:
            byte = _BYTES.get(token)
            raw += token.encode() if byte is None else bytes((byte,))
        return raw.decode(errors="replace")

    def train(
        self, texts: Sequence[str], train: Sequence[str], boundary: Boundary
    ) -> "ByteTokenizer":
        """Return the tokenizer with all 256 bytes, whatever the texts are."""
        return self.with_vocabulary(_NAMES, boundary)

    def summary(self) -> str:
        """Return a summary of the vocabulary: ``257 tokens: 256 bytes and ∎``."""
        return format_tokens(self.n_vocab, ["256 bytes"], self.end_id)
