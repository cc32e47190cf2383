"""Settings of the corpus, the tokenizer and the splits."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from seqlm.configuration.schema import (
    ConfigSection,
    SettingConditions,
    not_if,
    only_if,
    unit_metadata,
)
from seqlm.errors import RequestError

_WORDS = (only_if("data.tokenizer", "word"),)
_LINES = (only_if("data.mode", "lines"),)
_FILES = (only_if("data.corpus", "*[./]*", label="data.corpus is a file"),)


AUTO, LEGACY = "auto", "legacy"
"""Values of ``data.encoding``: find the encoding; read as the first version of this program did."""


def check_encoding(encoding: str) -> None:
    """Check that an encoding is known.

    Raises:
        RequestError: There is no text encoding of this name.
    """
    if encoding not in (AUTO, LEGACY) and not is_encoding(encoding):
        raise RequestError(
            f"data.encoding={ascii(encoding)[1:-1]} is not a known encoding; allowed: auto, or a name"
            " such as utf-8, utf-16, cp1252, latin-1, shift_jis, gb18030",
            encoding,
        )


def is_encoding(name: str) -> bool:
    """Return whether there is a text encoding of this name."""
    try:
        b"    ".decode(name, errors="replace")  # base64 and others are not text encodings
    except (LookupError, ValueError):
        return False
    return True


class DataConfig(ConfigSection, frozen=True, kw_only=True):
    """Settings of the corpus, the tokenizer and the splits."""

    conditions: ClassVar[SettingConditions] = {
        "encoding": (*_FILES, not_if("data.tokenizer", "byte")),
        "field": _FILES,
        "length": (only_if("data.corpus", "counting", "recall"),),
        **dict.fromkeys(("fold_case", "punctuation", "unknown", "max_words"), _WORDS),
        "merges": (only_if("data.tokenizer", "bpe"),),
        **dict.fromkeys(("targets", "deduplicate", "split_seed"), _LINES),
    }

    corpus: Annotated[
        str,
        Meta(
            min_length=1,
            description="Corpus: a name from seqlm data list, or the path of a file, of a folder or of"
            " several files, e.g. texts/*.md",
        ),
    ] = "names"
    encoding: Annotated[
        str,
        Meta(
            min_length=1,
            description="Encoding: auto finds it; a name sets it, e.g. utf-8, utf-16, cp1252, gb18030",
        ),
    ] = "auto"
    field: Annotated[
        Annotated[str, Meta(min_length=1)] | None,
        Meta(description="Field: the column of CSV or TSV, or the key of JSON Lines, to train on"),
    ] = None
    mode: Annotated[
        Literal["auto", "lines", "stream"],
        Meta(description="Mode: lines (each line is a separate item) or stream (one long text)"),
    ] = "auto"
    length: Annotated[
        Annotated[int, Meta(ge=2, le=1000)] | None,
        Meta(
            description="Item length: symbols per item of counting or recall; off: default of the task",
            extra=unit_metadata("symbols"),
        ),
    ] = None
    targets: Annotated[
        Literal["all", "last"],
        Meta(description="Targets: all tokens, or only the last token of each item"),
    ] = "all"
    tokenizer: Annotated[
        Literal["char", "byte", "word", "bpe"],
        Meta(
            description="Tokenizer: the unit of text; bpe learns subwords by merging frequent pairs"
        ),
    ] = "char"
    fold_case: Annotated[
        bool, Meta(description="Case folding: treat upper and lower case as the same word")
    ] = True
    punctuation: Annotated[
        Literal["drop", "keep"],
        Meta(description="Punctuation: drop it, or keep each mark as a token"),
    ] = "drop"
    unknown: Annotated[
        bool, Meta(description="Unknown token: one token for all words outside the vocabulary")
    ] = True
    max_words: Annotated[
        Annotated[int, Meta(ge=1, le=10**6)] | None,
        Meta(
            description="Vocabulary limit: keep only the most frequent words",
            extra=unit_metadata("words"),
        ),
    ] = 10_000
    merges: Annotated[
        int, Meta(ge=0, le=20_000, description="BPE merges: number of token pairs to merge")
    ] = 500
    boundary: Annotated[
        Literal["auto", "end", "none"],
        Meta(description="Boundary: end (an end token before and after each item) or none"),
    ] = "auto"
    split: Annotated[
        str,
        Meta(
            pattern=r"^\d{1,3}/\d{1,3}/\d{1,3}$",
            description="Split: train/val/test percentages, e.g. 80/10/10",
            extra=unit_metadata("%"),
        ),
    ] = "80/10/10"
    split_seed: Annotated[
        int,
        Meta(
            ge=0, le=2**31 - 1, description="Split seed: shuffles the items before they are split"
        ),
    ] = 42
    deduplicate: Annotated[
        bool,
        Meta(
            description="Deduplication: remove duplicates, so no validation line occurs in training"
        ),
    ] = True

    def check(self) -> None:
        """Check that the settings are compatible with each other.

        Raises:
            RequestError: Two settings are incompatible, or the encoding is not known.
        """
        check_encoding(self.encoding)
        shares = [int(share) for share in self.split.split("/")]
        if sum(shares) != 100:
            raise RequestError(f"data.split={self.split} does not sum to 100", self.split)
        if not shares[0]:
            raise RequestError(
                f"data.split={self.split} leaves no training data; train needs at least 1",
                self.split,
            )
        if self.targets == "last" and self.mode == "stream":
            raise RequestError(
                "data.targets=last needs items, and data.mode=stream has none; use data.mode=lines",
                "last",
            )
        if self.targets == "last" and self.boundary == "end":
            raise RequestError(
                "data.targets=last would predict only the end token; use data.boundary=none",
                "last",
            )
