"""Results of the views of a model, as they arrive from the worker.

The core has structs with the same fields in ``seqlm.insight``, which imports torch.
"""

from typing import Any

import msgspec
from msgspec import Struct

from seqlm.protocol.queries import Inspect, InspectAnswer


class NamedTensor(Struct, frozen=True):
    """Tensor of the forward pass, with its values at one position in row-major order."""

    name: str
    shape: list[int]
    values: list[float]


class SoftmaxTable(Struct, frozen=True):
    """Softmax and cross-entropy of one position; each list has an entry for each token."""

    logits: list[float]
    shift: float
    exponentials: list[float]
    total: float
    probabilities: list[float]
    target_id: int | None
    loss: float | None
    stable_loss: float | None


class Network(Struct, frozen=True):
    """Forward pass of a text and the prediction at one position."""

    ids: list[int]
    position: int
    tensors: list[NamedTensor]
    softmax: SoftmaxTable


class TokenSurprisal(Struct, frozen=True):
    """Surprisal of one token in nats, and the tokens that were expected there."""

    token_id: int
    surprisal: float
    rank: int
    entropy: float
    expected: list[tuple[int, float]]


class UnitDescription(Struct, frozen=True):
    """Description of a unit; empty if no hypothesis fits."""

    unit: int
    description: str
    is_negative: bool
    score: float


class StateView(Struct, frozen=True):
    """Values (T, units) of one activation along a text, and the descriptions of its units.

    A partial result lacks the descriptions of some units or of all.
    """

    name: str
    names: list[str]
    values: list[list[float]]
    units: list[UnitDescription]

    def with_all_units(self) -> "StateView":
        """Return the result with all units; those that lack a description yet come last."""
        described = {unit.unit for unit in self.units}
        n_units = len(self.values[0]) if self.values else 0
        rest = [UnitDescription(i, "", False, 0.0) for i in range(n_units) if i not in described]
        return msgspec.structs.replace(self, units=[*self.units, *rest])


class AttentionHead(Struct, frozen=True):
    """Attention pattern (T, T) of one head, and its mean weight on known patterns."""

    name: str
    pattern: list[list[float]]
    previous_token: float | None
    first_token: float | None
    same_token: float | None
    induction: float | None


class EmbeddingMap(Struct, frozen=True):
    """Points of the tokens in two dimensions, by token id."""

    points: list[tuple[float, float]]
    variance_shares: tuple[float, float]
    is_projected: bool


class EmbeddingView(Struct, frozen=True):
    """Map of the embeddings, and the nearest neighbors of one token."""

    map: EmbeddingMap
    token_id: int
    nearest: list[tuple[int, float]]


class ParameterSummary(Struct, frozen=True):
    """Size and spread of one parameter."""

    name: str
    shape: list[int]
    mean: float
    std: float
    smallest: float
    largest: float


class ParameterValues(Struct, frozen=True):
    """One parameter as a matrix, its gradient in the same shape, and a histogram."""

    summary: ParameterSummary
    values: list[list[float]]
    gradients: list[list[float]] | None
    bin_edges: list[float]
    counts: list[int]


class WeightsView(Struct, frozen=True):
    """All parameters, and the values of one."""

    parameters: list[ParameterSummary]
    selected: ParameterValues


class ReachPoint(Struct, frozen=True):
    """Loss when only the last ``n_visible`` tokens are visible; None for all."""

    n_visible: int | None
    loss: float


RESULT_TYPES: dict[str, Any] = {
    "network": Network,
    "surprisal": list[TokenSurprisal],
    "state": StateView,
    "attention": list[AttentionHead],
    "embedding": EmbeddingView,
    "weights": WeightsView,
    "reach": list[ReachPoint],
}


class Shown(Struct, frozen=True):
    """Answer of the worker with its result.

    Attributes:
        step: Step of the weights.
        tokens: Tokens that the model read.
        ids: Their token ids.
        result: Result of the view.
        loss: Mean surprisal of the text in nats per token; None for a single token.
        full_loss: The same without replacing anything.
        is_partial: True if a more complete answer follows.
        query: The answered query.
    """

    step: int
    tokens: list[str]
    ids: list[int]
    result: Any
    loss: float | None
    full_loss: float | None
    is_partial: bool
    query: Inspect

    @property
    def without(self) -> list[str]:
        """Activations that were replaced by zero, as the query named them."""
        return self.query.without

    @property
    def has_own_text(self) -> bool:
        """True if the text is the first line of the validation split: the query named no other."""
        return self.query.text is None

    def is_complete_answer_to(self, query: Inspect) -> bool:
        """Return whether this is a complete answer to the same query, perhaps for other weights."""
        same = msgspec.structs.replace(query, id=self.query.id, weights=self.query.weights)
        return not self.is_partial and same == self.query


def read_answer(answer: InspectAnswer, query: Inspect) -> Shown:
    """Return the answer to a query with its result as structs.

    Raises:
        msgspec.ValidationError: The result does not have the form of the view.
    """
    # NaN and infinity are the words nan and inf inside a result.
    result = msgspec.convert(answer.result, RESULT_TYPES[answer.view], strict=False)
    if isinstance(result, StateView):
        result = result.with_all_units()
    return Shown(
        step=answer.step,
        tokens=answer.tokens,
        ids=answer.ids,
        result=result,
        loss=answer.loss,
        full_loss=answer.full_loss,
        is_partial=answer.is_partial,
        query=query,
    )
