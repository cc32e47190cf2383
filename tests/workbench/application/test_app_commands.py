"""Global keys: copy, open, learning-rate search, next validation, changed keys, help."""

import asyncio
from pathlib import Path

import pytest
from app_harness import CONFIG, AppHarness, wait_until, wait_until_settled
from fake_worker import write_run
from msgspec.structs import replace
from recorded_logs import recorded, until, until_kind
from textual.events import Paste
from textual.widgets import Input, OptionList, Static

from seqlm.protocol.commands import Continue, Resume, SetValue, Start
from seqlm.protocol.events import Ended, Paused
from seqlm.runspec import recipe
from workbench.application.app import Workbench
from workbench.application.commands import steps_to_validation
from workbench.application.palette import palette_commands
from workbench.panes.controls.pane import ControlsPane
from workbench.run.state import RunState
from workbench.screens.help import HelpScreen, help_lines
from workbench.screens.leave import LeaveScreen
from workbench.screens.open import OpenScreen
from workbench.state.app_state import AppState
from workbench.state.recipe_text import recipe_text


@pytest.fixture(autouse=True)
def _work_in_empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SEQLM_KEYMAP", str(tmp_path / "keymap.toml"))
    monkeypatch.chdir(tmp_path)


# Copying


async def test_pane_and_recipe_are_copied_to_named_files(
    harness: AppHarness, tmp_path: Path
) -> None:
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("2", "c")
        text = app.clipboard
        assert text.startswith("2 Controls\npreset              names-mlp")
        assert not any(sign in text for sign in "┃┏┛")
        assert (tmp_path / "clip" / "names-mlp-1-controls.txt").read_text() == text
        assert app.state.status_message.startswith("Copied Controls as text, also to ")
        await pilot.press("C")
        assert app.clipboard == recipe_text(app.state)
        assert "train.learning_rate=" in app.clipboard
        assert (tmp_path / "clip" / "names-mlp-1.txt").read_text() == f"{app.clipboard}\n"


async def test_copied_recipe_opens_the_same_run(harness: AppHarness) -> None:
    app = harness.app(recorded("steered"), is_alive=False)
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        line = recipe_text(app.state)
        await pilot.press("C", "o")
        field = app.screen.query_one(Input)
        field.value = app.clipboard
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.state.run.status == "untrained")
        assert app.state.pending_config == recipe.parse_recipe(line)
        assert recipe_text(app.state) == line


# Opening


async def test_run_continues_in_the_background_after_open(harness: AppHarness) -> None:
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        worker = harness.worker
        await pilot.press("o", *"names-bigram", "enter")
        await wait_until(pilot, lambda: app.state.pending_config.preset == "names-bigram")
        await wait_until_settled(pilot)
        assert app.state.run == RunState()
        assert app.state.run_config is None
        assert "names-mlp-1 continues in the background." in app.state.status_message
        assert "Stop" not in worker.kinds()
        assert "Pause" not in worker.kinds()


async def test_run_is_opened_from_the_list(harness: AppHarness, tmp_path: Path) -> None:
    write_run(tmp_path / "runs" / "mine-1", CONFIG, recorded("steered"))
    app = harness.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("o", *"mine", "down", "enter")
        await wait_until(pilot, lambda: app.state.run.run == "names-mlp-1")
        assert app.state.run.status == "finished"
        assert app.state.run_config == CONFIG


async def test_enter_opens_the_suggested_name(harness: AppHarness) -> None:
    app = harness.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("o", *"names-lsm", "enter")
        words = app.screen.query_one(Static)
        await wait_until(pilot, lambda: "enter opens names-lstm" in str(words.render()))
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.state.pending_config.preset == "names-lstm")


async def test_closing_the_open_screen_changes_nothing(harness: AppHarness) -> None:
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=(40, 12)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("o", "down", "up", "x", "escape")
        assert not isinstance(app.screen, OpenScreen)
        assert app.state.run.status == "training"


async def test_open_list_is_filtered_by_the_first_word(harness: AppHarness) -> None:
    app = harness.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("o")
        n_all = app.screen.query_one(OptionList).option_count
        await pilot.press(*"lstm seed=1")
        assert 0 < app.screen.query_one(OptionList).option_count < n_all


# Run control from every pane


async def test_brackets_change_the_learning_rate_from_any_pane(harness: AppHarness) -> None:
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("3", "left_square_bracket")
        await wait_until_settled(pilot)
        sent = harness.worker.messages_of(SetValue)
        assert [(m.key, m.value) for m in sent] == [("train.learning_rate", 0.025)]


async def test_brackets_change_the_initial_learning_rate_before_a_run(harness: AppHarness) -> None:
    app = harness.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("right_parenthesis")
        await wait_until_settled(pilot)
        assert app.state.pending_config.train.learning_rate == 0.2


async def test_count_based_model_has_no_learning_rate_to_change(harness: AppHarness) -> None:
    app = harness.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        before = recipe.parse_recipe("names-bigram")
        app.controller.reset(before)
        app.store.set(replace(app.state, pending_config=before))
        await pilot.press("left_square_bracket")
        await pilot.pause()
        assert app.state.pending_config == before


async def test_key_trains_to_the_next_validation(harness: AppHarness) -> None:
    app = harness.app(until_kind("steered", Paused))
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        n = steps_to_validation(app.state)
        every = app.state.run.values.get("train.evaluate_every", 400)
        assert (app.state.run.step + n) % every == 0
        await pilot.press("S")
        await wait_until_settled(pilot)
        sent = harness.worker.messages_of(Continue)
        assert [m.n_steps for m in sent] == [n]


@pytest.mark.parametrize(
    ("step", "every", "n"), [(0, 400, 400), (399, 400, 1), (400, 400, 400), (3590, 400, 10)]
)
def test_steps_to_the_next_validation(step: int, every: int, n: int) -> None:
    run = RunState(run="a", step=step, steps_planned=3600, values={"train.evaluate_every": every})
    assert steps_to_validation(AppState(CONFIG, run_config=CONFIG, run=run)) == n


def test_the_steps_to_the_next_validation_of_a_stopped_run_count_from_its_checkpoint() -> None:
    values = {"train.evaluate_every": 400}
    run = RunState(run="a", step=590, steps_planned=3600, values=values, checkpoint_step=500)
    state = AppState(CONFIG, run_config=CONFIG, run=replace(run, status="died"))
    assert steps_to_validation(state) == 300


@pytest.mark.parametrize(("key", "n_steps"), [("s", 1), ("S", 400)])
async def test_a_step_key_starts_a_first_run_that_pauses(
    harness: AppHarness, key: str, n_steps: int
) -> None:
    app = harness.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press(key)
        await wait_until_settled(pilot)
        assert [(m.recipe, m.n_steps) for m in harness.worker.messages_of(Start)] == [
            (recipe.format_recipe(CONFIG), n_steps)
        ]


async def test_a_step_key_resumes_a_stopped_run_that_pauses(harness: AppHarness) -> None:
    app = harness.app([*until("steered", 400), Ended(step=400, status="stopped")])
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("s")
        await wait_until_settled(pilot)
        assert [m.n_steps for m in harness.worker.messages_of(Resume)] == [1]


async def test_a_live_run_is_not_replaced_by_the_same_run(harness: AppHarness) -> None:
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("r")
        await wait_until_settled(pilot)
        assert harness.worker.messages_of(Start) == []
        assert app.state.status_message == (
            "No pending changes. X stops this run, then r starts another."
        )


async def test_undo_in_a_new_run_does_not_change_the_old_run(
    harness: AppHarness, tmp_path: Path
) -> None:
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("left_square_bracket")
        app.main.controls.post_message(ControlsPane.ValueRequested("model.hidden", 300))
        await wait_until_settled(pilot)
        await pilot.press("r")
        await wait_until_settled(pilot)
        n_sent = len(harness.worker.messages_of(SetValue))
        await pilot.press("2", "u")
        await wait_until_settled(pilot)
        assert len(harness.worker.messages_of(SetValue)) == n_sent == 1


async def test_undo_after_the_end_applies_to_the_resumed_run(harness: AppHarness) -> None:
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("left_square_bracket")
        await wait_until_settled(pilot)
        harness.has_live_worker = False
        harness.worker.die()
        await wait_until_settled(pilot)
        await pilot.press("2", "u")
        await wait_until_settled(pilot)
        assert app.state.pending_config.train.learning_rate == 0.05


# Keymap of the user


async def test_keymap_moves_keys_and_the_footer_shows_them(
    harness: AppHarness, tmp_path: Path
) -> None:
    (tmp_path / "keymap.toml").write_text('run.space = "p"\napp.help = "W"\n')
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        row = app.main.footer.render_line(0).text
        assert " p pause " in row
        assert " W help " in row
        await pilot.press("space")
        assert "Pause" not in harness.worker.kinds()
        await pilot.press("p", "W")
        await wait_until_settled(pilot)
        assert "Pause" in harness.worker.kinds()
        assert isinstance(app.screen, HelpScreen)
        pause = next(c for c in palette_commands(app, app.main, app.state) if "pause" in c.title)
        assert pause.help == "p"


async def test_invalid_keymap_is_one_line_and_default_keys_stay(
    harness: AppHarness, tmp_path: Path
) -> None:
    (tmp_path / "keymap.toml").write_text('run.spce = "p"\n')
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        assert "'run.spce' is not a binding. Nearest: run.space." in app.state.error_message
        assert app.state.error_message.endswith("The default keys stay in use.")
        await pilot.press("space")
        assert harness.worker.kinds()[-1] == "Pause"


async def test_palette_lists_every_command_of_every_pane(harness: AppHarness) -> None:
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        commands = {
            command.title: command for command in palette_commands(app, app.main, app.state)
        }
        assert {"Copy this pane as text", "Train, pause or resume", "Quit"} <= commands.keys()
        for pane in app.main.panes:
            assert any(title.startswith(f"{pane.NAME}: ") for title in commands)
        await commands["Controls: Halve the value"].callback()  # type: ignore[misc]
        await wait_until_settled(pilot)
        assert app.main.current == 2
        assert [m.value for m in harness.worker.received if isinstance(m, SetValue)] == [0.025]


@pytest.mark.parametrize("size", [(120, 40), (40, 12), (20, 5)])
async def test_help_lists_the_terms_and_keys_of_each_pane(
    harness: AppHarness, size: tuple[int, int]
) -> None:
    app = harness.app()
    async with app.run_test(size=size) as pilot:
        await wait_until_settled(pilot)
        for number, term in (("1", "gets"), ("2", "params"), ("3", "bigram"), ("4", "surprisal")):
            await pilot.press(number, "question_mark")
            await pilot.pause()
            words = str(app.screen.query_one(Static).render())
            assert f"\n{term}" in words
            assert "Global keys" in words
            await pilot.press("down", "escape")


def test_help_is_wrapped_to_the_width() -> None:
    sections = [("Keys", [("a", "word " * 30), ("a very long list of keys", "what they do")])]
    for width in (8, 30, 80):
        lines = [text for text, _ in help_lines("about " * 20, sections, width)]  # type: ignore[arg-type]
        assert all(len(line) <= max(width, 24) for line in lines)


async def test_ctrl_c_twice_detaches(harness: AppHarness) -> None:
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("ctrl+c")
        assert isinstance(app.screen, LeaveScreen)
        await pilot.press("ctrl+c")
        await asyncio.sleep(0)
    assert app.return_code == 0
    assert "Stop" not in harness.worker.kinds()


async def test_click_on_a_footer_key_runs_its_action(harness: AppHarness) -> None:
    app: Workbench = harness.app(until("steered", 3000))
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("2")
        await pilot.pause()
        at = app.main.footer.render_line(0).text.index("÷2")
        await pilot.click("#footer", offset=(at, 0))
        await wait_until_settled(pilot)
        assert [m.value for m in harness.worker.received if isinstance(m, SetValue)] == [0.025]


@pytest.mark.parametrize("keys", [("ctrl+p",), ("2", "P")])
@pytest.mark.parametrize("size", [(1, 1), (20, 2), (120, 40)])
async def test_page_keys_work_in_lists_at_any_size(
    keys: tuple[str, ...], size: tuple[int, int], harness: AppHarness
) -> None:
    app = harness.app()
    async with app.run_test(size=size) as pilot:
        await wait_until_settled(pilot)
        await pilot.press(*keys)
        for _ in range(3):
            await wait_until_settled(pilot)
            await pilot.press("down", "pagedown", "pagedown", "pageup")
        await pilot.press("escape")
        assert app._exception is None


async def test_long_paste_into_the_palette_is_ignored(harness: AppHarness) -> None:
    app = harness.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("ctrl+p")
        await wait_until_settled(pilot)
        app.screen.query_one(Input).post_message(Paste("x" * 9000))
        await wait_until_settled(pilot)
        await pilot.press("z")
        assert app.screen.query_one(Input).value == "z"


async def test_late_resolution_is_ignored_after_the_open_screen_closed(
    harness: AppHarness,
) -> None:
    app = harness.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("o")
        await wait_until_settled(pilot)
        screen = app.screen
        assert isinstance(screen, OpenScreen)
        await pilot.press("escape")
        await wait_until_settled(pilot)
        await screen._resolve("nothing-of-this-name")
        await screen._resolve("names-bigram")
        assert app.screen is app.main
