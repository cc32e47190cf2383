"""Snapshots of every view of the Inspect pane, from recorded answers of small models."""

import pytest
from inspect_harness import InspectApp, open_view, recorded_answers, shown_text
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from workbench.render.palette import LIGHT, NO_COLOR

SIZES = ((80, 20), (120, 36), (200, 46))
CASES = [
    *(("mlp", view) for view in ("network", "surprisal", "embedding", "weights", "reach")),
    *(("lstm", view) for view in ("network", "state", "weights")),
    *(("transformer", view) for view in ("network", "attention")),
    *(("bigram", view) for view in ("network", "weights")),
    ("ngram", "network"),
]


class PlainText(SingleFileSnapshotExtension):
    """Snapshot stored as a text file."""

    _write_mode = WriteMode.TEXT
    _file_extension = "txt"


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("case", CASES, ids="-".join)
async def test_view_of_a_model(
    snapshot: SnapshotAssertion, case: tuple[str, str], size: tuple[int, int]
) -> None:
    app = InspectApp(case[0])
    async with app.run_test(size=size) as pilot:
        text = shown_text(await open_view(pilot, case[1]))
    assert text == snapshot(extension_class=PlainText)


async def test_cut_model(snapshot: SnapshotAssertion) -> None:
    app = InspectApp("transformer")
    async with app.run_test(size=SIZES[0]) as pilot:
        pane = await open_view(pilot, "attention")
        await pilot.press("down", "x")
        await pilot.pause()
        text = shown_text(pane)
    assert "! without layer.0.head.1; loss" in text
    assert text == snapshot(extension_class=PlainText)


async def test_before_training(snapshot: SnapshotAssertion) -> None:
    app = InspectApp("mlp")
    async with app.run_test(size=SIZES[0]) as pilot:
        await pilot.pause()
        text = shown_text(app.pane)
    assert "press space to train" in text
    assert not app.queries
    assert text == snapshot(extension_class=PlainText)


@pytest.mark.parametrize("name", ["mlp", "lstm", "transformer", "bigram", "ngram"])
async def test_every_view_in_ascii_and_without_color(name: str) -> None:
    app = InspectApp(name, NO_COLOR, ascii_only=True)
    async with app.run_test(size=(80, 20)) as pilot:
        for view in recorded_answers(name):
            text = shown_text(await open_view(pilot, view))
            assert text.isascii()
            assert "??" not in text


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("lstm", (30, 8)),
        ("transformer", (44, 11)),
        ("mlp", (20, 3)),
        ("transformer", (12, 1)),
        ("lstm", (300, 80)),
    ],
)
async def test_every_view_at_any_size(name: str, size: tuple[int, int]) -> None:
    app = InspectApp(name, LIGHT)
    async with app.run_test(size=size) as pilot:
        for view in recorded_answers(name):
            pane = await open_view(pilot, view)
            strips = pane.draw_strips(*pane.size)
            assert {strip.cell_length for strip in strips} == {size[0]}
            await pilot.press("down", "right", "end", "pagedown", "n")
