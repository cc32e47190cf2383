"""Test harness: apps that show a recorded run and talk to a fake worker."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from fake_worker import FakeWorker, write_run
from textual.pilot import Pilot

from seqlm.protocol.events import Ended, Event
from seqlm.runs.directory import RunDirectory
from seqlm.runspec import recipe
from seqlm.worker import client
from workbench.application.app import Workbench
from workbench.application.startup import StartupOptions
from workbench.corpus.preview import Preview
from workbench.render.palette import DARK, Palette

CONFIG = recipe.parse_recipe("names-mlp train.steps=3600 train.evaluate_every=400")
_DEADLINE_S = 60.0


async def wait_until(pilot: Pilot[int], condition: Callable[[], object], what: str = "") -> None:
    """Wait until a condition holds, with a long deadline for busy machines."""
    until = time.monotonic() + _DEADLINE_S
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"condition not met in time: {what or condition}")
        await pilot.pause(0.01)


async def wait_until_settled(pilot: Pilot[int]) -> None:
    """Wait until corpus and log are read and all queries of the panes are answered."""
    app = pilot.app
    assert isinstance(app, Workbench)

    def is_settled() -> bool:
        state = app.state
        is_reading = state.loading_message or state.run.status == "reading"
        return app.main.generate.view.pending is not None and not is_reading

    await pilot.pause()
    await wait_until(pilot, is_settled, "all answers")
    await pilot.pause()


class AppHarness:
    """Factory of apps that show a recorded run and talk to a fake worker."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, home: Path, preview: Preview) -> None:
        self._monkeypatch, self._home, self._preview = monkeypatch, home, preview
        self._all: list[FakeWorker] = []
        self.has_live_worker, self._step = False, 0
        monkeypatch.setattr(client, "spawn", self.spawn)

    def app(
        self, events: Sequence[Event] = (), is_alive: bool = True, palette: Palette = DARK
    ) -> Workbench:
        """Return an app that shows a run with these events, or no run."""
        run = None
        if events:
            run = write_run(self._home / "runs" / "names-mlp-1", CONFIG, events)
            self.has_live_worker = is_alive and not isinstance(events[-1], Ended)
            self._monkeypatch.setattr(client, "attach", self._attach)
        step = max((getattr(event, "step", 0) for event in events), default=0)
        self._step = step
        options = StartupOptions(CONFIG, run=run, preview=self._preview, palette=palette)
        app = Workbench(options, clock=lambda: 0.0, spawn=self.spawn)
        app.animation_level = "none"
        return app

    def _attach(self, _: RunDirectory) -> client.Connection | None:
        return self.spawn() if self.has_live_worker else None

    def spawn(self) -> client.Connection:
        self._all.append(FakeWorker(self._preview, step=self._step))
        return self.worker.connection

    @property
    def worker(self) -> FakeWorker:
        """Worker that was started or attached last."""
        return self._all[-1]

    def close(self) -> None:
        """End every worker."""
        for worker in self._all:
            worker.die()
