"""The search for a learning rate on the screen: it grows, its rate is taken, or all stays as it was."""

from collections.abc import Sequence

import pytest
from app_harness import CONFIG, AppHarness, wait_until, wait_until_settled
from hypothesis import given
from hypothesis import strategies as st
from recorded_logs import recorded, until
from textual.containers import Vertical
from textual.pilot import Pilot

from seqlm.protocol.commands import SetValue
from seqlm.protocol.queries import CancelQuery, LearningRateSweep, LearningRateSweepAnswer
from seqlm.runspec import recipe
from workbench.application.app import Workbench
from workbench.run.messages import QueryAnswered, RequestRejected
from workbench.sampling.lr_search_view import LrSearchView, lr_search_rows, lr_search_text
from workbench.screens.lr_search import LrSearchScreen

RATES = [1e-5 * 10 ** (step * 6 / 99) for step in range(100)]


def answer(n_done: int, suggestion: float | None = 0.13, id: str = "f") -> LearningRateSweepAnswer:
    losses = [3.3 - 1 / (1 + 0.01 / rate**2) + rate / 10 for rate in RATES[:n_done]]
    return LearningRateSweepAnswer(
        id=id,
        step=1200,
        learning_rates=RATES[:n_done],
        losses=losses,
        n_steps=100,
        last_rate=10.0,
        is_over=n_done == 100,
        suggestion=suggestion,
        reason="steepest fall of the smoothed loss; it blows up at 2.6",
    )


def plain(rows: Sequence[Sequence[tuple[str, str]]]) -> list[str]:
    return ["".join(text for text, _ in row) for row in rows]


def test_the_chart_marks_the_rate_in_force_and_the_suggested_one() -> None:
    rows = plain(lr_search_rows(LrSearchView("names-mlp-7", 0.01, answer(100)), 80, 20))
    assert len(rows) == 20
    assert all(len(row) <= 80 for row in rows)
    axis = rows[-3]
    assert "▲now" in axis
    assert "▲try" in axis
    assert axis.index("▲now") < axis.index("▲try")
    assert "0.001" in axis
    assert " ".join(rows[-2:]) == (
        "Try 0.13: steepest fall of the smoothed loss; it blows up at 2.6. enter applies it."
        " Nothing else was changed."
    )


def test_there_are_no_losses_on_the_axis_before_there_is_one() -> None:
    empty = plain(lr_search_rows(LrSearchView("names-mlp-7", 0.01), 80, 20))
    assert not any("┤" in row or "0.5" in row for row in empty[:-3])
    assert any(
        "┤" in row for row in plain(lr_search_rows(LrSearchView("x", 0.01, answer(3)), 80, 20))
    )


def test_a_suggestion_near_the_rate_in_force_shares_its_sign() -> None:
    rows = plain(lr_search_rows(LrSearchView("names-mlp-7", 0.12, answer(100)), 80, 20))
    assert "▲now, try" in rows[-3]


@pytest.mark.parametrize(
    ("trial", "words"),
    [
        (LrSearchView("a new model", 0.1), "Starting trial steps on a new model."),
        (
            LrSearchView("a copy of x", 0.1, answer(40)),
            "Trial step 40 of 100 on a copy of x, which is",
        ),
        (
            LrSearchView("x", 0.1, answer(100)),
            "Try 0.13: steepest fall of the smoothed loss; it blows",
        ),
        (LrSearchView("x", 0.1, answer(100, None)), "No suggestion: "),
        (LrSearchView("x", 0.1, None, "no \x1b[31mrun"), "✗ no "),
    ],
)
def test_the_words_say_how_it_stands(trial: LrSearchView, words: str) -> None:
    said, _ = lr_search_text(trial)
    assert said.startswith(words)
    assert "\x1b" not in said


@given(
    st.integers(1, 120),
    st.integers(1, 40),
    st.integers(0, 100),
    st.floats(1e-6, 100),
    st.booleans(),
)
def test_any_size_is_filled_with_rows(
    width: int, height: int, n_done: int, now: float, is_ascii: bool
) -> None:
    found = answer(n_done) if n_done else None
    rows = lr_search_rows(LrSearchView("a new model", now, found), width, height, is_ascii)
    assert len(rows) <= max(height, 1)


# On the screen


def screen_of(app: Workbench) -> LrSearchScreen:
    assert isinstance(app.screen, LrSearchScreen)
    return app.screen


async def opened(harness: AppHarness, app: Workbench, pilot: Pilot[int]) -> LearningRateSweep:
    """Press f on the learning rate; the question that the worker heard."""
    await wait_until_settled(pilot)
    await pilot.press("2", "f")
    await wait_until(pilot, lambda: isinstance(app.screen, LrSearchScreen), "the search")
    await wait_until(pilot, lambda: harness.worker.heard_of(LearningRateSweep), "its question")
    return harness.worker.heard_of(LearningRateSweep)[-1]


async def test_the_suggestion_is_taken_as_the_live_value(harness: AppHarness) -> None:
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=(120, 40)) as pilot:
        query = await opened(harness, app, pilot)
        assert (query.weights, query.recipe) == ("live", "")
        app.post_message(QueryAnswered(answer(40, id=query.id)))
        await pilot.pause()
        box = app.screen.query_one(Vertical)
        assert box.border_subtitle == "esc closes"
        await pilot.press("enter")  # nothing to take yet
        assert screen_of(app).view.sweep == answer(40, id=query.id)
        app.post_message(QueryAnswered(answer(100, id=query.id)))
        await pilot.pause()
        assert str(box.border_subtitle).startswith("enter applies · esc")
        await pilot.press("enter")
        await wait_until(pilot, lambda: harness.worker.heard_of(SetValue))
        assert not isinstance(app.screen, LrSearchScreen)
        values = harness.worker.heard_of(SetValue)
        assert [(m.key, m.value) for m in values] == [("train.learning_rate", 0.13)]
        assert not harness.worker.heard_of(CancelQuery)


async def test_esc_leaves_all_as_it_was_and_gives_the_search_up(harness: AppHarness) -> None:
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=(120, 40)) as pilot:
        query = await opened(harness, app, pilot)
        before = app.state.pending_config
        app.post_message(QueryAnswered(answer(40, id=query.id)))
        app.post_message(QueryAnswered(answer(60, id="another")))
        await pilot.pause()
        assert screen_of(app).view.sweep == answer(40, id=query.id)
        await pilot.press("escape")
        await wait_until(pilot, lambda: harness.worker.heard_of(CancelQuery))
        assert [m.question for m in harness.worker.heard_of(CancelQuery)] == [query.id]
        assert app.state.pending_config == before
        assert not harness.worker.heard_of(SetValue)


async def test_before_there_is_a_run_a_new_model_is_tried(harness: AppHarness) -> None:
    app = harness.app()
    async with app.run_test(size=(120, 40)) as pilot:
        query = await opened(harness, app, pilot)
        assert recipe.parse_recipe(query.recipe) == CONFIG
        app.post_message(QueryAnswered(answer(100, id=query.id)))
        await pilot.pause()
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.state.pending_config.train.learning_rate == 0.13)


async def test_a_refusal_is_said_where_it_was_asked(harness: AppHarness) -> None:
    app = harness.app(recorded("steered"))
    async with app.run_test(size=(120, 40)) as pilot:
        query = await opened(harness, app, pilot)
        app.post_message(RequestRejected(query.id, "no run is open here"))
        await pilot.pause()
        assert screen_of(app).view.error == "no run is open here"
        assert app.state.error_message == ""


async def test_a_refusal_may_come_before_the_screen_does(
    harness: AppHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that cannot be started is reported at once."""
    app = harness.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        monkeypatch.setattr(
            app.session,
            "send_query",
            lambda query: app.post_message(RequestRejected(query.id, "no room")),
        )
        app.action_open_lr_search()
        await wait_until_settled(pilot)
        assert screen_of(app).view.error == "no room"


async def test_a_rate_is_looked_for_from_any_row(harness: AppHarness) -> None:
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("2", "end", "f")
        await wait_until(pilot, lambda: isinstance(app.screen, LrSearchScreen))
