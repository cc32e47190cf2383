"""Answers to a question for a learning rate: told while they grow, so that a screen draws them."""

from collections.abc import Iterator

from seqlm import recipe
from seqlm.config import RunConfig
from seqlm.data.prepare import prepare
from seqlm.protocol.queries import LearningRateSweep, LearningRateSweepAnswer
from seqlm.runs.answers import Answering, Subject
from seqlm.training.lr_finder import refuse_counting, sweep_copy, sweep_new, train_batches
from seqlm.training.sweep import Sweep
from seqlm.training.trainer import Trainer

_STEPS_PER_ANSWER = 4


def answer_sweep(
    query: LearningRateSweep, config: RunConfig, subject: Subject, trainer: Trainer | None
) -> Answering:
    """Sweep a copy of a run's model, with the values in force, from the batches of its step on.

    Args:
        query: The question.
        config: The run's configuration.
        subject: The model in the weights that the question names.
        trainer: What trains the run now, if anything does.

    Raises:
        RequestError: The family learns by counting.
    """
    refuse_counting(config)
    batches = trainer.batches if trainer is not None else None
    values = dict(trainer.live.values) if trainer is not None else None
    if batches is None:
        batches = train_batches(config, subject.text, subject.model)
    model, device = subject.model, subject.device
    sweeps = sweep_copy(config, model, batches, device, values, subject.step)
    yield from _told(query, subject.step, sweeps)


def answer_new_sweep(query: LearningRateSweep) -> Answering:
    """Sweep a new model of the recipe that the question names.

    Raises:
        RequestError: It is no recipe, or its family learns by counting.
    """
    config = recipe.read(query.recipe)
    refuse_counting(config)
    yield None
    text = prepare(config.data)
    yield None
    yield from _told(query, 0, sweep_new(config, text))


def _told(query: LearningRateSweep, step: int, sweeps: Iterator[Sweep]) -> Answering:
    for sweep in sweeps:
        if sweep.is_over or len(sweep.losses) % _STEPS_PER_ANSWER == 0:
            yield LearningRateSweepAnswer(
                id=query.id,
                step=step,
                learning_rates=sweep.learning_rates,
                losses=sweep.smoothed,
                n_steps=sweep.n_steps,
                last_rate=sweep.last_rate,
                is_over=sweep.is_over,
                suggestion=sweep.suggestion,
                reason=sweep.reason,
            )
        yield None
