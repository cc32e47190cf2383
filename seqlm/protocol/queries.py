"""Queries to a worker and their answers; only the client that asks sees them, and none is logged.

Each query names its weights: ``live``, ``best``, or a saved step. Each answer names the step of the
weights that were used. ``without`` names the activations that are replaced by zero, or by their mean
(``layer.0.hidden.174=mean``), while the query is answered.
"""

from typing import Any, TypeAlias

from msgspec import Struct

from seqlm.configuration.run_config import SampleConfig
from seqlm.protocol.events import SplitName


class _Query(Struct, frozen=True, kw_only=True, tag_field="kind", tag=True):
    id: str
    weights: str = "live"
    without: list[str] = []


class NextToken(_Query, frozen=True, kw_only=True):
    """Query for the next-token distribution: the ``top`` most probable tokens, or all."""

    tokens: list[str] = []
    text: str | None = None
    top: int | None = None


class Sample(_Query, frozen=True, kw_only=True):
    """Query for ``count`` samples that continue ``prompt``, up to ``length`` tokens or the end token.

    If ``text`` is given, its tokens are the prompt. Without a prompt, a text that has no end token to
    start from continues a prompt of one token, which the answer names.
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
    """Query for the surprisal of each token of a text."""

    text: str


class SplitLoss(_Query, frozen=True, kw_only=True):
    """Query for the loss on a whole split; ``reset_every`` resets the hidden state of a stream."""

    split: SplitName
    reset_every: int | None = None


class FirstBatch(_Query, frozen=True, kw_only=True):
    """Query for the examples of the first batch, the only one of a run with ``train.one_batch``."""


class Describe(_Query, frozen=True, kw_only=True):
    """Query for the status of the worker."""


class LearningRateSweep(_Query, frozen=True, kw_only=True):
    """Query for a learning-rate range test on a copy of the model; answered repeatedly during it.

    ``recipe`` describes a new model; empty means the model of the open run.
    """

    recipe: str = ""


class Inspect(_Query, frozen=True, kw_only=True):
    """Query for a view inside the model (see ``seqlm.insight.registry``).

    Attributes:
        view: Name of the view.
        text: Text that the model reads; None for the first line of the validation split.
        part: Name of an activation or a parameter, None for the first one of the view; of the view
            ``embedding`` the token whose neighbors are listed, None for the last one of the text.
        position: Position whose prediction is worked out; -1 for the last one.
        subtract_max: Whether softmax subtracts the maximum from the logits.
        add_to_logits: Constant added to all logits.
        with_vocabulary: Whether the answer contains the vocabulary.
        with_partial: Whether a view that takes long is also answered while it is incomplete.
    """

    view: str
    text: str | None = None
    part: str | None = None
    position: int = -1
    subtract_max: bool = True
    add_to_logits: float = 0.0
    with_vocabulary: bool = False
    with_partial: bool = False


class CancelQuery(_Query, frozen=True, kw_only=True):
    """Request to cancel the query with the id ``question``; has no answer."""

    question: str


class _Answer(Struct, frozen=True, kw_only=True, tag_field="kind", tag=True):
    id: str
    step: int


class NextTokenAnswer(_Answer, frozen=True, kw_only=True):
    """Next-token distribution, most probable first; ``entropy`` in nats.

    ``sees`` is the part of the prompt that the prediction depends on; ``prompt`` is the whole prompt,
    ``prompt_ids`` its token ids, and ``unknown`` its words outside the vocabulary. ``never_begins``
    is True if the prompt is one token with which no training item starts.
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
    """One sample, with the random numbers and probabilities of its tokens.

    Attributes:
        text: The prompt and the sampled text, without the end token.
        tokens: The sampled tokens.
        surprisal: Surprisal of each sampled token under the model, in nats.
        u: The random number in [0, 1) that selected each token; None for greedy decoding.
        intervals: [begin, end) of each selected token in the cumulative distribution, after all
            sampling stages.
        is_item: True if the text is a complete item: a line that reached its end token, or any
            text of a corpus without end tokens; never a piece of a stream.
        seen_in: The first split that contains exactly this item; None if no split does.
    """

    text: str
    tokens: list[str]
    surprisal: list[float]
    u: list[float | None] = []
    intervals: list[tuple[float, float]] = []
    is_item: bool = False
    seen_in: SplitName | None = None


class SampleAnswer(_Answer, frozen=True, kw_only=True):
    """Samples in the order of sampling; ``unknown`` as in :class:`NextTokenAnswer`.

    ``default_prompt`` is the prompt that was used because none was given and there is no end token.
    """

    samples: list[SampleResult]
    unknown: list[str] = []
    default_prompt: list[str] = []


class ScoreAnswer(_Answer, frozen=True, kw_only=True):
    """Tokens with their surprisal in nats; ``loss`` is the mean, ``unknown`` as above."""

    tokens: list[str]
    surprisal: list[float]
    loss: float
    unknown: list[str] = []


class SplitLossAnswer(_Answer, frozen=True, kw_only=True):
    """Loss (nats per token) and accuracy (fraction of targets that were the most probable token)."""

    split: SplitName
    loss: float
    accuracy: float
    n_tokens: int
    protocol: str


class DescribeAnswer(_Answer, frozen=True, kw_only=True):
    """Status of the worker (idle, training, paused or reading) and the name of its run, if any.

    ``message`` says why a run waits that nobody has paused, e.g. that the disk is full.
    """

    status: str
    run: str | None
    message: str = ""


class LearningRateSweepAnswer(_Answer, frozen=True, kw_only=True):
    """Results of the range test so far: learning rate and smoothed loss (nats) of each step.

    The test takes ``n_steps`` up to ``last_rate``, unless the loss diverges earlier; ``is_over`` marks
    the last answer. ``suggestion`` is None if no rate can be suggested; ``reason`` explains it.
    """

    learning_rates: list[float]
    losses: list[float]
    n_steps: int
    last_rate: float
    is_over: bool
    suggestion: float | None
    reason: str


class InspectAnswer(_Answer, frozen=True, kw_only=True):
    """Result of a view.

    Attributes:
        view: Name of the view.
        tokens: Tokens that the model read.
        ids: Their token ids.
        result: Result of the view as plain numbers, lists and objects.
        without: Activations that were replaced.
        loss: Mean surprisal of the text, in nats per token; None for a single token.
        full_loss: The same without replacing anything.
        vocabulary: All tokens by id, if the query asked for them.
        is_partial: True if the result is incomplete and another answer follows.
    """

    view: str
    tokens: list[str]
    ids: list[int]
    result: Any
    without: list[str] = []
    loss: float | None = None
    full_loss: float | None = None
    vocabulary: list[str] = []
    is_partial: bool = False


class BatchExample(Struct, frozen=True):
    """One example of a batch: its context, its target, and the probability of the target."""

    context: list[str]
    target: str
    probability: float


class FirstBatchAnswer(_Answer, frozen=True, kw_only=True):
    """The examples of the first batch, at most 256, in their order."""

    examples: list[BatchExample]


class Rejected(Struct, frozen=True, kw_only=True, tag_field="kind", tag=True):
    """Rejection of a command or query, with the error message.

    Without an id it is a notice to every client: the run waits because it cannot be written, or, if
    ``is_end``, the worker ends without an end in the log.
    """

    id: str
    message: str
    exit_status: int = 2
    is_end: bool = False


Query: TypeAlias = (
    NextToken
    | Sample
    | Score
    | SplitLoss
    | FirstBatch
    | Describe
    | LearningRateSweep
    | Inspect
    | CancelQuery
)
Answer: TypeAlias = (
    NextTokenAnswer
    | SampleAnswer
    | ScoreAnswer
    | SplitLossAnswer
    | FirstBatchAnswer
    | DescribeAnswer
    | LearningRateSweepAnswer
    | InspectAnswer
    | Rejected
)
