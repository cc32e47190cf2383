"""Prepared text: a corpus with its tokenizer, split into train, validation and test.

The module does not import torch, so a screen can prepare a text before its first frame.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain

from msgspec import Struct

from seqlm import errors
from seqlm.configuration.data_config import DataConfig
from seqlm.data.corpus import Corpus, lines_of, read_corpus
from seqlm.data.corpus_registry import CORPORA, Mode
from seqlm.data.notes import Note, duplicates_note, repetition_note
from seqlm.data.repetition import repeated_share
from seqlm.data.split import (
    SPLITS,
    Split,
    parse_shares,
    raise_if_too_short,
    split_lines,
    split_stream,
)
from seqlm.data.text_io import Progress
from seqlm.data.tokenizer import AnyTokenizer, Boundary, untrained_tokenizer

_MIN_NOTED_SHARE = 0.005  # of the validation split in train, for a note


class Description(Struct, frozen=True):
    """Summary of a prepared text.

    Attributes:
        name: Name of the corpus.
        mode: ``lines`` or ``stream``.
        n_items: Number of items in each split; at most 1 for a stream.
        n_characters: Number of characters in each split.
        n_targets: Number of targets in each split.
        vocabulary: Summary of the vocabulary, e.g. ``27 tokens: a-z and ∎``.
        n_duplicates: Number of removed duplicate lines.
        n_overlap: Number of validation lines that also occur in the training split.
        n_undecodable: Number of bytes that could not be decoded.
        common: Most common tokens of the training split with their counts, most frequent first, then
            by id. The end token counts once per item.
        val_in_train: Share of the validation split that also occurs in the training split.
        notes: What was found and repaired while the text was read and split.
    """

    name: str
    mode: Mode
    n_items: Mapping[Split, int]
    n_characters: Mapping[Split, int]
    n_targets: Mapping[Split, int]
    vocabulary: str
    n_duplicates: int
    n_overlap: int
    n_undecodable: int
    common: tuple[tuple[str, int], ...]
    val_in_train: float = 0.0
    notes: tuple[Note, ...] = ()


class PreparedText(Struct, frozen=True, dict=True):
    """A corpus with its tokenizer, split into train, validation and test.

    Token ids are computed on request only.

    Attributes:
        corpus: The corpus.
        tokenizer: Tokenizer with the vocabulary of all splits.
        boundary: ``end``: an end token before and after each item. ``none``: no end token.
        items: Normalized texts of each split: lines, or a single piece of a stream.
        n_duplicates: Number of removed duplicate lines.
        n_overlap: Number of validation lines that also occur in the training split; 0 if duplicates
            were removed.
        only_last: Whether only the last token of each item is a target.
        val_in_train: Share of the validation split that also occurs in the training split: of its
            lines, or of a stream its characters in long stretches, see
            :func:`seqlm.data.repetition.repeated_share`. It is not measured for named corpora.
    """

    corpus: Corpus
    tokenizer: AnyTokenizer
    boundary: Boundary
    items: Mapping[Split, tuple[str, ...]]
    n_duplicates: int
    n_overlap: int
    only_last: bool = False
    val_in_train: float = 0.0

    @property
    def notes(self) -> tuple[Note, ...]:
        """Notes on the text: repairs made while it was read, and properties of its splits."""
        is_list, n_kept = self.corpus.mode == "lines", sum(map(len, self.items.values()))
        notes = list(self.corpus.notes)
        if is_list and self.n_duplicates >= n_kept:
            notes.append(duplicates_note(self.n_duplicates + n_kept, n_kept))
        if self.val_in_train >= _MIN_NOTED_SHARE:
            notes.append(repetition_note(self.val_in_train, is_list))
        return tuple(notes)

    @property
    def fill_id(self) -> int:
        """Id that fills a context before the first token: the end token, or else V, a start id."""
        end_id = self.tokenizer.end_id
        return self.tokenizer.n_vocab if end_id is None else end_id

    def sequences(self, split: Split) -> list[list[int]]:
        """Return the token ids of each item of a split, including end tokens.

        All ids but the first are targets; with :attr:`only_last`, only the last id is a target.
        """
        return [self.sequence(item) for item in self.items[split]]

    def sequence(self, item: str) -> list[int]:
        """Return the token ids of one item, including end tokens."""
        ids, end_id = self.tokenizer.encode(item), self.tokenizer.end_id
        return ids if end_id is None else [end_id, *ids, end_id]

    def sequence_to_score(self, text: str) -> list[int]:
        """Return the token ids of a text to score, with at least one target.

        Raises:
            RequestError: The text is too short, or a token is not in the vocabulary.
        """
        ids = self.sequence(text)
        if len(ids) < 2:
            raise errors.RequestError(
                "the text is too short to score; needed: at least 2 tokens", text
            )
        return ids

    def is_item(self, has_ended: bool) -> bool:
        """Return whether a sampled text is a complete item.

        An item is a line with its end token, or any line if there are no end tokens. A text sampled
        from a model of a stream is never an item.

        Args:
            has_ended: Whether the end token was sampled.
        """
        return self.corpus.mode == "lines" and (has_ended or self.boundary == "none")

    def n_characters(self, split: Split) -> int:
        """Return the number of characters in a split, without the line ends between items."""
        return sum(map(len, self.items[split]))

    def n_tokens(self, split: Split) -> int:
        """Return the number of tokens in a split, without end tokens."""
        return self._n_tokens[split]

    @cached_property
    def _n_tokens(self) -> dict[Split, int]:
        tokenize = self.tokenizer.split
        return {split: sum(len(tokenize(item)) for item in self.items[split]) for split in SPLITS}

    @property
    def has_unknown(self) -> bool:
        """True if the text contains the unknown token."""
        tokenizer, items = self.tokenizer, chain.from_iterable(self.items.values())
        takes_unknown = tokenizer.unknown_id is not None
        return takes_unknown and any(
            tokenizer.unknown_tokens(tokenizer.split(item)) for item in items
        )

    def is_untrained_prompt(self, tokens: Sequence[str]) -> bool:
        """Return whether a model was never trained on this prompt.

        This is the case for a prompt of one token that starts no training line, if lines have no end
        token before them: training then never predicted the token after it at the start of a line.
        """
        is_checked = self.boundary == "none" and self.corpus.mode == "lines" and len(tokens) == 1
        first_id = self.tokenizer.ids.get(tokens[0]) if is_checked else None
        return first_id is not None and first_id not in self._first_ids

    @property
    def default_prompt(self) -> list[str]:
        """Tokens that samples without a prompt continue.

        None of them if items have an end token. Else a stream starts after a line feed, and any other
        text, or a stream without line feeds, with the first token of the training split.
        """
        tokenizer, first = self.tokenizer, self.items["train"][0]
        if tokenizer.end_id is not None:
            return []
        if self.corpus.mode == "stream" and "\n" in tokenizer.ids:
            return ["\n"]
        return list(tokenizer.split(first[: tokenizer.safe_split_point(first, 1)])[:1])

    @cached_property
    def _first_ids(self) -> frozenset[int]:
        cut, encode = self.tokenizer.safe_split_point, self.tokenizer.encode
        return frozenset(encode(item[: cut(item, 1)])[0] for item in self.items["train"])

    def n_targets(self, split: Split) -> int:
        """Return the number of targets in a split, including end tokens."""
        if self.only_last:
            return sum(len(self.tokenizer.split(item)) > 1 for item in self.items[split])
        extra = 1 if self.boundary == "end" else -1
        return self.n_tokens(split) + extra * len(self.items[split])

    def describe(self, n_common: int = 8) -> Description:
        """Return a summary of the text with its ``n_common`` most common tokens."""
        return Description(
            name=self.corpus.name,
            mode=self.corpus.mode,
            n_items={split: len(self.items[split]) for split in SPLITS},
            n_characters={split: self.n_characters(split) for split in SPLITS},
            n_targets={split: self.n_targets(split) for split in SPLITS},
            vocabulary=self.tokenizer.summary(),
            n_duplicates=self.n_duplicates,
            n_overlap=self.n_overlap,
            n_undecodable=self.corpus.n_undecodable,
            common=self._common(n_common),
            val_in_train=self.val_in_train,
            notes=self.notes,
        )

    def _common(self, n: int) -> tuple[tuple[str, int], ...]:
        tokenizer = self.tokenizer
        found: Counter[str] = Counter(
            chain.from_iterable(map(tokenizer.split, self.items["train"]))
        )
        counts = [found.pop(token, 0) for token in tokenizer.tokens]
        if tokenizer.end_id is not None:
            counts[tokenizer.end_id] = len(self.items["train"])
        if tokenizer.unknown_id is not None:
            counts[tokenizer.unknown_id] = sum(found.values())
        counted = zip(tokenizer.tokens, counts, strict=True)
        return tuple(sorted(counted, key=lambda pair: -pair[1])[:n])


def prepare(data: DataConfig, progress: Progress | None = None) -> PreparedText:
    """Read a corpus, build its vocabulary and split it.

    Trailing whitespace and blank lines are removed, and duplicate lines too with
    ``data.deduplicate``. The vocabulary is built from all splits, so a token of the text is unknown
    only if it is a word beyond ``data.max_words``.

    Args:
        data: Settings of the corpus, the tokenizer and the split.
        progress: Called with the bytes read and the total size.

    Raises:
        RequestError: The text cannot be read, is too short for its splits, has fewer than two
            distinct tokens, or is a stream while ``data.targets=last``.
    """
    return prepare_corpus(read_corpus(data, progress), data)


def prepare_corpus(corpus: Corpus, data: DataConfig) -> PreparedText:
    """Build the vocabulary of a corpus and split it; see :func:`prepare`."""
    is_list, only_last = corpus.mode == "lines", data.targets == "last"
    default: Boundary = "end" if is_list and corpus.has_end and not only_last else "none"
    boundary = default if data.boundary == "auto" else data.boundary
    shares, tokenizer = parse_shares(data.split), untrained_tokenizer(data)
    if not is_list:
        _raise_if_no_items(corpus, data)
        text = tokenizer.normalize(corpus.text)
        raise_if_too_short(
            len(tokenizer.split(text)), tokenizer.token_noun_plural, shares, corpus.name
        )
        items = split_stream(text, shares, tokenizer.safe_split_point)
        texts = [piece for split in SPLITS for piece in items[split]]
        trained = _train_tokenizer(tokenizer, texts, items["train"], boundary, corpus.name)
        share = 0.0 if data.corpus in CORPORA else _repeated_share(items)
        return PreparedText(corpus, trained, boundary, items, 0, 0, val_in_train=share)
    lines = [line for line in map(tokenizer.normalize, lines_of(corpus.text)) if line]
    kept = list(dict.fromkeys(lines)) if data.deduplicate else lines
    raise_if_too_short(len(kept), "lines", shares, corpus.name, n_with_duplicates=len(lines))
    items = split_lines(kept, shares, data.split_seed)
    trained = _train_tokenizer(tokenizer, kept, items["train"], boundary, corpus.name)
    n_overlap = 0 if data.deduplicate else _count_overlap(items)
    prepared = PreparedText(
        corpus=corpus,
        tokenizer=trained,
        boundary=boundary,
        items=items,
        n_duplicates=len(lines) - len(kept),
        n_overlap=n_overlap,
        only_last=only_last,
        val_in_train=n_overlap / max(1, len(items["val"])),
    )
    _raise_if_no_targets(prepared)
    return prepared


def _train_tokenizer(
    tokenizer: AnyTokenizer,
    texts: Sequence[str],
    train: Sequence[str],
    boundary: Boundary,
    name: str,
) -> AnyTokenizer:
    """Return the trained tokenizer; prefix error messages with the name of the corpus."""
    try:
        return tokenizer.train(texts, train, boundary)
    except errors.RequestError as error:
        raise errors.RequestError(f"{name}: {error}", error.value) from error


def _repeated_share(items: Mapping[Split, tuple[str, ...]]) -> float:
    """Return the share of the validation part of a stream that also occurs in its training part."""
    return repeated_share("".join(items["val"]), "".join(items["train"]))


def _count_overlap(items: Mapping[Split, tuple[str, ...]]) -> int:
    known = set(items["train"])
    return sum(item in known for item in items["val"])


def _raise_if_no_items(corpus: Corpus, data: DataConfig) -> None:
    if data.targets == "last":
        raise errors.RequestError(
            f"data.targets=last needs items, but {corpus.name} is one stream: set data.mode=lines",
            data.targets,
        )


def _raise_if_no_targets(prepared: PreparedText) -> None:
    for split in SPLITS:
        if prepared.items[split] and not prepared.n_targets(split):
            raise errors.RequestError(
                f"each {split} line of {prepared.corpus.name} is one token, so there are no targets."
                " Use longer lines, or set data.boundary=end.",
                prepared.boundary,
            )
