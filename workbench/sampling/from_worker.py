"""Predictions for the Generate pane, made from the counts or from a worker's answer."""

from array import array
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from seqlm.generation.sampler import candidates, entropy
from workbench.corpus.preview import Preview
from workbench.sampling.prediction import Prediction

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
        vocabulary=preview.vocabulary,
        ids=array("i", (option.token_id for option in ordered)),
        probabilities=array("d", (option.probability for option in ordered)),
        entropy_nats=entropy(probabilities),
        sees=tuple(tokens[-1:]),
        surprisal=preview.surprisal(tokens),
    )


def from_answer(answer: "NextTokenAnswer") -> Prediction:
    """What the model expects, as the worker told it."""
    return Prediction(
        request_id=answer.id,
        vocabulary=_vocabulary(answer),
        ids=array("i", answer.ids),
        probabilities=array("d", answer.probabilities),
        entropy_nats=answer.entropy,
        step=answer.step,
        sees=tuple(answer.sees),
        surprisal=tuple(answer.surprisal),
    )


def _vocabulary(answer: "NextTokenAnswer") -> tuple[str, ...]:
    tokens = [""] * answer.n_vocab
    for token_id, token in zip(answer.ids, answer.tokens, strict=True):
        tokens[token_id] = token
    return _shared(tuple(tokens))


@lru_cache(maxsize=1)
def _shared(vocabulary: tuple[str, ...]) -> tuple[str, ...]:
    """The tuple that the answer before brought, where it is the same: each answer spells it out."""
    return vocabulary
