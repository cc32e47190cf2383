"""Makes apps that show a recorded run, beside a worker that only the test knows."""

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


async def wait_until(pilot: Pilot[int], is_so: Callable[[], object], what: str = "") -> None:
    """Wait until something is so, however busy the machine is with other things."""
    until = time.monotonic() + _DEADLINE_S
    while not is_so():
        if time.monotonic() > until:
            raise AssertionError(f"it never came: {what or is_so}")
        await pilot.pause(0.01)


async def wait_until_settled(pilot: Pilot[int]) -> None:
    """Wait until text and log are read, and the panes have their answers."""
    app = pilot.app
    assert isinstance(app, Workbench)

    def has_all() -> bool:
        state = app.state
        is_reading = state.loading_message or state.run.status == "reading"
        return app.main.generate.view.pending is not None and not is_reading

    await pilot.pause()
    await wait_until(pilot, has_all, "all answers")
    await pilot.pause()


class AppHarness:
    """Makes apps that show a recorded run, with a worker that only this test knows."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, home: Path, preview: Preview) -> None:
        self._monkeypatch, self._home, self._preview = monkeypatch, home, preview
        self._all: list[FakeWorker] = []
        self.is_held, self._step = False, 0
        monkeypatch.setattr(client, "spawn", self.spawn)

    def app(
        self, events: Sequence[Event] = (), is_alive: bool = True, palette: Palette = DARK
    ) -> Workbench:
        """A workbench on the run that these events tell of, or on none."""
        run = None
        if events:
            run = write_run(self._home / "runs" / "names-mlp-1", CONFIG, events)
            self.is_held = is_alive and not isinstance(events[-1], Ended)
            self._monkeypatch.setattr(client, "attach", self._attach)
        step = max((getattr(event, "step", 0) for event in events), default=0)
        self._step = step
        opening = StartupOptions(CONFIG, run=run, preview=self._preview, palette=palette)
        app = Workbench(opening, clock=lambda: 0.0, spawn=self.spawn)
        app.animation_level = "none"
        return app

    def _attach(self, _: RunDirectory) -> client.Connection | None:
        return self.spawn() if self.is_held else None

    def spawn(self) -> client.Connection:
        self._all.append(FakeWorker(self._preview, step=self._step))
        return self.worker.connection

    @property
    def worker(self) -> FakeWorker:
        """The worker that was started or found last."""
        return self._all[-1]

    def close(self) -> None:
        """Let every worker go."""
        for worker in self._all:
            worker.die()
