"""One byte of the text in UTF-8 is one token."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from seqlm.data.text_io import bytes_of
from seqlm.data.tokenizer.base import Boundary, Tokenizer, format_tokens

_NAMES = tuple(chr(b) if 0x20 <= b < 0x7F else f"<0x{b:02X}>" for b in range(256))
_BYTES = {name: b for b, name in enumerate(_NAMES)}


class ByteTokenizer(Tokenizer, frozen=True, tag="byte"):
    """All 256 bytes, numbered by their value: no text in any language is ever unknown.

    A byte is shown as its character where that is printable ASCII, else as ``<0xC3>``. Bytes that
    make no character come back as U+FFFD.
    """

    token_noun: ClassVar[str] = "byte"

    def split(self, text: str) -> Sequence[str]:
        """The names of the bytes of the text."""
        return list(map(_NAMES.__getitem__, bytes_of(text)))

    def join(self, tokens: Iterable[str]) -> str:
        """The text that bytes make; a name that is no byte's, such as the end token's, stays."""
        raw = bytearray()
        for token in tokens:
            byte = _BYTES.get(token)
            raw += token.encode() if byte is None else bytes((byte,))
        return raw.decode(errors="replace")

    def train(
        self, texts: Sequence[str], train: Sequence[str], boundary: Boundary
    ) -> "ByteTokenizer":
        """All bytes, whatever the texts hold."""
        return self.with_vocabulary(_NAMES, boundary)

    def summary(self) -> str:
        """The vocabulary in a few words: ``257 tokens: 256 bytes and ∎``."""
        return format_tokens(self.n_vocab, ["256 bytes"], self.end_id)
