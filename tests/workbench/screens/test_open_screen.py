"""The list of what can be opened, and what is said where nothing is found."""

from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from app_harness import CONFIG, AppHarness, wait_until, wait_until_settled
from fake_worker import write_run
from msgspec.structs import replace
from recorded_logs import recorded, until
from textual.app import App
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Input, Static

from seqlm.presets import PRESETS
from seqlm.presets.lessons import presets_by_lesson
from seqlm.protocol.events import Evaluated
from workbench.run.open_candidates import open_candidates
from workbench.run.run_status import run_status_text
from workbench.widgets.option_lists import OptionRows


def test_runs_say_how_they_stand_and_the_latest_come_before_the_presets(tmp_path: Path) -> None:
    for n in range(1, 8):
        write_run(tmp_path / "runs" / f"mine-{n}", CONFIG, recorded("steered"))
    found = open_candidates()
    names = [choice.name for choice in found if choice.kind != "file"]
    assert set(names[:5]) < {f"mine-{n}" for n in range(1, 8)}
    presets = [preset.name for _, lesson in presets_by_lesson() for preset in lesson]
    assert names[5 : 5 + len(PRESETS)] == presets
    assert found[0].about == "finished, 3,600 steps, val 2.819"
    started = datetime.strptime(found[0].date, "%Y-%m-%d %H:%M")
    assert abs(datetime.now() - started) < timedelta(hours=1)


def test_unreadable_runs_are_listed_with_the_reason(tmp_path: Path) -> None:
    broken = write_run(tmp_path / "runs" / "broken", CONFIG, recorded("steered"))
    broken.events_path.write_text('{"kind": "Nothing"}\n' * 3)
    unreadable = write_run(tmp_path / "runs" / "unreadable", CONFIG, recorded("steered"))
    unreadable.manifest_path.write_text("[]")
    write_run(tmp_path / "runs" / "whole", CONFIG, recorded("steered"))
    found = {choice.name: choice.about for choice in open_candidates()}
    assert found["broken"].startswith("unreadable: events.jsonl is damaged")
    assert found["unreadable"].startswith("unreadable: ")
    assert found["whole"].startswith("finished")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (40, 12)])
async def test_keys_reach_every_row_and_skip_the_headings(
    harness: AppHarness, size: tuple[int, int]
) -> None:
    app = harness.app()
    async with app.run_test(size=size) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("o")
        (rows,) = shown(app)
        names = [option.id for option in rows.options if option.id]

        def name() -> str | None:
            place = rows.highlighted
            return None if place is None else rows.get_option_at_index(place).id

        await pilot.press("end")
        assert name() == names[-1]
        await _comes_into_sight(pilot, names[-1] or "")
        screen = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
        assert str(names[-1]) in screen
        await pilot.press("home")
        assert name() == names[0]
        await pilot.press("pagedown")
        assert name() not in (names[0], names[-1], None)
        await pilot.press("pageup")
        assert name() == names[0]
        await pilot.press("up")
        assert name() is None


async def test_the_whole_description_of_the_selected_row_can_be_read(harness: AppHarness) -> None:
    app = harness.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("o")
        for name in ("names-mlp", "recall-lstm-library", "words"):
            (rows,) = shown(app)
            rows.highlighted = next(i for i, o in enumerate(rows.options) if o.id == name)
            await pilot.pause()
            strips = app.screen._compositor.render_strips()
            read = " ".join(strip.text[3:77].strip() for strip in strips[3:6])
            assert PRESETS[name].teaches[1:] in read


async def test_home_and_end_edit_the_typed_text(harness: AppHarness) -> None:
    app = harness.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("o", *"ames", "home", "n", "end", "-")
        assert app.screen.query_one(Input).value == "names-"


async def test_a_word_of_a_description_finds_the_preset(harness: AppHarness) -> None:
    app = harness.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("o", *"attention")
        (rows,) = shown(app)
        assert "names-transformer" in [option.id for option in rows.options]


@pytest.mark.parametrize(
    ("events", "is_live", "words"),
    [
        (until("steered", 1000), False, "died, 1,"),
        (until("steered", 1000), True, "training now, 1,"),
        (recorded("diverging"), False, "diverged, "),
    ],
)
def test_the_end_of_a_log_tells_how_a_run_stands(
    tmp_path: Path, events, is_live: bool, words: str
) -> None:
    run = write_run(tmp_path / "runs" / "mine-1", CONFIG, events)
    assert run_status_text(run, is_live).startswith(words)


def test_a_long_log_is_read_from_its_end(tmp_path: Path) -> None:
    long = [e for e in until("steered", 3600) if not isinstance(e, Evaluated)] * 40
    scored = replace(next(e for e in recorded("steered") if isinstance(e, Evaluated)), step=3600)
    run = write_run(tmp_path / "runs" / "mine-1", CONFIG, [*long, scored])
    assert run.events_path.stat().st_size > 1 << 17
    assert run_status_text(run, False) == f"died, 3,600 steps, val {scored.loss:.3f}"
    run.events_path.write_bytes(b"")
    assert run_status_text(run, False) == "died"


async def test_a_line_that_was_broken_is_pasted_whole(harness: AppHarness) -> None:
    app = harness.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("o")
        field = app.screen.query_one(Input)
        field.post_message(Paste("names-mlp seed=3 \\\n  train.steps=9\n"))
        await wait_until(pilot, lambda: field.value)
        assert field.value == "names-mlp seed=3 train.steps=9"


@pytest.mark.parametrize(("key", "words"), [("o", "No entry contains zzz"), ("colon", "No match")])
async def test_a_search_that_finds_nothing_says_so(
    harness: AppHarness, key: str, words: str
) -> None:
    app = harness.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press(key, *"zzz")
        await _comes_into_sight(pilot, words)


async def test_the_commands_of_the_pane_come_first_then_those_of_everywhere(
    harness: AppHarness,
) -> None:
    app = harness.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("4", "colon")
        await wait_until(pilot, lambda: [c.option_count for c in shown(app)] > [30])
        (found,) = shown(app)
        titles = [str(option.prompt).partition("\n")[0] for option in found.options]
        areas = [title.partition(": ")[0] for title in titles]
        names = ("Data", "Controls", "Loss", "Generate")
        order = [area for area, _ in groupby(a if a in names else "everywhere" for a in areas)]
        assert order == ["Generate", "everywhere", "Data", "Controls", "Loss"]
        assert titles[0] == "Generate: Sample the next token, or go to it if it exists already"
        assert not any("Ten rows" in title or "First row" in title for title in titles)


async def test_a_search_finds_cursor_keys_and_keys_that_the_pane_uses_itself(
    harness: AppHarness,
) -> None:
    app = harness.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("4", "colon", *"ten rows")
        await _comes_into_sight(pilot, "Generate: Ten rows up")
        await pilot.press("escape", "escape", "colon", *"lr")
        await _comes_into_sight(pilot, "Halve the learning rate")


def shown(app: App[Any]) -> list[OptionRows]:
    return list(app.screen.walk_children(OptionRows))


async def _comes_into_sight(pilot: Pilot[int], words: str) -> None:
    def is_there() -> bool:
        lists = shown(pilot.app)
        return any(words in c.render_line(y).text for c in lists for y in range(c.size.height))

    await wait_until(pilot, is_there, words)


async def test_another_opening_begins_at_the_top_of_the_settings(harness: AppHarness) -> None:
    app = harness.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("2", "end")
        assert app.main.controls.presenter.view.top > 0
        await pilot.press("question_mark")
        shown = str(app.screen.query_one(Static).render())
        row = app.main.controls.presenter.view.row
        assert row is not None
        assert f"Selected row\n{row.label}" in shown
        await pilot.press("escape", "o", *"names-gru", "enter")
        await wait_until(pilot, lambda: app.state.pending_config.preset == "names-gru")
        view = app.main.controls.presenter.view
        assert (view.top, view.row and view.row.key) == (0, "train.learning_rate")
