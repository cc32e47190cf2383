"""Learning-rate search on the screen: progress, applied suggestion, cancellation."""

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


def test_chart_marks_the_current_and_the_suggested_rate() -> None:
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


def test_loss_axis_is_empty_before_the_first_loss() -> None:
    empty = plain(lr_search_rows(LrSearchView("names-mlp-7", 0.01), 80, 20))
    assert not any("┤" in row or "0.5" in row for row in empty[:-3])
    assert any(
        "┤" in row for row in plain(lr_search_rows(LrSearchView("x", 0.01, answer(3)), 80, 20))
    )


def test_nearby_current_and_suggested_rates_share_a_mark() -> None:
    rows = plain(lr_search_rows(LrSearchView("names-mlp-7", 0.12, answer(100)), 80, 20))
    assert "▲now, try" in rows[-3]


@pytest.mark.parametrize(
    ("view", "words"),
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
def test_text_of_progress_and_result(view: LrSearchView, words: str) -> None:
    output, _ = lr_search_text(view)
    assert output.startswith(words)
    assert "\x1b" not in output


@given(
    st.integers(1, 120),
    st.integers(1, 40),
    st.integers(0, 100),
    st.floats(1e-6, 100),
    st.booleans(),
)
def test_rows_fit_at_any_size(
    width: int, height: int, n_done: int, now: float, is_ascii: bool
) -> None:
    found = answer(n_done) if n_done else None
    rows = lr_search_rows(LrSearchView("a new model", now, found), width, height, is_ascii)
    assert len(rows) <= max(height, 1)


# On the screen


def search_screen(app: Workbench) -> LrSearchScreen:
    assert isinstance(app.screen, LrSearchScreen)
    return app.screen


async def start_search(harness: AppHarness, app: Workbench, pilot: Pilot[int]) -> LearningRateSweep:
    """Start a search with the f key; return the query that the worker received."""
    await wait_until_settled(pilot)
    await pilot.press("2", "f")
    await wait_until(pilot, lambda: isinstance(app.screen, LrSearchScreen), "the search screen")
    await wait_until(pilot, lambda: harness.worker.messages_of(LearningRateSweep), "the query")
    return harness.worker.messages_of(LearningRateSweep)[-1]


async def test_enter_applies_the_suggested_rate(harness: AppHarness) -> None:
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=(120, 40)) as pilot:
        query = await start_search(harness, app, pilot)
        assert (query.weights, query.recipe) == ("live", "")
        app.post_message(QueryAnswered(answer(40, id=query.id)))
        await pilot.pause()
        box = app.screen.query_one(Vertical)
        assert box.border_subtitle == "esc closes"
        await pilot.press("enter")  # no suggestion to apply yet
        assert search_screen(app).view.sweep == answer(40, id=query.id)
        app.post_message(QueryAnswered(answer(100, id=query.id)))
        await pilot.pause()
        assert str(box.border_subtitle).startswith("enter applies · esc")
        await pilot.press("enter")
        await wait_until(pilot, lambda: harness.worker.messages_of(SetValue))
        assert not isinstance(app.screen, LrSearchScreen)
        values = harness.worker.messages_of(SetValue)
        assert [(m.key, m.value) for m in values] == [("train.learning_rate", 0.13)]
        assert not harness.worker.messages_of(CancelQuery)


async def test_escape_cancels_the_search_and_changes_nothing(harness: AppHarness) -> None:
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=(120, 40)) as pilot:
        query = await start_search(harness, app, pilot)
        before = app.state.pending_config
        app.post_message(QueryAnswered(answer(40, id=query.id)))
        app.post_message(QueryAnswered(answer(60, id="another")))
        await pilot.pause()
        assert search_screen(app).view.sweep == answer(40, id=query.id)
        await pilot.press("escape")
        await wait_until(pilot, lambda: harness.worker.messages_of(CancelQuery))
        assert [m.question for m in harness.worker.messages_of(CancelQuery)] == [query.id]
        assert app.state.pending_config == before
        assert not harness.worker.messages_of(SetValue)


async def test_search_without_a_run_uses_a_new_model(harness: AppHarness) -> None:
    app = harness.app()
    async with app.run_test(size=(120, 40)) as pilot:
        query = await start_search(harness, app, pilot)
        assert recipe.parse_recipe(query.recipe) == CONFIG
        app.post_message(QueryAnswered(answer(100, id=query.id)))
        await pilot.pause()
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.state.pending_config.train.learning_rate == 0.13)


async def test_rejection_is_shown_on_the_search_screen(harness: AppHarness) -> None:
    app = harness.app(recorded("steered"))
    async with app.run_test(size=(120, 40)) as pilot:
        query = await start_search(harness, app, pilot)
        app.post_message(RequestRejected(query.id, "no run is open here"))
        await pilot.pause()
        assert search_screen(app).view.error == "no run is open here"
        assert app.state.error_message == ""


async def test_rejection_may_arrive_before_the_screen_opens(
    harness: AppHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error of a worker that cannot be started arrives at once."""
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
        assert search_screen(app).view.error == "no room"


async def test_search_starts_from_any_row(harness: AppHarness) -> None:
    app = harness.app(until("steered", 3000))
    async with app.run_test(size=(120, 40)) as pilot:
        await wait_until_settled(pilot)
        await pilot.press("2", "end", "f")
        await wait_until(pilot, lambda: isinstance(app.screen, LrSearchScreen))
