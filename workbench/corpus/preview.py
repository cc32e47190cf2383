"""Preview of a corpus before training: text, splits, vocabulary, and bigram counts.

Plain Python without torch, fast enough for the first frame. The bigram counts predict the next
token until there is a trained model.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from math import exp, log
from typing import TYPE_CHECKING

from msgspec import Struct

from seqlm.configuration.data_config import DataConfig
from seqlm.configuration.model_configs import ModelConfig
from seqlm.configuration.run_config import SampleConfig
from seqlm.data.baselines import bigram_baseline, perfect_loss
from seqlm.data.ngrams import NgramCounts, NgramTable
from seqlm.data.prepared_text import Description, PreparedText, prepare
from seqlm.data.split import SPLITS
from seqlm.data.text_io import Progress
from seqlm.data.tokenizer import UNKNOWN
from seqlm.generation.sampler import SampledSequence, uniform_random
from seqlm.sanitize import sanitize
from workbench.render.sanitize import token_glyph

if TYPE_CHECKING:  # what the first frame does not need is imported when it is needed
    from seqlm.protocol.queries import SampleResult

FILL = "·"
"""Sign for a position of the context before the first token."""
_LONGEST_PREFIX = 64
_MAX_ITEM = 200
_MAX_STREAM = 1_000_000  # characters
_MIN_LENGTH, _MAX_PROBABILITIES = 4, 300_000


class TrainingExample(Struct, frozen=True):
    """Training example: context and target.

    Attributes:
        sees: Tokens of the context.
        next: Target.
        item: The whole line on its first row, else empty.
        n_item: Index of the item in the training split.
        n_target: Index of the target in the item.
    """

    sees: tuple[str, ...]
    next: str
    item: str
    n_item: int
    n_target: int


class Preview(Struct, frozen=True, dict=True, eq=False):
    """Prepared text with its counts, as plain data that another process can send.

    Attributes:
        data: Corpus and preparation.
        text: Text, tokenizer and splits.
        description: Sizes, vocabulary, and frequency of each target.
        counts: Bigram counts of the training split.
        uniform: ln V, the loss of guessing uniformly (nats per token).
        add_k: Pseudocount added to each of the counts, the best one for the validation split.
        bigram: Validation loss of the bigram counts of train, in nats per token.
        perfect: Entropy of the grammar that generated the text, if known.
    """

    data: DataConfig
    text: PreparedText
    description: Description
    counts: NgramCounts
    uniform: float
    add_k: float
    bigram: float
    perfect: float | None = None

    @cached_property
    def table(self) -> NgramTable:
        """Bigram table of next-token probabilities."""
        return NgramTable(self.counts, add_k=self.add_k)

    @property
    def name(self) -> str:
        """Display name of the corpus."""
        return sanitize(self.text.corpus.name, 60)

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """Token of each id."""
        return self.text.tokenizer.tokens

    @property
    def has_end(self) -> bool:
        """True if items end with an end token."""
        return self.text.boundary == "end"

    def has(self, tokens: Sequence[str]) -> bool:
        """Return whether all of these tokens are in the vocabulary."""
        return all(token in self.text.tokenizer.ids for token in tokens)

    def probabilities(self, tokens: Sequence[str]) -> list[float]:
        """Return the probability of each token id after ``tokens`` under the bigram counts.

        Raises:
            RequestError: A token is not in the vocabulary.
        """
        for token in tokens:
            self._id(token)
        return self.table.probabilities([self._id(token) for token in tokens[-1:]])

    def shares(self, token: str) -> list[float]:
        """Return the share of each token id among the tokens that follow ``token`` in train."""
        before = chr(self._id(token))
        followers = [self.counts.grams.get(before + chr(i), 0) for i in range(self.counts.n_vocab)]
        total = sum(followers)
        return [n / total if total else 0.0 for n in followers]

    def surprisal(self, tokens: Sequence[str]) -> tuple[float, ...]:
        """Return the surprisal of each token under the bigram counts, in nats."""
        texts: list[list[str]] = [[], *([token] for token in tokens[:-1])]
        pairs = zip(texts, tokens, strict=False)  # nothing comes before the first token
        found = [-log(self.probabilities(before)[self._id(token)]) for before, token in pairs]
        return tuple(found if self.has_end else found[1:])

    def chances(self, n_item: int) -> tuple[float, ...]:
        """Return the probability of each target of a training item under the bigram counts."""
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
        """Return continuations of ``prompt`` sampled from the bigram counts with a fixed seed.

        Continuations are shorter for a large vocabulary, so that the screen does not wait.
        """
        from seqlm.protocol.queries import SampleResult

        length = max(_MIN_LENGTH, min(length, _MAX_PROBABILITIES // (count * len(self.vocabulary))))
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
        """Number of training items; for a stream, the number of its tokens."""
        is_list = self.text.corpus.mode == "lines"
        return len(self.text.items["train"]) if is_list else len(self.stream)

    @cached_property
    def stream(self) -> Sequence[str]:
        """Tokens of a stream's training split, at most those of its first million characters."""
        [text], cut = self.text.items["train"], self.text.tokenizer.safe_split_point
        return self.text.tokenizer.split(text[: cut(text, _MAX_STREAM)])

    @cached_property
    def lengths(self) -> Counter[int]:
        """Number of training lines by length in tokens."""
        items = self.text.items["train"]
        lines = items if self.text.corpus.mode == "lines" else items[0].split("\n")
        return Counter(len(self.text.tokenizer.split(line)) for line in lines)

    def fed(self, model: ModelConfig, first: int, n_rows: int) -> list[TrainingExample]:
        """Return training examples from the item (in a stream, the token) ``first`` on."""
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
            yield from self._fed_item(number, sanitize(item, _MAX_ITEM), tokens, context, 0)

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
    """Load, split and count a corpus.

    Args:
        data: Corpus and preparation.
        progress: Called with the bytes read so far and in total.

    Raises:
        RequestError: The corpus cannot be read, or is too short for the config.
    """
    text = prepare(data, progress)
    n_vocab = text.tokenizer.n_vocab
    bigram = bigram_baseline(text)
    return Preview(
        data=data,
        text=text,
        description=text.describe(n_vocab),
        counts=bigram.counts,
        uniform=log(n_vocab),
        add_k=bigram.add_k,
        bigram=bigram.loss,
        perfect=perfect_loss(text, data.tokenizer),
    )


def context_window(tokens: Sequence[str], context: int | None) -> tuple[str, ...]:
    """Return the last tokens that a model of this context sees, as glyphs, filled on the left."""
    glyphs = [token_glyph(token) for token in tokens]
    return _window(glyphs, len(glyphs), context, _LONGEST_PREFIX)


def _window(glyphs: Sequence[str], i: int, context: int | None, longest: int) -> tuple[str, ...]:
    if context is None:
        return tuple(glyphs[max(0, i - longest) : i])
    seen = glyphs[max(0, i - context) : i] if context else []
    return (*[FILL] * (context - len(seen)), *seen)
