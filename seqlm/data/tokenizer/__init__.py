"""Tokenizers: character, byte, word and byte-pair encoding, and their creation from settings."""

from collections.abc import Callable
from typing import TypeAlias

from seqlm.configuration.data_config import DataConfig
from seqlm.data.corpus_registry import CORPORA
from seqlm.data.tokenizer.base import (
    END,
    UNKNOWN,
    Boundary,
    Tokenizer,
    format_unknown_tokens,
    format_untrained_prompt,
)
from seqlm.data.tokenizer.bpe import BpeTokenizer
from seqlm.data.tokenizer.byte import ByteTokenizer
from seqlm.data.tokenizer.char import CharTokenizer
from seqlm.data.tokenizer.word import WordTokenizer

__all__ = [
    "END",
    "UNKNOWN",
    "AnyTokenizer",
    "Boundary",
    "BpeTokenizer",
    "ByteTokenizer",
    "CharTokenizer",
    "Tokenizer",
    "WordTokenizer",
    "format_unknown_tokens",
    "format_untrained_prompt",
    "untrained_tokenizer",
]

AnyTokenizer: TypeAlias = CharTokenizer | ByteTokenizer | WordTokenizer | BpeTokenizer

_KINDS: dict[str, Callable[[DataConfig], AnyTokenizer]] = {
    "char": lambda data: CharTokenizer(),
    "byte": lambda data: ByteTokenizer(),
    "word": lambda data: WordTokenizer(
        fold_case=data.fold_case,
        keeps_punctuation=data.punctuation == "keep",
        takes_unknown=data.unknown,
        max_words=data.max_words,
        called=CORPORA[data.corpus].token_noun if data.corpus in CORPORA else "word",
    ),
    "bpe": lambda data: BpeTokenizer(n_merges=data.merges),
}


def untrained_tokenizer(data: DataConfig) -> AnyTokenizer:
    """Return the tokenizer of the settings without a vocabulary; it can split text, not encode it."""
    return _KINDS[data.tokenizer](data)
