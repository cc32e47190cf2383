"""Tests of the conversion of worker answers to predictions."""

import sys

from seqlm.generation.sampler import candidates, entropy
from seqlm.protocol import codec
from seqlm.protocol.queries import Answer, NextTokenAnswer
from workbench.sampling.from_worker import from_answer

N_VOCAB = 10_000
READER = codec.decoder(Answer)


def worker_answer(likeliest: int) -> NextTokenAnswer:
    """Return an answer decoded from the socket format, with its own strings."""
    weights = [1 / (1 + abs(i - likeliest)) for i in range(N_VOCAB)]
    probabilities = [weight / sum(weights) for weight in weights]
    ordered = candidates(probabilities)
    answer = NextTokenAnswer(
        id="q",
        step=3,
        tokens=[f"w{option.token_id}" for option in ordered],
        ids=[option.token_id for option in ordered],
        probabilities=[option.probability for option in ordered],
        entropy=entropy(probabilities),
        n_vocab=N_VOCAB,
        sees=[],
    )
    return codec.decode(codec.encode(answer), READER)


def test_prediction_equals_the_answer() -> None:
    answer = worker_answer(7)
    prediction = from_answer(answer)
    assert [prediction.token(i) for i in range(N_VOCAB)] == answer.tokens
    assert prediction.probabilities.tolist() == answer.probabilities
    assert prediction.index("w7") == 0
    assert prediction.probability_of("w7") == answer.probabilities[0]
    assert (prediction.index("no word"), prediction.probability_of("no word")) == (None, 0.0)


def test_predictions_share_strings_and_take_12_bytes_per_token() -> None:
    one, other = from_answer(worker_answer(7)), from_answer(worker_answer(4_000))
    assert one.vocabulary is other.vocabulary
    assert sys.getsizeof(one.ids) + sys.getsizeof(one.probabilities) < 13 * N_VOCAB
