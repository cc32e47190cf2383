"""Query handler of the learning-rate search: answers are sent while the sweep runs."""

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
from seqlm.training.lr_finder import sweep_copy, sweep_new, train_batches
from seqlm.training.lr_sweep import LrSweep, raise_if_count_based
from seqlm.training.trainer import Trainer
from seqlm.worker.model_snapshots import ModelSnapshot, ModelSnapshots
from seqlm.worker.query_queue import AnswerStream

_STEPS_PER_ANSWER = 4


def sweep_run(directory: RunDirectory) -> Iterator[LrSweep]:
    """Sweep a copy of a run's model with the weights of its latest checkpoint; the run is only read.

    Yields:
        The sweep so far, after each step.

    Raises:
        RequestError: The model is count-based, or the corpus has changed since the run.
        SeqlmError: No checkpoint is saved, or the checkpoint is damaged.
    """
    config = directory.manifest().config
    raise_if_count_based(config)
    torch.set_num_threads(config.train.threads)
    snapshots = ModelSnapshots(config, open_text(directory), directory.checkpoints_path)
    yield from _sweep_snapshot(directory, config, snapshots.find("latest", None))


def handle_run_sweep(
    query: LearningRateSweep,
    directory: RunDirectory,
    config: RunConfig,
    snapshot: ModelSnapshot,
    trainer: Trainer | None,
) -> AnswerStream:
    """Sweep a copy of a run's model with its live settings, on the batches that follow its step.

    Args:
        query: The query.
        directory: The run.
        config: The run's configuration.
        snapshot: The model with the weights that the query names.
        trainer: The trainer of the run, if the run is training.

    Raises:
        RequestError: The model is count-based.
    """
    raise_if_count_based(config)
    if trainer is None or trainer.batches is None:
        sweeps = _sweep_snapshot(directory, config, snapshot)
    else:
        model, device, settings = snapshot.model, snapshot.device, trainer.live.current
        sweeps = sweep_copy(config, model, trainer.batches, device, settings, snapshot.step)
    yield from _stream_answers(query, snapshot.step, sweeps)


def _sweep_snapshot(
    directory: RunDirectory, config: RunConfig, snapshot: ModelSnapshot
) -> Iterator[LrSweep]:
    batches = train_batches(config, snapshot.text, snapshot.model)
    settings = _settings_at(directory, config, snapshot.step)
    return sweep_copy(config, snapshot.model, batches, snapshot.device, settings, snapshot.step)


def _settings_at(directory: RunDirectory, config: RunConfig, step: int) -> LiveSettings:
    """Return the live settings at a step: those of the configuration, with the logged changes."""
    schedule = LiveSettingsSchedule(replace(config, changes=()))
    for event in without_superseded(read_events(directory.events_path)):
        if isinstance(event, ValueChanged) and event.key in FIELD_OF_KEY:
            schedule.add_logged(event)
    return schedule.settings_at(step)


def handle_preset_sweep(query: LearningRateSweep) -> AnswerStream:
    """Sweep a new model of the recipe that the query names.

    Raises:
        RequestError: The recipe is not valid, or the model is count-based.
    """
    config = recipe.parse_recipe(query.recipe)
    raise_if_count_based(config)
    yield None
    text = prepare(config.data)
    yield None
    yield from _stream_answers(query, 0, sweep_new(config, text))


def _stream_answers(query: LearningRateSweep, step: int, sweeps: Iterator[LrSweep]) -> AnswerStream:
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
