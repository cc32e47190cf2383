"""Trains a rung, tells what it reached beside what it should, and asks about it afterwards."""

from itertools import chain

from msgspec.structs import replace

import seqlm
from seqlm.presets import PRESETS
from seqlm.protocol.commands import Read, Start
from seqlm.protocol.events import StepsDone
from seqlm.protocol.queries import Describe, DescribeAnswer, SplitLoss, SplitLossAnswer
from seqlm.runs.directory import find_run
from seqlm.runs.event_log import read_events, without_superseded
from seqlm.runs.summary import RunSummary
from seqlm.runspec import recipe
from seqlm.runspec.baselines import best_counts
from seqlm.worker import client
from seqlm.worker.follow_run import follow


def train(*rung: str, target: float | None = None) -> RunSummary:
    """Train a preset with some settings to the end, and print its row of the table."""
    summary = seqlm.train(*rung)
    print_row(rung, summary, target)
    return summary


def train_in(worker: client.Connection, *rung: str, target: float | None = None) -> RunSummary:
    """The same in a worker that is there: a new one would cost more than a short rung does."""
    config = recipe.apply_settings(PRESETS[rung[0]].config, rung[1:])
    worker.request(Start(id=client.new_id(), recipe=recipe.format_recipe(config)))
    described = worker.request(Describe(id=client.new_id()))
    assert isinstance(described, DescribeAnswer)
    assert described.run is not None
    *_, standing = follow(find_run(described.run), worker)
    assert standing.summary.status == "finished", standing.message
    print_row(rung, standing.summary, target)
    return standing.summary


def print_row(rung: tuple[str, ...], summary: RunSummary, target: float | None) -> None:
    """The result beside its target: one that is given, or what the preset says of itself."""
    name, *words = rung
    if target is None and all(word.startswith("seed=") for word in words):
        target = PRESETS[name].expected_loss
    best = f"best {in_nats(summary.best_val_loss)} at {summary.best_step or 0:>7,}"
    print(
        f"\n{name:24} {summary.judged_on:5} {in_nats(reached(summary))}  target {in_nats(target)}"
        f"  {best if summary.best_val_loss else '':22} of {summary.steps:>7,} steps"
        f"  train {in_nats(summary.train_loss)}  cpu {summary.cpu_seconds:5.1f} s  {' '.join(words)}"
        f"{beside_counts(rung, summary)}",
        end="",
    )


def beside_counts(rung: tuple[str, ...], summary: RunSummary) -> str:
    """On which side of the best counts of its text a network ends; a copy of a text is that text."""
    words = [_KNOWN_COPIES.get(word.rpartition("/")[2], word) for word in rung[1:]]
    config = recipe.apply_settings(PRESETS[rung[0]].config, words)
    result = replace(summary.result, expected=None, best_counts=best_counts(config))
    return "".join(f"  {words}" for words in result.beside())


_KNOWN_COPIES = {
    "names.txt": "data.corpus=lecture-names",
    "tinyshakespeare.txt": "data.corpus=shakespeare",
}
"""Files that are given by their path, as the corpora that they are copies of."""


def in_nats(loss: float | None) -> str:
    return f"{'—':6}" if loss is None else f"{loss:.4f}"


def reached(summary: RunSummary) -> float:
    """The loss that a preset speaks of."""
    loss = summary.result.loss
    assert loss is not None
    return loss


def batch_losses(run: str) -> list[float]:
    """Return the batch loss of each step."""
    events = without_superseded(read_events(find_run(run).events_path))
    return list(chain.from_iterable(e.losses for e in events if isinstance(e, StepsDone)))


def evaluated(run: str, reset_every: int | None = None) -> SplitLossAnswer:
    """Return the validation loss of a finished run, measured by a new worker."""
    with client.spawn() as connection:
        connection.request(Read(id=client.new_id(), run=str(find_run(run).path)))
        return evaluated_in(connection, reset_every)


def evaluated_in(worker: client.Connection, reset_every: int | None = None) -> SplitLossAnswer:
    """Return the validation loss of the run that a worker has open."""
    answer = worker.request(SplitLoss(id=client.new_id(), split="val", reset_every=reset_every))
    assert isinstance(answer, SplitLossAnswer)
    return answer
