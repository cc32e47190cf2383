"""Keys in the footer."""

import pytest
from app_harness import AppHarness, wait_until, wait_until_settled
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from recorded_logs import until
from rich.cells import cell_len

from workbench.application.app import Workbench
from workbench.widgets.footer import ALWAYS, FooterKey, fitting_keys

KEPT = (FooterKey("?", "help", "d", ALWAYS), FooterKey("q", "quit", "e", ALWAYS))
RANKS = st.integers(ALWAYS + 1, ALWAYS + 9)
OTHERS = st.lists(
    st.builds(FooterKey, st.sampled_from("abcX"), st.text("wxyz ", max_size=9), st.just("a"), RANKS)
)


@given(OTHERS, st.integers(8, 200))
def test_help_and_quit_stay_at_every_width(others: list[FooterKey], width: int) -> None:
    shown = fitting_keys([*others, *KEPT], width)
    assert [key.key for key in shown][-2:] == ["?", "q"]
    assert sum(cell_len(key.text) for key in shown) <= width


@given(OTHERS, st.integers(8, 200))
def test_keys_of_a_higher_rank_are_left_out_first(others: list[FooterKey], width: int) -> None:
    shown = [key.action + key.key + str(key.rank) for key in fitting_keys([*others, *KEPT], width)]
    ranks = sorted(key.rank for key in [*others, *KEPT])
    kept = sorted(int(name[2:]) for name in shown)
    assert kept == ranks[: len(kept)]


def test_labels_are_left_out_before_the_last_key() -> None:
    keys = (FooterKey("space", "pause", "a", ALWAYS + 1), *KEPT)
    assert [key.label for key in fitting_keys(keys, 22)] == ["pause", "", ""]


@pytest.mark.parametrize("key", ["question_mark", "o", "colon", "f"])
async def test_no_key_is_shown_under_another_screen(harness: AppHarness, key: str) -> None:
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("2")
        await wait_until_settled(pilot)
        before = footer_text(app)
        assert "help" in before
        await pilot.press(key)
        await pilot.pause()
        assert app.screen is not app.main
        assert not footer_text(app)
        app.store.set(replace(app.state, silent_for_s=9))
        assert not footer_text(app)
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen is app.main
        assert footer_text(app) == before


async def test_keys_of_the_guessing_game_match_the_footer(harness: AppHarness) -> None:
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=(200, 50)) as pilot:
        await wait_until_settled(pilot)
        values = app.state.run.values, app.state.pending_config
        await pilot.press("4", "V")
        await wait_until_settled(pilot)
        assert "lr ÷2" not in footer_text(app)
        await pilot.press("enter")
        await wait_until_settled(pilot)
        words = footer_text(app)
        assert words.startswith("esc stop guessing")
        assert not any(f" {key} " in f" {words} " for key in "sSzXqro[]")
        assert "ctrl+q quit" in words
        await pilot.press("[", "]", "]", "(", "escape")
        await wait_until_settled(pilot)
        assert (app.state.run.values, app.state.pending_config.train) == (
            values[0],
            values[1].train,
        )
        assert not app.main.generate.view.is_guessing


async def test_escape_in_the_prompt_field_is_labeled_cancel(harness: AppHarness) -> None:
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("4", "i")
        await wait_until_settled(pilot)
        assert footer_text(app).startswith("enter apply  esc cancel")


async def test_main_actions_of_generate_keep_their_keys_in_80_columns(harness: AppHarness) -> None:
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("4", "right")
        for _ in range(5):
            before = app.main.generate.view.showing
            await pilot.press("v")
            await wait_until(pilot, lambda before=before: app.main.generate.view.showing != before)
            await wait_until_settled(pilot)
            shown = footer_text(app).split()
            assert "v" in shown
            assert "g" in shown or app.main.generate.view.showing == "guess"


def footer_text(app: Workbench) -> str:
    return app.main.footer.render_line(0).text.strip()
