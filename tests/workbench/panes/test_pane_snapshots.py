"""Snapshots of each pane alone: every view of every pane at two sizes, as plain text.

The cases come from the registries of views, so a new view adds its own snapshots and changes no
other one.
"""

from pathlib import Path

import pytest
from app_harness import AppHarness, wait_until_settled
from msgspec.structs import replace
from recorded_logs import until
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from textual.pilot import Pilot

from seqlm.configuration.data_config import DataConfig
from workbench.application.app import Workbench
from workbench.corpus.preview import make_preview
from workbench.panes.controls.pane import ControlsPane
from workbench.panes.data.pane import DataPane
from workbench.panes.generate.pane import GeneratePane
from workbench.panes.loss.pane import LossPane
from workbench.panes.pane import Pane

SIZES = ((110, 34), (60, 20))
PANES: tuple[type[Pane], ...] = (DataPane, ControlsPane, LossPane, GeneratePane)
SETUP_KEYS: dict[type[Pane], list[str]] = {GeneratePane: ["right", "right", "right"]}
BPE_TEXT = "the other weather\nthen there\n" * 3 + "the end\n"


def view_names(pane: type[Pane]) -> tuple[str, ...]:
    return tuple(view.name for view in pane.VIEWS)


CASES = [(pane, index) for pane in PANES for index in range(len(view_names(pane)))]


class PlainText(SingleFileSnapshotExtension):
    """Snapshot stored as a text file."""

    _write_mode = WriteMode.TEXT
    _file_extension = "txt"


def case_name(case: object) -> str:
    if isinstance(case, tuple) and isinstance(case[0], type):
        pane, index = case
        return f"{pane.NAME}-{view_names(pane)[index]}".lower().replace(" ", "-")
    assert isinstance(case, tuple)
    return f"{case[0]}x{case[1]}"


def pane_text(app: Workbench, pane: Pane) -> str:
    """Return the cells of a pane as they stand on the screen."""
    region = pane.region
    strips = app.screen._compositor.render_strips()[region.y : region.bottom]
    rows = (strip.crop(region.x, region.right).text.rstrip() for strip in strips)
    return "".join(f"{row}\n" for row in rows)


async def open_view(pilot: Pilot[int], pane_type: type[Pane], index: int, folder: Path) -> Pane:
    """Zoom into a pane and press ``v`` until the view of this index is shown."""
    app = pilot.app
    assert isinstance(app, Workbench)
    await wait_until_settled(pilot)
    app.main.go_to(pane_type.NUMBER)
    app.main.zoom(True)
    pane = app.main.current_pane
    await pilot.press(*SETUP_KEYS.get(pane_type, []))
    await wait_until_settled(pilot)
    if isinstance(pane, DataPane) and not pane.VIEWS[index].is_available(pane.model):
        path = folder / "text.txt"
        path.write_text(BPE_TEXT)
        data = DataConfig(corpus=str(path), tokenizer="bpe", merges=9, split="100/0/0")
        pane.set_state(replace(app.state, preview=make_preview(data)))
    await pilot.press(*["v"] * index)
    await wait_until_settled(pilot)
    return pane


@pytest.mark.parametrize("size", SIZES, ids=case_name)
@pytest.mark.parametrize("case", CASES, ids=case_name)
async def test_view_of_a_pane(
    harness: AppHarness,
    snapshot: SnapshotAssertion,
    tmp_path: Path,
    case: tuple[type[Pane], int],
    size: tuple[int, int],
) -> None:
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=size) as pilot:
        pane = await open_view(pilot, *case, tmp_path)
        text = pane_text(app, pane)
    pane_type, index = case
    if len(view_names(pane_type)) > 1:
        assert view_names(pane_type)[index].lower() in text.splitlines()[0].lower()
    assert text == snapshot(extension_class=PlainText)


@pytest.mark.parametrize(
    ("pane_type", "keys", "changes"),
    [
        (ControlsPane, "down " * 8 + "right home down enter 4 0 0 enter", {}),
        (LossPane, "left " * 12, {}),
        (LossPane, "", {"viewed_step": 300}),
        (GeneratePane, "", {"viewed_step": 300}),
    ],
    ids=["pending-and-rejected-values", "step-under-cursor", "loss-at-step", "generate-at-step"],
)
async def test_pane_after_keys(
    harness: AppHarness,
    snapshot: SnapshotAssertion,
    tmp_path: Path,
    pane_type: type[Pane],
    keys: str,
    changes: dict[str, int],
) -> None:
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=SIZES[0]) as pilot:
        pane = await open_view(pilot, pane_type, 0, tmp_path)
        for key in keys.split():
            await pilot.press(key)
        if changes:
            app.store.set(replace(app.state, **changes))
        await wait_until_settled(pilot)
        assert pane_text(app, pane) == snapshot(extension_class=PlainText)
