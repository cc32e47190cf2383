"""What a screen may ask a worker. Question and answer go to the asker alone and are never logged.

Each question names the weights it means: ``live``, ``best``, or the step of a kept checkpoint. Each
answer says the step of the weights it used.
"""

from typing import TypeAlias

from msgspec import Struct

from seqlm.configuration.run_config import SampleConfig
from seqlm.protocol.events import SplitName


class _Query(Struct, frozen=True, kw_only=True, tag_field="kind", tag=True):
    id: str
    weights: str = "live"


class NextToken(_Query, frozen=True, kw_only=True):
    """What comes after these tokens, or after this text? The ``top`` most probable, or all."""

    tokens: list[str] = []
    text: str | None = None
    top: int | None = None


class Sample(_Query, frozen=True, kw_only=True):
    """Draw ``count`` continuations of ``prompt`` (tokens), each up to ``length`` tokens or the end.

    Where ``text`` is given, its tokens are the prompt.
    """

    prompt: list[str] = []
    text: str | None = None
    count: int = 1
    length: int = 256
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    order: str = SampleConfig().order
    greedy: bool = False
    seed: int = 0


class Score(_Query, frozen=True, kw_only=True):
    """How surprised is the model by each token of this text, read in one pass?"""

    text: str


class SplitLoss(_Query, frozen=True, kw_only=True):
    """What is the loss on a whole split, of a stream also with the state forgotten now and then?"""

    split: SplitName
    reset_every: int | None = None


class Describe(_Query, frozen=True, kw_only=True):
    """Which model is this, and in what state?"""


class LearningRateSweep(_Query, frozen=True, kw_only=True):
    """Which learning rate fits? Trial steps on a copy; answered again and again while they are done.

    ``recipe`` is of a new model to try them on; empty for the model of the open run.
    """

    recipe: str = ""


class CancelQuery(_Query, frozen=True, kw_only=True):
    """Nobody waits for the answer to the question with the id ``question``; not answered itself."""

    question: str


class _Answer(Struct, frozen=True, kw_only=True, tag_field="kind", tag=True):
    id: str
    step: int


class NextTokenAnswer(_Answer, frozen=True, kw_only=True):
    """The whole distribution, most probable first; ``entropy`` in nats.

    ``sees`` is the part of the prompt that the prediction depends on, as it was fed; ``prompt`` all of
    it, ``prompt_ids`` its numbers, ``unknown`` what stands in it that is not in the vocabulary, and
    ``never_begins`` tells that it is one token with which no item of train begins.
    """

    tokens: list[str]
    ids: list[int]
    probabilities: list[float]
    entropy: float
    n_vocab: int
    sees: list[str]
    surprisal: list[float] = []
    prompt: list[str] = []
    prompt_ids: list[int] = []
    unknown: list[str] = []
    never_begins: bool = False


class SampleResult(Struct, frozen=True, kw_only=True):
    """One sample, and how each of its tokens was chosen.

    Attributes:
        text: The prompt and what was drawn, without the end token.
        tokens: Those drawn.
        surprisal: Of each under the model, in nats.
        u: The random number in [0, 1) that chose each; None for greedy, which takes the most
            probable token and draws no number.
        intervals: [begin, end) of the cumulative distribution where each number fell: the stretch
            of the token that was chosen, after every stage of the sampler.
        is_item: Whether the text is an item, so that it was looked up: a line that met its end
            token, or any text where lines have none; never a piece of a stream.
        seen_in: The first split in which exactly this item stands; None for none, and for what is
            no item.
    """

    text: str
    tokens: list[str]
    surprisal: list[float]
    u: list[float | None] = []
    intervals: list[tuple[float, float]] = []
    is_item: bool = False
    seen_in: SplitName | None = None


class SampleAnswer(_Answer, frozen=True, kw_only=True):
    """The samples, in the order of their draws; ``unknown`` as in :class:`NextTokenAnswer`."""

    samples: list[SampleResult]
    unknown: list[str] = []


class ScoreAnswer(_Answer, frozen=True, kw_only=True):
    """Tokens and their surprisal in nats; ``loss`` is the mean, ``unknown`` as above."""

    tokens: list[str]
    surprisal: list[float]
    loss: float
    unknown: list[str] = []


class SplitLossAnswer(_Answer, frozen=True, kw_only=True):
    """Loss (nats per token) and accuracy (share of targets that were the most probable token)."""

    split: SplitName
    loss: float
    accuracy: float
    n_tokens: int
    protocol: str


class DescribeAnswer(_Answer, frozen=True, kw_only=True):
    """``status`` is idle, training, paused or reading; ``run`` the directory's name, if any."""

    status: str
    run: str | None


class LearningRateSweepAnswer(_Answer, frozen=True, kw_only=True):
    """The trial steps done so far: the learning rate of each, and the smoothed loss after it (nats).

    There are to be ``n_steps`` up to ``last_rate``, unless the loss blows up before; ``is_over``
    tells that this is the last answer. ``suggestion`` is None where no rate can be suggested;
    ``reason`` says why, in words.
    """

    learning_rates: list[float]
    losses: list[float]
    n_steps: int
    last_rate: float
    is_over: bool
    suggestion: float | None
    reason: str


class Rejected(Struct, frozen=True, kw_only=True, tag_field="kind", tag=True):
    """A command or query that cannot be followed: what was wrong and what would be right."""

    id: str
    message: str
    exit_status: int = 2


Query: TypeAlias = (
    NextToken | Sample | Score | SplitLoss | Describe | LearningRateSweep | CancelQuery
)
Answer: TypeAlias = (
    NextTokenAnswer
    | SampleAnswer
    | ScoreAnswer
    | SplitLossAnswer
    | DescribeAnswer
    | LearningRateSweepAnswer
    | Rejected
)
