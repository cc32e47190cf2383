"""Conversion of bigram counts and of a worker's answers to predictions."""

from array import array
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from seqlm.generation.sampler import candidates, entropy
from workbench.corpus.preview import Preview
from workbench.sampling.prediction import Prediction

if TYPE_CHECKING:  # the first frame does not need this module
    from seqlm.protocol.queries import NextTokenAnswer

COUNTS = "counts"
"""Name of the bigram counts as weights, before a model is trained."""


def from_counts(preview: Preview, request_id: str, tokens: Sequence[str]) -> Prediction:
    """Return the prediction of the bigram counts after `tokens`.

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
    """Return the prediction in a worker's answer."""
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
    return _deduplicate(tuple(tokens))


@lru_cache(maxsize=1)
def _deduplicate(vocabulary: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tuple of the previous answer if it is equal, so that predictions share it."""
    return vocabulary
