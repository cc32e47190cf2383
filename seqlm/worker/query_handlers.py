"""Answers to questions about a model, in pieces short enough to fit between two training steps."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch

from seqlm.data.prepared_text import PreparedText
from seqlm.data.split import SPLITS
from seqlm.errors import RequestError
from seqlm.generation.generator import Generator
from seqlm.generation.sampler import SampledSequence, candidates, entropy
from seqlm.models.base import SequenceModel
from seqlm.models.sliding_window import window_length
from seqlm.protocol.queries import (
    Answer,
    NextToken,
    NextTokenAnswer,
    Query,
    Sample,
    SampleAnswer,
    SampleResult,
    Score,
    ScoreAnswer,
    SplitLoss,
    SplitLossAnswer,
)
from seqlm.training.evaluate import SplitEvaluator
from seqlm.worker.sampling_request import (
    MAX_LENGTH,
    MAX_SAMPLES,
    check_bounds,
    describe_samples,
    make_sampler_options,
)

_MAX_SCORED = 4_000_000
"""Tokens in one answer: some 100 MB."""


class ModelSnapshot(NamedTuple):
    """The model a question is about, in the weights that it named."""

    model: SequenceModel
    step: int
    text: PreparedText
    device: torch.device

    @property
    def generator(self) -> Generator:
        """Predicts and draws with this model."""
        return Generator(self.model, self.text.tokenizer, self.device)


Answering = Iterator[Answer | None]
"""Gives None after each piece of work, and each answer when it is there, the whole one at last."""


def answer_query(query: Query, subject: ModelSnapshot) -> Answering:
    """Answer a question, piece by piece.

    Raises:
        RequestError: The question cannot be answered; says what would be right.
    """
    return _ANSWERS[type(query)](query, subject)


def _next_token(query: NextToken, subject: ModelSnapshot) -> Answering:
    if query.top is not None:
        check_bounds("top", query.top, 1, MAX_SAMPLES)
    tokenizer, generator = subject.text.tokenizer, subject.generator
    given = _given(query.text, query.tokens, subject.text)
    ids = token_ids(given, subject.text)
    prediction = None
    for prediction in generator.predict_in_pieces(ids):
        yield None
    assert prediction is not None
    ordered = candidates(prediction.probabilities)[: query.top]
    prompt, sees = [tokenizer.tokens[i] for i in ids], generator.prepare_input(ids)
    if subject.model.context is not None:
        width = subject.model.context
        sees = [*[subject.text.fill_id] * width, *sees][len(sees) :] if width else []
    if subject.model.max_tokens is not None:
        sees = sees[-window_length(len(sees), subject.model.max_tokens) :]
    yield NextTokenAnswer(
        id=query.id,
        step=subject.step,
        tokens=[tokenizer.tokens[option.token_id] for option in ordered],
        ids=[option.token_id for option in ordered],
        probabilities=[option.probability for option in ordered],
        entropy=entropy(prediction.probabilities),
        n_vocab=tokenizer.n_vocab,
        sees=["" if i >= tokenizer.n_vocab else tokenizer.tokens[i] for i in sees],
        surprisal=prediction.surprisal,
        prompt=prompt,
        prompt_ids=ids,
        unknown=tokenizer.unknown_tokens(given),
        never_begins=subject.text.is_untrained_prompt(prompt),
    )


def _sample(query: Sample, subject: ModelSnapshot) -> Answering:
    sampling = make_sampler_options(query, query.count, query.length, query.greedy)
    given = _given(query.text, query.prompt, subject.text)
    ids = token_ids(given, subject.text)
    drawn: list[SampledSequence] = []
    for drawn in subject.generator.sample(ids, sampling, query.count, query.length):
        yield None
    samples: list[SampleResult] = []
    for samples in describe_samples(drawn, ids, subject.text, query.greedy):
        yield None
    unknown = subject.text.tokenizer.unknown_tokens(given)
    yield SampleAnswer(id=query.id, step=subject.step, samples=samples, unknown=unknown)


def _score(query: Score, subject: ModelSnapshot) -> Answering:
    text = subject.text
    ids = text.sequence_to_score(query.text)
    if len(ids) > _MAX_SCORED:
        raise RequestError(
            f"the text has {len(ids):,} tokens; at most {_MAX_SCORED:,} are scored at once",
            len(ids),
        )
    surprisal: list[float] = []
    for piece in subject.generator.score(ids):
        surprisal += piece
        yield None
    yield ScoreAnswer(
        id=query.id,
        step=subject.step,
        tokens=[text.tokenizer.tokens[i] for i in ids[1:]],
        surprisal=surprisal,
        loss=math.fsum(surprisal) / len(surprisal),
        unknown=text.tokenizer.unknown_tokens(text.tokenizer.split(query.text)),
    )


def _split_loss(query: SplitLoss, subject: ModelSnapshot) -> Answering:
    if not subject.text.n_targets(query.split):
        shares = ", ".join(split for split in SPLITS if subject.text.n_targets(split))
        raise RequestError(f"the split {query.split} is empty; there is {shares}", query.split)
    if query.reset_every is not None:
        check_bounds("reset_every", query.reset_every, 1, MAX_LENGTH)
        if subject.text.corpus.mode != "stream":
            raise RequestError(
                "reset_every needs a stream; items always begin from nothing", query.reset_every
            )
    scorer = SplitEvaluator(
        subject.text, query.split, subject.device, subject.model.max_tokens, query.reset_every
    )
    score = None
    for score in scorer.run(subject.model):
        yield None
    assert score is not None
    yield SplitLossAnswer(
        id=query.id,
        step=subject.step,
        split=query.split,
        loss=score.loss,
        accuracy=score.accuracy,
        n_tokens=score.n_tokens,
        protocol=scorer.protocol,
    )


_ANSWERS: dict[type[Any], Callable[[Any, ModelSnapshot], Answering]] = {
    NextToken: _next_token,
    Sample: _sample,
    Score: _score,
    SplitLoss: _split_loss,
}


def _given(typed: str | None, tokens: Sequence[str], text: PreparedText) -> Sequence[str]:
    """The tokens of a prompt: those of a typed text, else as a screen names them."""
    return tokens if typed is None else text.tokenizer.split(typed)


def token_ids(tokens: Sequence[str], text: PreparedText) -> list[int]:
    """The ids of tokens as a screen names them.

    Raises:
        RequestError: One is not in the vocabulary, and none stands for the unknown.
    """
    tokenizer = text.tokenizer
    for token in tokenizer.unknown_tokens(tokens) if tokenizer.unknown_id is None else ():
        if len(tokenizer.split(token)) > 1:
            tokenizer.encode(token)  # says what the vocabulary is
            raise RequestError(f"{token!r} is not one token; give one token at a time", token)
    return tokenizer.tokens_to_ids(tokens)
