"""What can be shown before anything is trained: the text, its splits, and what counting alone gives.

Plain Python without torch, fast enough for the first frame. The bigram table (the share of each
token after each other) answers where later the model does.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from math import exp, log
from typing import TYPE_CHECKING

from msgspec import Struct

from seqlm.configuration.model_configs import ModelConfig
from seqlm.configuration.run_config import DataConfig, SampleConfig
from seqlm.data.baselines import bigram_counts, perfect_loss
from seqlm.data.ngrams import NgramCounts, NgramTable
from seqlm.data.prepared_text import Description, PreparedText, prepare
from seqlm.data.split import SPLITS
from seqlm.data.text_io import Progress
from seqlm.data.tokenizer import UNKNOWN
from seqlm.generation.sampler import SampledSequence, uniform_random
from workbench.render.sanitize import sanitize, token_glyph

if TYPE_CHECKING:  # what the first frame does not need is imported when it is needed
    from seqlm.protocol.queries import SampleResult

FILL = "·"
"""How a place in the context is shown that lies before the first token."""
_LONGEST_PREFIX = 64
_SHOWN_ITEM = 200
_LOOKED_AT = 1_000_000  # characters
_SHORTEST, _MOST_OPTIONS = 4, 300_000


class TrainingExample(Struct, frozen=True):
    """One prediction that the model is asked to make: what it sees, and what is right.

    ``item`` is the whole line on its first row, else empty; ``n_item`` numbers the item in train and
    ``n_target`` the target in the item, both from 0.
    """

    sees: tuple[str, ...]
    next: str
    item: str
    n_item: int
    n_target: int


class Preview(Struct, frozen=True, dict=True, eq=False):
    """A prepared text with its counts: plain data, so that another process may make it.

    Attributes:
        data: What was asked for.
        text: The text, cut into splits.
        description: Its sizes, its vocabulary, and how often each token is to be predicted.
        counts: The pairs of train.
        uniform: ln V, the loss of guessing (nats per token).
        bigram: The loss of the bigram counts of train on val, 1 added to each count.
        perfect: The least loss possible on average, where the rules that made the text tell it.
    """

    data: DataConfig
    text: PreparedText
    description: Description
    counts: NgramCounts
    uniform: float
    bigram: float
    perfect: float | None = None

    @cached_property
    def table(self) -> NgramTable:
        """What the counts say comes after each token."""
        return NgramTable(self.counts)

    @property
    def name(self) -> str:
        """The corpus as it is shown."""
        return sanitize(self.text.corpus.name, 60)

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The token of each id."""
        return self.text.tokenizer.tokens

    @property
    def has_end(self) -> bool:
        """Whether items end with an end token."""
        return self.text.boundary == "end"

    def has(self, tokens: Sequence[str]) -> bool:
        """Whether all of these tokens are in the vocabulary."""
        return all(token in self.text.tokenizer.ids for token in tokens)

    def probabilities(self, tokens: Sequence[str]) -> list[float]:
        """What the counts say comes after ``tokens``: the probability of each id.

        Raises:
            RequestError: A token is not in the vocabulary.
        """
        for token in tokens:
            self._id(token)
        return self.table.probabilities([self._id(token) for token in tokens[-1:]])

    def surprisal(self, tokens: Sequence[str]) -> tuple[float, ...]:
        """How surprising each token is under the counts, in nats."""
        texts: list[list[str]] = [[], *([token] for token in tokens[:-1])]
        pairs = zip(texts, tokens, strict=False)  # nothing comes before the first token
        found = [-log(self.probabilities(before)[self._id(token)]) for before, token in pairs]
        return tuple(found if self.has_end else found[1:])

    def chances(self, n_item: int) -> tuple[float, ...]:
        """What the counts give each right token of an item of train."""
        tokenizer = self.text.tokenizer
        item = [tokenizer.tokens[i] for i in tokenizer.encode(self.text.items["train"][n_item])]
        tokens = [*item, self.vocabulary[-1]] if self.has_end else item
        return tuple(exp(-nats) for nats in self.surprisal(tokens))

    def draw(
        self,
        prompt: Sequence[str],
        count: int,
        sampling: SampleConfig,
        length: int = 40,
    ) -> list["SampleResult"]:
        """Continuations of ``prompt`` drawn from the counts, with the fixed draws of the seed.

        They are shorter where the vocabulary is large, so that a screen need not wait for them.
        """
        from seqlm.protocol.queries import SampleResult

        length = max(_SHORTEST, min(length, _MOST_OPTIONS // (count * len(self.vocabulary))))
        known = {item: split for split in reversed(SPLITS) for item in self.text.items[split]}
        drawn = []
        for sample in range(count):
            one = self._drawn(prompt, sampling, sample, length)
            tokens = [self.vocabulary[i] for i in one.ids]
            has_ended = one.ids[-1] == self.text.tokenizer.end_id
            whole = self.text.tokenizer.join([*prompt, *(tokens[:-1] if has_ended else tokens)])
            is_item = self.text.is_item(has_ended)
            drawn.append(
                SampleResult(
                    text=whole,
                    tokens=tokens,
                    surprisal=one.surprisal,
                    u=[*one.u],
                    intervals=one.intervals,
                    is_item=is_item,
                    seen_in=known.get(whole) if is_item else None,
                )
            )
        return drawn

    def _drawn(
        self, prompt: Sequence[str], sampling: SampleConfig, sample: int, length: int
    ) -> SampledSequence:
        end_id, last = self.text.tokenizer.end_id, list(prompt[-1:])
        drawn = SampledSequence([], [], [], [])
        for position in range(length):
            drawn.append_sample(
                self.probabilities(last), sampling, uniform_random(sampling.seed, sample, position)
            )
            if drawn.ids[-1] == end_id:
                break
            last = [self.vocabulary[drawn.ids[-1]]]
        return drawn

    def _id(self, token: str) -> int:
        return self.text.tokenizer.tokens_to_ids((token,))[0]

    @property
    def n_train_items(self) -> int:
        """Items of train; for a stream its tokens, each of which can be looked at."""
        is_list = self.text.corpus.mode == "lines"
        return len(self.text.items["train"]) if is_list else len(self.stream)

    @cached_property
    def stream(self) -> Sequence[str]:
        """The tokens of a stream's train split; of a long one those of its beginning."""
        [text], cut = self.text.items["train"], self.text.tokenizer.safe_split_point
        return self.text.tokenizer.split(text[: cut(text, _LOOKED_AT)])

    @cached_property
    def lengths(self) -> Counter[int]:
        """How many lines of train have each length, in tokens."""
        items = self.text.items["train"]
        lines = items if self.text.corpus.mode == "lines" else items[0].split("\n")
        return Counter(len(self.text.tokenizer.split(line)) for line in lines)

    def fed(self, model: ModelConfig, first: int, n_rows: int) -> list[TrainingExample]:
        """What the model is fed, row by row, from the item (of a stream: token) ``first`` on."""
        return list(islice(self._fed(model.context, first), n_rows))

    def _fed(self, context: int | None, first: int) -> Iterator[TrainingExample]:
        items = self.text.items["train"]
        if self.text.corpus.mode == "stream":
            begin = max(0, first - _LONGEST_PREFIX)
            piece = self.stream[begin : first + 1000]
            yield from self._fed_item(0, "", piece, context, first - begin)
            return
        for number in range(first, len(items)):
            item = items[number]
            tokens = self.text.tokenizer.split(item)
            yield from self._fed_item(number, sanitize(item, _SHOWN_ITEM), tokens, context, 0)

    def _fed_item(
        self, number: int, item: str, tokens: Sequence[str], context: int | None, first: int
    ) -> Iterator[TrainingExample]:
        missing = set(self.text.tokenizer.unknown_tokens(tokens))
        glyphs = [token_glyph(UNKNOWN if token in missing else token) for token in tokens]
        if self.has_end:
            glyphs.append(token_glyph(self.vocabulary[-1]))
        begin = first if self.has_end else max(1, first)
        begins = max(begin, len(glyphs) - 1) if self.text.only_last else begin
        for i in range(begins, len(glyphs)):
            shown = item if i == begins else ""
            longest = i if self.text.only_last else _LONGEST_PREFIX
            sees = _window(glyphs, i, context, longest)
            yield TrainingExample(sees, glyphs[i], shown, number, i - begin)


def make_preview(data: DataConfig, progress: Progress | None = None) -> Preview:
    """Read, cut and count a text.

    Raises:
        RequestError: The text cannot be read, or is too short for what was asked.
    """
    text = prepare(data, progress)
    n_vocab = text.tokenizer.n_vocab
    train = bigram_counts(text, "train")
    scored = bigram_counts(text, "val") if text.items["val"] else train
    bigram = NgramTable(train).loss_of(scored)
    perfect = perfect_loss(text, data.tokenizer)
    return Preview(data, text, text.describe(n_vocab), train, log(n_vocab), bigram, perfect)


def _window(glyphs: Sequence[str], i: int, context: int | None, longest: int) -> tuple[str, ...]:
    if context is None:
        return tuple(glyphs[max(0, i - longest) : i])
    seen = glyphs[max(0, i - context) : i] if context else []
    return (*[FILL] * (context - len(seen)), *seen)
