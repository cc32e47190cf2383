"""Snapshots of a few whole screens from recorded logs, as SVG and as plain text.

The views of each pane have snapshots of their own in ``panes/test_pane_snapshots.py``.
"""

from collections.abc import Callable
from typing import Any

import pytest
from app_harness import AppHarness, wait_until_settled
from msgspec.structs import replace
from recorded_logs import recorded, until, until_kind
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from textual.pilot import Pilot

from seqlm.protocol.events import Paused
from workbench.application.app import Workbench

SIZE = (120, 40)
SIZES = [SIZE, (80, 24), (200, 50), (40, 12), (30, 8)]
TRAINING = until("steered", 3000)
Compare = Callable[..., bool]
Shown = Callable[..., None]


class PlainText(SingleFileSnapshotExtension):
    """Screen stored as a text file."""

    _write_mode = WriteMode.TEXT
    _file_extension = "txt"


def screen_text(app: Workbench) -> str:
    strips = app.screen._compositor.render_strips()
    return "".join(strip.text.rstrip() + "\n" for strip in strips)


def named(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


@pytest.fixture
def shown(snap_compare: Compare, snapshot: SnapshotAssertion) -> Shown:
    """Compare a screen with its SVG and text snapshots, after key presses and changes of state."""

    def check(app: Workbench, size: tuple[int, int], *keys: str, **changes: Any) -> None:
        texts = []

        async def run(pilot: Pilot[int]) -> None:
            await wait_until_settled(pilot)
            for key in keys:
                await pilot.press(key)
                await wait_until_settled(pilot)
            if changes:
                app.store.set(replace(app.state, **changes))
                await wait_until_settled(pilot)
            texts.append(screen_text(app))

        assert snap_compare(app, terminal_size=size, run_before=run)
        assert texts[0] == snapshot(extension_class=PlainText)

    return check


class TestStates:
    def test_ready(self, shown: Shown, harness: AppHarness) -> None:
        """No pane is empty before training."""
        shown(harness.app(), SIZE)

    def test_paused(self, shown: Shown, harness: AppHarness) -> None:
        """A paused run."""
        shown(harness.app(until_kind("steered", Paused)), SIZE)

    def test_finished(self, shown: Shown, harness: AppHarness) -> None:
        """A finished run with its result."""
        shown(harness.app(recorded("steered"), is_alive=False), SIZE)

    def test_diverged(self, shown: Shown, harness: AppHarness) -> None:
        """A diverged run: a cross on the chart, advice in the hint line."""
        shown(harness.app(recorded("diverging"), is_alive=False), SIZE)

    def test_died(self, shown: Shown, harness: AppHarness) -> None:
        """A run whose worker ended without a final event."""
        shown(harness.app(TRAINING, is_alive=False), SIZE)


@pytest.mark.parametrize("size", SIZES, ids=named)
def test_training(shown: Shown, harness: AppHarness, size: tuple[int, int]) -> None:
    """The loss falls; the change of a setting is marked and listed with its effect."""
    shown(harness.app(TRAINING), size)


def test_help(shown: Shown, harness: AppHarness) -> None:
    """The help of the Loss pane."""
    shown(harness.app(), (120, 40), "question_mark")


def test_leave_question(shown: Shown, harness: AppHarness) -> None:
    shown(harness.app(TRAINING), (80, 24), "q")
