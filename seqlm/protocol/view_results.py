"""Results of the views inside a model, as plain numbers; a worker sends them, a screen shows them."""

from typing import Any

from msgspec import Struct


class NamedTensor(Struct, frozen=True):
    """Tensor of the forward pass, with its values at one position.

    Attributes:
        name: Name of the activation.
        shape: Sizes of the dimensions; the first is the time T.
        values: Values at the position, over the other dimensions in row-major order, float32.
    """

    name: str
    shape: list[int]
    values: list[float]


class SoftmaxTable(Struct, frozen=True):
    """Softmax and cross-entropy of one position, step by step, with V entries in each list.

    Attributes:
        logits: Outputs of the model, plus the added constant.
        shift: Number subtracted from all logits before the exponential: their maximum, or 0.
        exponentials: ``exp(logit - shift)`` in float32; infinite where float32 overflows.
        total: Sum of the exponentials.
        probabilities: Exponentials divided by their sum; NaN after an overflow.
        target_id: The target token; None after the last token of the text.
        loss: ``-ln`` of the probability of the target; None without a target.
        stable_loss: Cross-entropy computed with log-softmax, which does not overflow.
    """

    logits: list[float]
    shift: float
    exponentials: list[float]
    total: float
    probabilities: list[float]
    target_id: int | None
    loss: float | None
    stable_loss: float | None


class Network(Struct, frozen=True):
    """Forward pass of a text and the prediction at one position.

    Attributes:
        ids: Token ids of the text.
        position: The position whose prediction is worked out.
        tensors: One-hot vectors and activations, in the order of the computation.
        softmax: The prediction at the position.
    """

    ids: list[int]
    position: int
    tensors: list[NamedTensor]
    softmax: SoftmaxTable


class TokenSurprisal(Struct, frozen=True):
    """Surprisal of one token.

    Attributes:
        token_id: The token that stands in the text.
        surprisal: ``-ln p`` of the token, in nats.
        rank: Number of tokens with a higher probability.
        entropy: Entropy of the prediction, in nats: the surprisal to be expected.
        expected: The most probable tokens with their probabilities, most probable first.
    """

    token_id: int
    surprisal: float
    rank: int
    entropy: float
    expected: list[tuple[int, float]]


class UnitDescription(Struct, frozen=True):
    """Description of a unit by the hypothesis that fits best.

    Attributes:
        unit: Index of the unit.
        description: The hypothesis in words; empty if none reaches ``MIN_SCORE``.
        is_negative: True if the unit is low where the hypothesis holds.
        score: From 0.5 for no relation to 1. For a property, the area under the ROC curve: the
            probability that a position where it holds has the more extreme value. For a quantity,
            ``(1 + r) / 2`` with Spearman's rank correlation r.
    """

    unit: int
    description: str
    is_negative: bool
    score: float


class StateView(Struct, frozen=True):
    """Units of one activation along a text, and what each unit responds to.

    Attributes:
        name: Name of the activation.
        names: All activations of the layers.
        values: (T, units) values along the text.
        units: Descriptions of the units, the best described ones first.
    """

    name: str
    names: list[str]
    values: list[list[float]]
    units: list[UnitDescription]


class AttentionHead(Struct, frozen=True):
    """Attention pattern of one head for one text.

    Attributes:
        name: Name of the head, e.g. ``layer.1.head.2``.
        pattern: (T, T) attention weights; row t is the position that attends, and sums to 1.
        previous_token: Mean weight on the position before.
        first_token: Mean weight on the first position, from all later ones.
        same_token: Mean weight on all earlier positions with the same token, from the positions that
            have one.
        induction: Mean weight on the positions after an earlier occurrence of the same token, from
            the positions that have one (Olsson et al. 2022).
    """

    name: str
    pattern: list[list[float]]
    previous_token: float | None
    first_token: float | None
    same_token: float | None
    induction: float | None


class EmbeddingMap(Struct, frozen=True):
    """Map of the token embeddings in two dimensions.

    Attributes:
        points: (V, 2) coordinates by token id.
        variance_shares: Share of the variance along each coordinate, in [0, 1].
        is_projected: False if the embeddings have two dimensions and are the points themselves,
            True if the points are the first two principal components.
    """

    points: list[tuple[float, float]]
    variance_shares: tuple[float, float]
    is_projected: bool


class EmbeddingView(Struct, frozen=True):
    """Map of the embeddings, and the nearest neighbors of one token.

    Attributes:
        map: The map.
        token_id: The token.
        nearest: Its nearest tokens with their cosine similarities.
    """

    map: EmbeddingMap
    token_id: int
    nearest: list[tuple[int, float]]


class ParameterSummary(Struct, frozen=True):
    """Size and spread of one parameter tensor.

    Attributes:
        name: Name of the parameter, as in the checkpoint.
        shape: Sizes of the dimensions.
        mean: Mean of the values.
        std: Standard deviation of the values; 0 for a single value.
        smallest: Smallest value.
        largest: Largest value.
    """

    name: str
    shape: list[int]
    mean: float
    std: float
    smallest: float
    largest: float


class ParameterValues(Struct, frozen=True):
    """One parameter as a matrix, with its gradient.

    Attributes:
        summary: Size and spread.
        values: Rows of the matrix; a vector is one row.
        gradients: Gradient of the mean loss on the given text, in the same shape; None without text.
        bin_edges: Edges of the histogram, one more than there are bins.
        counts: Number of values in each bin.
    """

    summary: ParameterSummary
    values: list[list[float]]
    gradients: list[list[float]] | None
    bin_edges: list[float]
    counts: list[int]


class WeightsView(Struct, frozen=True):
    """All parameters, and the values of one.

    Attributes:
        parameters: Size and spread of each parameter.
        selected: Values, gradient and histogram of the selected parameter.
    """

    parameters: list[ParameterSummary]
    selected: ParameterValues


class ReachPoint(Struct, frozen=True):
    """Loss with a limited number of visible tokens.

    Attributes:
        n_visible: k, the number of tokens before the target that the model reads; None for all.
        loss: Mean surprisal, in nats per token.
    """

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
"""Type of the result of each view."""
