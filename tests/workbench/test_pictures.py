"""What a person sees, from recorded logs, as pictures and as plain text. Look before you update one."""

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

USUAL = [(120, 40), (80, 24)]
ALL = [*USUAL, (200, 50), (40, 12), (30, 8)]
TRAINING = until("steered", 3000)
Compare = Callable[..., bool]
Shown = Callable[..., None]


class PlainText(SingleFileSnapshotExtension):
    """The screen as a file that can be read."""

    _write_mode = WriteMode.TEXT
    _file_extension = "txt"


def screen_text(app: Workbench) -> str:
    strips = app.screen._compositor.render_strips()
    return "".join(strip.text.rstrip() + "\n" for strip in strips)


def named(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


@pytest.fixture
def shown(snap_compare: Compare, snapshot: SnapshotAssertion) -> Shown:
    """Holds a screen against its picture and its text, after keys and changes of the situation."""

    def check(app: Workbench, size: tuple[int, int], *keys: str, **changes: Any) -> None:
        texts = []

        async def run(pilot: Pilot[int]) -> None:
            await wait_until_settled(pilot)
            for key in keys:
                await pilot.press(key)
                await wait_until_settled(pilot)
            if changes:
                app._set(replace(app.situation, **changes))
                await wait_until_settled(pilot)
            texts.append(screen_text(app))

        assert snap_compare(app, terminal_size=size, run_before=run)
        assert texts[0] == snapshot(extension_class=PlainText)

    return check


@pytest.mark.parametrize("size", USUAL, ids=named)
class TestStates:
    def test_ready(self, shown: Shown, harness: AppHarness, size: tuple[int, int]) -> None:
        """Before anything is trained no pane is empty."""
        shown(harness.app(), size)

    def test_paused(self, shown: Shown, harness: AppHarness, size: tuple[int, int]) -> None:
        """Paused, with one step to be done by hand."""
        shown(harness.app(until_kind("steered", Paused)), size)

    def test_finished(self, shown: Shown, harness: AppHarness, size: tuple[int, int]) -> None:
        """Every step is done: the result, and what to do with it."""
        shown(harness.app(recorded("steered"), is_alive=False), size)

    def test_diverged(self, shown: Shown, harness: AppHarness, size: tuple[int, int]) -> None:
        """The loss is no number any more: a cross on the chart, a remedy in the coach line."""
        shown(harness.app(recorded("diverging"), is_alive=False), size)

    def test_died(self, shown: Shown, harness: AppHarness, size: tuple[int, int]) -> None:
        """The log does not tell of an end, and nobody holds the run."""
        shown(harness.app(TRAINING, is_alive=False), size)


@pytest.mark.parametrize("size", ALL, ids=named)
def test_training(shown: Shown, harness: AppHarness, size: tuple[int, int]) -> None:
    """The line falls; a change is marked and what it did is listed."""
    shown(harness.app(TRAINING), size)


@pytest.mark.parametrize(
    "changes",
    [
        {"silent_for_s": 12},
        {"refusal": "Disk full: paused at 3,000, nothing lost. Make room, then go on."},
        {"note": "Back on names-mlp-1. 2,120 steps happened meanwhile; nothing is missing."},
    ],
    ids=["silent", "disk-full", "back"],
)
def test_what_has_happened(shown: Shown, harness: AppHarness, changes: dict[str, Any]) -> None:
    shown(harness.app(TRAINING), (80, 24), **changes)


def test_live_waiting_and_refused_values(shown: Shown, harness: AppHarness) -> None:
    """One value in force, one that waits, one that is refused with the field open."""
    to_hidden = ["2", *["down"] * 8]
    refused = ["home", "down", "enter", "4", "0", "0", "enter"]
    shown(harness.app(TRAINING), (120, 40), *to_hidden, "right", *refused)


def test_the_past(shown: Shown, harness: AppHarness) -> None:
    """Every pane says which weights it shows; the training goes on above."""
    shown(harness.app(TRAINING), (120, 40), viewed_step=300)


def test_a_step_is_read(shown: Shown, harness: AppHarness) -> None:
    """The chart has the whole screen, and the arrows read it exactly."""
    shown(harness.app(TRAINING), (120, 40), "3", *["left"] * 12)


@pytest.mark.parametrize("view", range(2, 6), ids=["samples", "stages", "tree", "guess"])
def test_the_views_of_generate(shown: Shown, harness: AppHarness, view: int) -> None:
    shown(harness.app(), (120, 40), "4", "right", "right", "right", *["v"] * (view - 1))


@pytest.mark.parametrize("view", range(2, 6), ids=["lines", "lengths", "tokens", "pairs"])
def test_the_views_of_data(shown: Shown, harness: AppHarness, view: int) -> None:
    shown(harness.app(), (80, 24), "1", *["v"] * (view - 1))


@pytest.mark.parametrize("pane", range(1, 5), ids=["data", "controls", "loss", "generate"])
def test_help(shown: Shown, harness: AppHarness, pane: int) -> None:
    keys = [] if pane == 3 else [str(pane)]
    shown(harness.app(), (120, 40), *keys, "question_mark")


def test_the_question_on_leaving(shown: Shown, harness: AppHarness) -> None:
    shown(harness.app(TRAINING), (80, 24), "q")
