"""Predictions for the Generate pane, made from the counts or from a worker's answer."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from seqlm.generation.sampler import candidates, entropy
from workbench.drawn.prediction import Prediction
from workbench.texts.preview import Preview

if TYPE_CHECKING:  # what the first frame does not need is imported when it is needed
    from seqlm.protocol.queries import NextTokenAnswer

COUNTS = "counts"
"""The weights that stand for the counts of pairs, before there are any."""


def from_counts(preview: Preview, request_id: str, tokens: Sequence[str]) -> Prediction:
    """What the pair counts expect after ``tokens``.

    Raises:
        RequestError: A token is not in the vocabulary.
    """
    probabilities = preview.probabilities(tokens)
    ordered = candidates(probabilities)
    return Prediction(
        request_id=request_id,
        candidates=tuple((preview.vocabulary[c.token_id], c.probability) for c in ordered),
        entropy_nats=entropy(probabilities),
        sees=tuple(tokens[-1:]),
        surprisal=preview.surprisal(tokens),
    )


def from_answer(answer: "NextTokenAnswer") -> Prediction:
    """What the model expects, as the worker told it."""
    return Prediction(
        request_id=answer.id,
        candidates=tuple(zip(answer.tokens, answer.probabilities, strict=True)),
        entropy_nats=answer.entropy,
        step=answer.step,
        sees=tuple(answer.sees),
        surprisal=tuple(answer.surprisal),
    )
