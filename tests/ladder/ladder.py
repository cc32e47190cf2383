"""Trains a rung, tells what it reached, and asks about it afterwards."""

from itertools import chain

import seqlm
from seqlm.protocol.commands import Read
from seqlm.protocol.events import StepsDone
from seqlm.protocol.queries import SplitLoss, SplitLossAnswer
from seqlm.runs import client
from seqlm.runs.directory import find_run
from seqlm.runs.journal import effective, read_events
from seqlm.runs.summary import Summary


def train(*rung: str) -> Summary:
    """Train a preset with some settings to the end, and print its row of the table."""
    summary = seqlm.train(*rung)
    val, best = (
        "—" if loss is None else f"{loss:.4f}" for loss in (summary.val_loss, summary.best_val_loss)
    )
    print(
        f"\n{' '.join(rung):40} val {val}  best {best} at {summary.best_step or 0:,}"
        f" of {summary.steps:,}  train {summary.train_loss:.4f}  cpu {summary.cpu_seconds:.0f} s",
        end="",
    )
    return summary


def batch_losses(run: str) -> list[float]:
    """The loss of each step's batch."""
    events = effective(read_events(find_run(run).events_path))
    return list(chain.from_iterable(e.losses for e in events if isinstance(e, StepsDone)))


def evaluated(run: str, reset_every: int | None = None) -> SplitLossAnswer:
    """What the worker answers about a finished run on the validation split."""
    question = SplitLoss(id=client.new_id(), split="val", reset_every=reset_every)
    with client.spawn() as connection:
        connection.ask(Read(id=client.new_id(), run=str(find_run(run).path)))
        answer = connection.ask(question)
    assert isinstance(answer, SplitLossAnswer)
    return answer
