"""Answers to a question for a learning rate: told while they grow, so that a screen draws them."""

from collections.abc import Iterator

import torch
from msgspec.structs import replace

from seqlm.configuration.run_config import RunConfig
from seqlm.data.prepared_text import prepare
from seqlm.protocol.events import ValueChanged
from seqlm.protocol.queries import LearningRateSweep, LearningRateSweepAnswer
from seqlm.runs.directory import RunDirectory
from seqlm.runs.event_log import read_events, without_superseded
from seqlm.runs.provenance import open_text
from seqlm.runspec import recipe
from seqlm.training.live_settings import FIELD_OF_KEY, LiveSettings, LiveSettingsSchedule
from seqlm.training.lr_finder import raise_if_count_based, sweep_copy, sweep_new, train_batches
from seqlm.training.lr_sweep import LrSweep
from seqlm.training.trainer import Trainer
from seqlm.worker.model_snapshots import ModelSnapshots
from seqlm.worker.query_handlers import Answering, ModelSnapshot

_STEPS_PER_ANSWER = 4


def sweep_run(directory: RunDirectory) -> Iterator[LrSweep]:
    """Sweep a copy of a run's model in the weights of its latest checkpoint; the run is only read.

    Raises:
        RequestError: Its family learns by counting, or its text is not the same any more.
        SeqlmError: There is no checkpoint yet, or it is damaged.
    """
    config = directory.manifest().config
    raise_if_count_based(config)
    torch.set_num_threads(config.train.threads)
    subjects = ModelSnapshots(config, open_text(directory), directory.checkpoints_path)
    yield from _sweep_kept(directory, config, subjects.find("latest", None))


def handle_run_sweep(
    query: LearningRateSweep,
    directory: RunDirectory,
    config: RunConfig,
    subject: ModelSnapshot,
    trainer: Trainer | None,
) -> Answering:
    """Sweep a copy of a run's model, with the values in force, from the batches of its step on.

    Args:
        query: The question.
        directory: The run.
        config: The run's configuration.
        subject: The model in the weights that the question names.
        trainer: What trains the run now, if anything does.

    Raises:
        RequestError: The family learns by counting.
    """
    raise_if_count_based(config)
    if trainer is None or trainer.batches is None:
        sweeps = _sweep_kept(directory, config, subject)
    else:
        model, device, settings = subject.model, subject.device, trainer.live.current
        sweeps = sweep_copy(config, model, trainer.batches, device, settings, subject.step)
    yield from _told(query, subject.step, sweeps)


def _sweep_kept(
    directory: RunDirectory, config: RunConfig, subject: ModelSnapshot
) -> Iterator[LrSweep]:
    batches = train_batches(config, subject.text, subject.model)
    settings = _settings_at(directory, config, subject.step)
    return sweep_copy(config, subject.model, batches, subject.device, settings, subject.step)


def _settings_at(directory: RunDirectory, config: RunConfig, step: int) -> LiveSettings:
    """Return the live settings at a step: those of the configuration, with the logged changes."""
    schedule = LiveSettingsSchedule(replace(config, changes=()))
    for event in without_superseded(read_events(directory.events_path)):
        if isinstance(event, ValueChanged) and event.key in FIELD_OF_KEY:
            schedule.add_logged(event)
    return schedule.settings_at(step)


def handle_preset_sweep(query: LearningRateSweep) -> Answering:
    """Sweep a new model of the recipe that the question names.

    Raises:
        RequestError: It is no recipe, or its family learns by counting.
    """
    config = recipe.parse_recipe(query.recipe)
    raise_if_count_based(config)
    yield None
    text = prepare(config.data)
    yield None
    yield from _told(query, 0, sweep_new(config, text))


def _told(query: LearningRateSweep, step: int, sweeps: Iterator[LrSweep]) -> Answering:
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
