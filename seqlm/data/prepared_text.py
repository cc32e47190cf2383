"""From a configuration to sequences of tokens, without torch: fast enough for the first frame."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain

from msgspec import Struct

from seqlm import errors
from seqlm.configuration.run_config import DataConfig
from seqlm.data.corpus import Corpus, lines_of, read_corpus
from seqlm.data.corpus_registry import Mode
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


class Description(Struct, frozen=True):
    """What there is to say about a prepared text.

    Attributes:
        name: Of the corpus.
        mode: ``lines`` or ``stream``.
        n_items: Lines in each split; for a stream, pieces (one or none).
        n_characters: Characters in each split.
        n_targets: Tokens to predict in each split.
        vocabulary: In words, e.g. ``27 tokens: a-z and ∎``.
        n_duplicates: Equal lines that were left out.
        n_overlap: Validation lines that stand in train too.
        n_undecodable: Bytes that were not UTF-8.
        common: Tokens and how often each stands in train, most frequent first, then by id; the end
            token stands there once an item.
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


class PreparedText(Struct, frozen=True, dict=True):
    """A corpus with its vocabulary, cut into splits. Tokens are numbered only when asked for.

    Attributes:
        corpus: The text and where it came from.
        tokenizer: Its vocabulary, made from all splits.
        boundary: ``end``: an end token stands before and after each item; ``none``: there is none.
        items: The texts of each split: its lines, or the one piece of a stream; of words, these
            alone, as they are told apart.
        n_duplicates: Equal lines that were left out.
        n_overlap: Validation lines that stand in train too; 0 where duplicates were left out.
        only_last: Whether of each item the last token alone is a target.
    """

    corpus: Corpus
    tokenizer: AnyTokenizer
    boundary: Boundary
    items: Mapping[Split, tuple[str, ...]]
    n_duplicates: int
    n_overlap: int
    only_last: bool = False

    @property
    def fill_id(self) -> int:
        """What fills a context before the first token: the end token, else V ("nothing yet")."""
        end_id = self.tokenizer.end_id
        return self.tokenizer.n_vocab if end_id is None else end_id

    def sequences(self, split: Split) -> list[list[int]]:
        """The token ids of each item, end tokens included.

        All but the first are targets, or the last alone where :attr:`only_last` says so.
        """
        return [self.sequence(item) for item in self.items[split]]

    def sequence(self, item: str) -> list[int]:
        """The token ids of one item, end tokens included."""
        ids, end_id = self.tokenizer.encode(item), self.tokenizer.end_id
        return ids if end_id is None else [end_id, *ids, end_id]

    def sequence_to_score(self, text: str) -> list[int]:
        """The token ids of a text somebody asks about: at least one token to predict.

        Raises:
            RequestError: It is too short, or a token is not in the vocabulary.
        """
        ids = self.sequence(text)
        if len(ids) < 2:
            raise errors.RequestError(
                "the text is too short to score: 2 tokens or more are needed", text
            )
        return ids

    def is_item(self, has_ended: bool) -> bool:
        """Whether a drawn text is an item: a line that met its end token, or any where there is none.

        A stream has no items: what is drawn of it is a piece.
        """
        return self.corpus.mode == "lines" and (has_ended or self.boundary == "none")

    def n_characters(self, split: Split) -> int:
        """Characters in a split, line ends of items not counted."""
        return sum(map(len, self.items[split]))

    def n_tokens(self, split: Split) -> int:
        """Tokens in a split, without end tokens."""
        return self._n_tokens[split]

    @cached_property
    def _n_tokens(self) -> dict[Split, int]:
        cut = self.tokenizer.split
        return {split: sum(len(cut(item)) for item in self.items[split]) for split in SPLITS}

    @property
    def has_unknown(self) -> bool:
        """Whether anything in the text is read as the unknown token."""
        tokenizer, items = self.tokenizer, chain.from_iterable(self.items.values())
        takes_unknown = tokenizer.unknown_id is not None
        return takes_unknown and any(
            tokenizer.unknown_tokens(tokenizer.split(item)) for item in items
        )

    def is_untrained_prompt(self, tokens: Sequence[str]) -> bool:
        """Whether a prompt is one token that no item of train begins with, where nothing stands before.

        Of it alone nothing was taught: the model was never asked what follows it there.
        """
        can_tell = self.boundary == "none" and self.corpus.mode == "lines" and len(tokens) == 1
        first_id = self.tokenizer.ids.get(tokens[0]) if can_tell else None
        return first_id is not None and first_id not in self._first_ids

    @cached_property
    def _first_ids(self) -> frozenset[int]:
        cut, encode = self.tokenizer.safe_split_point, self.tokenizer.encode
        return frozenset(encode(item[: cut(item, 1)])[0] for item in self.items["train"])

    def n_targets(self, split: Split) -> int:
        """Tokens that are predicted in a split, end tokens included."""
        if self.only_last:
            return sum(len(self.tokenizer.split(item)) > 1 for item in self.items[split])
        extra = 1 if self.boundary == "end" else -1
        return self.n_tokens(split) + extra * len(self.items[split])

    def describe(self, n_common: int = 8) -> Description:
        """Counts, vocabulary and the most common tokens, for a screen."""
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
        )

    def _common(self, n: int) -> tuple[tuple[str, int], ...]:
        tokenizer = self.tokenizer
        found = Counter(chain.from_iterable(map(tokenizer.split, self.items["train"])))
        counts = [found.pop(token, 0) for token in tokenizer.tokens]
        if tokenizer.end_id is not None:
            counts[tokenizer.end_id] = len(self.items["train"])
        if tokenizer.unknown_id is not None:
            counts[tokenizer.unknown_id] = sum(found.values())
        counted = zip(tokenizer.tokens, counts, strict=True)
        return tuple(sorted(counted, key=lambda one: -one[1])[:n])


def prepare(data: DataConfig, progress: Progress | None = None) -> PreparedText:
    """Read a corpus, find its vocabulary and cut it into splits.

    Lines lose blanks at their end; blank lines are dropped, and equal ones too where
    ``data.deduplicate`` says so. The vocabulary is that of all splits together, so no split holds a
    token that is unknown, but for words beyond ``data.max_words``.

    Args:
        data: What to read and how to cut it.
        progress: Told the bytes read and the bytes there are.

    Raises:
        RequestError: The text cannot be read, is too short or too uniform for what was asked, or is
            a stream where only the last token of each item was to be predicted.
    """
    return prepare_corpus(read_corpus(data, progress), data)


def prepare_corpus(corpus: Corpus, data: DataConfig) -> PreparedText:
    """:func:`prepare` for a text that was read before; ``data`` says how to cut it."""
    is_list, only_last = corpus.mode == "lines", data.targets == "last"
    usual: Boundary = "end" if is_list and corpus.has_end and not only_last else "none"
    boundary = usual if data.boundary == "auto" else data.boundary
    shares, tokenizer = parse_shares(data.split), untrained_tokenizer(data)
    if not is_list:
        _refuse_no_items(corpus, data)
        text = tokenizer.normalize(corpus.text)
        raise_if_too_short(
            len(tokenizer.split(text)), tokenizer.token_noun_plural, shares, corpus.name
        )
        items = split_stream(text, shares, tokenizer.safe_split_point)
        texts = [piece for split in SPLITS for piece in items[split]]
        learned = _learned(tokenizer, texts, items["train"], boundary, corpus.name)
        return PreparedText(corpus, learned, boundary, items, 0, 0)
    lines = [line for line in map(tokenizer.normalize, lines_of(corpus.text)) if line]
    kept = list(dict.fromkeys(lines)) if data.deduplicate else lines
    raise_if_too_short(len(kept), "lines", shares, corpus.name)
    items = split_lines(kept, shares, data.split_seed)
    learned = _learned(tokenizer, kept, items["train"], boundary, corpus.name)
    n_overlap = 0 if data.deduplicate else _overlap(items)
    n_duplicates = len(lines) - len(kept)
    prepared = PreparedText(corpus, learned, boundary, items, n_duplicates, n_overlap, only_last)
    _refuse_no_targets(prepared)
    return prepared


def _learned(
    tokenizer: AnyTokenizer,
    texts: Sequence[str],
    train: Sequence[str],
    boundary: Boundary,
    name: str,
) -> AnyTokenizer:
    """The tokenizer with a vocabulary; what is wrong with the text is said with its name."""
    try:
        return tokenizer.train(texts, train, boundary)
    except errors.RequestError as error:
        raise errors.RequestError(f"{name}: {error}", error.value) from error


def _overlap(items: Mapping[Split, tuple[str, ...]]) -> int:
    known = set(items["train"])
    return sum(item in known for item in items["val"])


def _refuse_no_items(corpus: Corpus, data: DataConfig) -> None:
    if data.targets == "last":
        raise errors.RequestError(
            f"data.targets=last needs items, and {corpus.name} is one stream: take data.mode=lines",
            data.targets,
        )


def _refuse_no_targets(prepared: PreparedText) -> None:
    for split in SPLITS:
        if prepared.items[split] and not prepared.n_targets(split):
            raise errors.RequestError(
                f"each {split} line of {prepared.corpus.name} is one token: nothing to predict. "
                "Use longer lines, or data.boundary=end.",
                prepared.boundary,
            )
