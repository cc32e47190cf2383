"""Keys within sentences: named as they are now, wherever a file has put them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_harness import AppHarness, wait_until_settled
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace
from recorded_logs import recorded, until, until_kind

import workbench
from seqlm.protocol.events import Event, Paused
from workbench.application.app import Workbench
from workbench.application.keymap_file import groups
from workbench.application.palette import palette_commands
from workbench.hints.hint_rules import hint_for
from workbench.keyboard.key_labels import DEFAULT_KEYS, KeyLabels
from workbench.screens.help import HelpScreen

BINDINGS = {str(b.id): b for group in groups() for b in group.bindings}
OWN = {binding_id: chr(0x100 + i) for i, binding_id in enumerate(BINDINGS)}
"""Every key moved to a letter that stands nowhere else."""
PLACE = re.compile(r"<([a-z_]+\.[a-z_0-9]+)>")
USUAL_WORDS = re.compile(r"(?<![\w-])(space|esc|enter|pgup|home)(?![\w-])")


N_VIEWS = 5
"""Of the Data pane, and of the Generate pane."""


def literals() -> Iterator[str]:
    """Every text in the source of the workbench."""
    for path in Path(workbench.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_every_key_that_a_text_names_is_there() -> None:
    named = {name for text in literals() for name in PLACE.findall(text)}
    assert named <= BINDINGS.keys()
    assert {"run.space", "run.new", "generate.draw", "controls.undo", "loss.now"} <= named


@given(st.sampled_from(sorted(BINDINGS)), st.text(max_size=20), st.sampled_from(["p", "ctrl+t"]))
def test_a_moved_key_is_named_as_it_is_now_and_nothing_else_changes(
    binding_id: str, around: str, key: str
) -> None:
    around = around.replace("<", "")
    words, every = f"{around}<{binding_id}>{around}", BINDINGS.values()
    moved = KeyLabels(((binding_id, f"{key},F"),))
    assert moved.substitute_keys(words, every) == f"{around}{key}{around}"
    others = [f"<{other}>" for other in BINDINGS if other != binding_id]
    assert moved.substitute_keys(" ".join(others), every) == DEFAULT_KEYS.substitute_keys(
        " ".join(others), every
    )


@given(st.text())
def test_text_that_names_no_binding_stays_as_it_is(words: str) -> None:
    assume(not any(f"<{binding_id}>" in words for binding_id in BINDINGS))
    filled = DEFAULT_KEYS.substitute_keys(f"{words}<no.such><run space><>")
    assert filled == f"{words}<no.such><run space><>"


STATES: dict[str, tuple[tuple[Event, ...], bool, tuple[str, ...]]] = {
    "ready": ((), True, ("run.space",)),
    "training": (until("steered", 3000), True, ()),
    "paused": (until_kind("steered", Paused), True, ("run.space", "run.step")),
    "finished": (recorded("steered"), False, ("pane.4", "run.new")),
    "diverged": (recorded("diverging"), False, ("run.space",)),
    "died": (until("steered", 3000), False, ("run.space", "app.commands")),
}
"""Events, whether the worker lives, and the keys that the coach then names."""


def screen_text(app: Workbench) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


def help_text(app: Workbench) -> str:
    assert isinstance(app.screen, HelpScreen)
    entries = [text for section in app.screen._sections for e in section.entries for text in e]
    return " ".join([app.screen._about, *entries])


def move_every_key(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "keymap.toml"
    path.write_text("".join(f'"{name}" = "{key}"\n' for name, key in OWN.items()))
    monkeypatch.setenv("SEQLM_KEYMAP", str(path))


@pytest.mark.parametrize("state", STATES)
async def test_with_every_key_moved_no_usual_one_is_named(
    harness: AppHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    move_every_key(tmp_path, monkeypatch)
    events, is_alive, named = STATES[state]
    app = harness.app(events, is_alive)
    async with app.run_test(size=(200, 50)) as pilot:
        await wait_until_settled(pilot)
        assert not app.state.error_message
        state = replace(app.state, focused_pane=app.main.current)
        words = hint_for(state).fitting(200 - 4)
        assert words in screen_text(app)
        assert {key for key in OWN.values() if key in words} == {OWN[name] for name in named}
        for pane in app.main.panes:
            await pilot.press(OWN[f"pane.{pane.NUMBER}"])
            await wait_until_settled(pilot)
            shown = screen_text(app)
            assert f" {OWN[f'pane.{pane.NUMBER}']} {pane.NAME} " in shown
            assert not USUAL_WORDS.findall(shown)
            await pilot.press(OWN["app.help"])
            assert not PLACE.findall(help_text(app))
            assert not USUAL_WORDS.findall(help_text(app))
            await pilot.press(OWN["help.close"])
        titles = " ".join(command.title for command in palette_commands(app, app.main, app.state))
        assert not PLACE.findall(titles)


@pytest.mark.parametrize("pane", ["data", "generate"])
async def test_no_view_names_a_usual_key(
    harness: AppHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pane: str
) -> None:
    move_every_key(tmp_path, monkeypatch)
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press(OWN["pane.1" if pane == "data" else "pane.4"])
        for _ in range(N_VIEWS):
            await pilot.press(OWN[f"{pane}.view"])
            await wait_until_settled(pilot)
            assert not USUAL_WORDS.findall(screen_text(app))
            await pilot.press(OWN["app.help"])
            assert not USUAL_WORDS.findall(help_text(app))
            await pilot.press(OWN["help.close"])


async def test_the_game_ends_with_the_key_that_it_names(
    harness: AppHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move_every_key(tmp_path, monkeypatch)
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        for key in ("pane.4", "generate.view_back", "generate.guess"):
            await pilot.press(OWN[key])
            await wait_until_settled(pilot)
        assert app.main.generate.view.is_guessing
        shown = screen_text(app)
        assert f"{OWN['generate.end_game']} stops" in shown
        assert f"{OWN['run.space']} pause" not in shown  # it is a letter, and so a guess
        # Enter says the end here as it does in a field: no binding, so no file can move it.
        assert set(USUAL_WORDS.findall(shown)) == {"enter"}
        await pilot.press("escape")
        assert app.main.generate.view.is_guessing
        await pilot.press(OWN["generate.end_game"])
        assert not app.main.generate.view.is_guessing
