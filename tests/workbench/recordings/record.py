"""Makes the recorded logs that the tests of the screen are fed with, by running the real worker.

Run by hand, in a folder of its own: ``SEQLM_HOME=/some/empty/folder python record.py``.
"""

import sys
import time
from pathlib import Path

from seqlm.protocol import commands
from seqlm.protocol.events import Ended, Event, StepsDone
from seqlm.runs.directory import list_runs
from seqlm.runs.event_log import EventLogReader
from seqlm.worker import client

_HERE = Path(__file__).parent


class _Recorder:
    """A run with its log; waits until something stands in it."""

    def __init__(self, recipe: str) -> None:
        self._worker = client.spawn()
        self._worker.request(commands.Start(id="start", recipe=recipe))
        self.run = list_runs()[-1]
        self._tail = EventLogReader(self.run.events_path)

    def wait_for(self, step: int) -> None:
        while not any(_is_past(event, step) for event in self._tail.read()):
            time.sleep(0.01)

    def tell(self, command: commands.Command) -> None:
        self._worker.request(command)

    def save(self, name: str) -> None:
        raw = self.run.events_path.read_bytes()
        (_HERE / f"{name}.jsonl").write_bytes(raw)
        sys.stdout.write(f"{name}: {len(raw):,} bytes\n")
        self._worker.close()


def _is_past(event: Event, step: int) -> bool:
    done = isinstance(event, StepsDone) and event.last_step >= step
    return done or isinstance(event, Ended)


def main() -> None:
    """A run that is paused, steered and finished; one that diverges."""
    steered = _Recorder("names-mlp train.steps=3600 train.evaluate_every=400 train.pace=1500")
    steered.wait_for(1200)
    steered.tell(commands.Pause(id="pause"))
    steered.tell(commands.Continue(id="continue"))
    steered.wait_for(2100)
    steered.tell(commands.SetValue(id="rate", key="train.learning_rate", value=0.05))
    steered.wait_for(10**9)
    steered.save("steered")
    diverging = _Recorder(
        "names-mlp train.steps=2000 train.evaluate_every=100"
        " train.learning_rate=100@600 train.weight_decay=10@600"
    )
    diverging.wait_for(10**9)
    diverging.save("diverging")


if __name__ == "__main__":
    main()
