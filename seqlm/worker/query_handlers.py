"""Query handlers: answers about a model, in pieces short enough to fit between two training steps."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from seqlm.data.prepared_text import PreparedText
from seqlm.data.split import SPLITS
from seqlm.errors import RequestError, SeqlmError
from seqlm.generation.sampler import SampledSequence, candidates, entropy
from seqlm.models.sliding_window import window_length
from seqlm.protocol.queries import (
    FirstBatch,
    Inspect,
    LearningRateSweep,
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
from seqlm.runs.directory import RunDirectory
from seqlm.runs.early_checks import reset_needs_stream
from seqlm.runs.tensor_files import not_finite
from seqlm.training.evaluate import SplitEvaluator
from seqlm.training.trainer import Trainer
from seqlm.worker.first_batch_handler import handle_first_batch
from seqlm.worker.inspect_handler import ablate, handle_inspect
from seqlm.worker.lr_sweep_handler import handle_run_sweep
from seqlm.worker.model_snapshots import ModelSnapshot, ModelSnapshots
from seqlm.worker.query_queue import AnswerStream
from seqlm.worker.sampling_request import (
    MAX_LENGTH,
    MAX_SAMPLES,
    check_bounds,
    describe_samples,
    make_sampler_options,
)

_MAX_SCORED = 4_000_000
"""Tokens in one answer: about 100 MB."""


class QueryContext(NamedTuple):
    """The run that queries are about.

    Attributes:
        directory: Directory of the run.
        snapshots: The weights of the run by name.
    """

    directory: RunDirectory
    snapshots: ModelSnapshots

    def answer(self, query: Query, trainer: Trainer | None) -> AnswerStream:
        """Answer a query about the run, piece by piece.

        Args:
            query: The query.
            trainer: The trainer of the run, if the run is training.

        Raises:
            SeqlmError: The weights are not saved, or they are damaged.
        """
        snapshot = self.snapshots.find(query.weights, trainer)
        if query.without and not isinstance(query, Inspect | LearningRateSweep):
            snapshot = ablate(snapshot, query.without)
        if isinstance(query, LearningRateSweep):
            config = self.snapshots.config
            return handle_run_sweep(query, self.directory, config, snapshot, trainer)
        if isinstance(query, FirstBatch):
            return handle_first_batch(query, self.snapshots, snapshot)
        if isinstance(query, SplitLoss) and query.split == "test":
            return self._count_test_look(answer_query(query, snapshot), snapshot.step)
        return answer_query(query, snapshot)

    def _count_test_look(self, answers: AnswerStream, step: int) -> AnswerStream:
        """Record each use of the test split: the more often it is used, the less it tells."""
        for answer in answers:
            if answer is not None:
                self.directory.note_test_look(step)
            yield answer


def answer_query(query: Query, snapshot: ModelSnapshot) -> AnswerStream:
    """Answer a query about a snapshot, piece by piece.

    Raises:
        RequestError: The query is not valid; the message names the allowed values.
    """
    return _HANDLERS[type(query)](query, snapshot)


def _next_token(query: NextToken, snapshot: ModelSnapshot) -> AnswerStream:
    if query.top is not None:
        check_bounds("top", query.top, 1, MAX_SAMPLES)
    tokenizer, generator = snapshot.text.tokenizer, snapshot.generator
    prompt_tokens = _tokens_of_prompt(query.text, query.tokens, snapshot.text)
    ids = token_ids(prompt_tokens, snapshot.text)
    prediction = None
    for prediction in generator.predict_in_pieces(ids):
        yield None
    assert prediction is not None
    options = candidates(prediction.probabilities)[: query.top]
    prompt, input_ids = [tokenizer.tokens[i] for i in ids], generator.prepare_input(ids)
    if snapshot.model.context is not None:
        width = snapshot.model.context
        padded = [*[snapshot.text.fill_id] * width, *input_ids]
        input_ids = padded[len(input_ids) :] if width else []
    if snapshot.model.max_tokens is not None:
        input_ids = input_ids[-window_length(len(input_ids), snapshot.model.max_tokens) :]
    yield NextTokenAnswer(
        id=query.id,
        step=snapshot.step,
        tokens=[tokenizer.tokens[option.token_id] for option in options],
        ids=[option.token_id for option in options],
        probabilities=[option.probability for option in options],
        entropy=entropy(prediction.probabilities),
        n_vocab=tokenizer.n_vocab,
        sees=["" if i >= tokenizer.n_vocab else tokenizer.tokens[i] for i in input_ids],
        surprisal=prediction.surprisal,
        prompt=prompt,
        prompt_ids=ids,
        unknown=tokenizer.unknown_tokens(prompt_tokens),
        never_begins=snapshot.text.is_untrained_prompt(prompt),
    )


def _sample(query: Sample, snapshot: ModelSnapshot) -> AnswerStream:
    sampling = make_sampler_options(query, query.count, query.length, query.greedy)
    given = _tokens_of_prompt(query.text, query.prompt, snapshot.text)
    default_prompt = [] if given else snapshot.text.default_prompt
    prompt_tokens = given or default_prompt
    ids = token_ids(prompt_tokens, snapshot.text)
    sequences: list[SampledSequence] = []
    for sequences in snapshot.generator.sample(ids, sampling, query.count, query.length):
        yield None
    samples: list[SampleResult] = []
    for samples in describe_samples(sequences, ids, snapshot.text, sampling.is_greedy):
        yield None
    unknown = snapshot.text.tokenizer.unknown_tokens(prompt_tokens)
    yield SampleAnswer(
        id=query.id,
        step=snapshot.step,
        samples=samples,
        unknown=unknown,
        default_prompt=default_prompt,
    )


def _score(query: Score, snapshot: ModelSnapshot) -> AnswerStream:
    text = snapshot.text
    ids = text.sequence_to_score(query.text)
    if len(ids) > _MAX_SCORED:
        raise RequestError(
            f"the text has {len(ids):,} tokens; at most {_MAX_SCORED:,} are scored at once",
            len(ids),
        )
    surprisal: list[float] = []
    for piece in snapshot.generator.score(ids):
        surprisal += piece
        yield None
    loss = math.fsum(surprisal) / len(surprisal)
    _raise_unless_finite(loss, snapshot)
    yield ScoreAnswer(
        id=query.id,
        step=snapshot.step,
        tokens=[text.tokenizer.tokens[i] for i in ids[1:]],
        surprisal=surprisal,
        loss=loss,
        unknown=text.tokenizer.unknown_tokens(text.tokenizer.split(query.text)),
    )


def _split_loss(query: SplitLoss, snapshot: ModelSnapshot) -> AnswerStream:
    if not snapshot.text.n_targets(query.split):
        filled = ", ".join(split for split in SPLITS if snapshot.text.n_targets(split))
        raise RequestError(f"the split {query.split} is empty; one of: {filled}", query.split)
    if query.reset_every is not None:
        check_bounds("reset_every", query.reset_every, 1, MAX_LENGTH)
        if snapshot.text.corpus.mode != "stream":
            raise reset_needs_stream(query.reset_every)
    evaluator = SplitEvaluator(
        snapshot.text, query.split, snapshot.device, snapshot.model.max_tokens, query.reset_every
    )
    result = None
    for result in evaluator.run(snapshot.model):
        yield None
    assert result is not None
    _raise_unless_finite(result.loss, snapshot)
    yield SplitLossAnswer(
        id=query.id,
        step=snapshot.step,
        split=query.split,
        loss=result.loss,
        accuracy=result.accuracy,
        n_tokens=result.n_tokens,
        protocol=evaluator.protocol,
    )


def _raise_unless_finite(loss: float, snapshot: ModelSnapshot) -> None:
    """Check that a loss is a number.

    Raises:
        SeqlmError: The loss is NaN or infinite, mostly because the weights are.
    """
    if math.isfinite(loss):
        return
    broken = not_finite(snapshot.model.state_dict())
    what = f"the weights of step {snapshot.step:,} are not finite ({broken})"
    if broken is None:
        what = f"the loss of the weights of step {snapshot.step:,} is not finite"
    raise SeqlmError(f"{what}; choose other weights with --weights best or a saved step")


_HANDLERS: dict[type[Any], Callable[[Any, ModelSnapshot], AnswerStream]] = {
    NextToken: _next_token,
    Sample: _sample,
    Score: _score,
    SplitLoss: _split_loss,
    Inspect: handle_inspect,
}


def _tokens_of_prompt(
    typed: str | None, tokens: Sequence[str], text: PreparedText
) -> Sequence[str]:
    """Return the tokens of a prompt: of the typed text if there is one, else the given tokens."""
    return tokens if typed is None else text.tokenizer.split(typed)


def token_ids(tokens: Sequence[str], text: PreparedText) -> list[int]:
    """Return the ids of tokens that a client names.

    Raises:
        RequestError: A token is not in the vocabulary, and there is no token for unknown ones.
    """
    tokenizer = text.tokenizer
    for token in tokenizer.unknown_tokens(tokens) if tokenizer.unknown_id is None else ():
        if len(tokenizer.split(token)) > 1:
            tokenizer.encode(token)  # its error describes the vocabulary
            raise RequestError(f"{token!r} is not one token; give one token at a time", token)
    return tokenizer.tokens_to_ids(tokens)
