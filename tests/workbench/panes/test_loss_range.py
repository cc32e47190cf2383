"""Visible part of the loss chart: what is still changing, the recent half, all steps."""

import math
from functools import cache

import pytest

from seqlm.protocol.events import Continued, Event, RunCreated, StepsDone
from seqlm.runspec import recipe
from workbench.corpus.preview import Preview
from workbench.panes.loss.chart_range import first_changing_step, shown_axis
from workbench.panes.loss.render import LossBody
from workbench.panes.loss.view_model import X_SCALES, LossViewModel, Part, XScale
from workbench.render.axis import LinearAxis
from workbench.run.reducer import reduce_events
from workbench.run.state import RunState
from workbench.state.app_state import AppState

N_STEPS = 20_000
CONFIG = recipe.parse_recipe(f"names-mlp train.steps={N_STEPS}")
_PER_EVENT = 100


def from_large_weights(step: int) -> float:
    """Return the loss of a network with large initial weights: 27 first, 3.8 at step 1,500."""
    return 2.2 + 25 * math.exp(-step / 540)


def well_initialized(step: int) -> float:
    """Return a loss that falls from uniform guessing to 2.1, most of it early."""
    return 2.1 + 1.2 / (1 + step / 300)


LOSSES = {"large weights": from_large_weights, "well initialized": well_initialized}


@cache
def run_after(n_steps: int, name: str = "large weights") -> RunState:
    events: list[Event] = [
        RunCreated(
            run="a", recipe="names-mlp", preset="names-mlp", n_parameters=1, n_vocab=27,
            n_targets={"train": 100_000}, steps_planned=N_STEPS,
        ),
        Continued(step=0),
    ]  # fmt: skip
    for first in range(1, n_steps + 1, _PER_EVENT):
        last = min(n_steps, first + _PER_EVENT - 1)
        losses = [LOSSES[name](step) for step in range(first, last + 1)]
        events.append(
            StepsDone(
                first_step=first, losses=losses, learning_rate=0.1, train_s=last / 1000, cpu_s=0.0,
                n_tokens=last * 32,
            )
        )  # fmt: skip
    return reduce_events(RunState(), events)


def state_after(preview: Preview, n_steps: int, name: str = "large weights") -> AppState:
    return AppState(CONFIG, run_config=CONFIG, run=run_after(n_steps, name), preview=preview)


def n_arrows(state: AppState, view: LossViewModel) -> int:
    rows = LossBody(state, view, 79, 17, ascii_only=False).rows()
    return sum(text.count("↑") for row in rows for text, _ in row)


@pytest.mark.parametrize("x", X_SCALES)
@pytest.mark.parametrize("part", ["changing", "recent", "all"])
@pytest.mark.parametrize("n_steps", [1, 20, 500, 2_000, 4_000, 9_000, 20_000])
def test_no_row_of_arrows_stands_above_the_chart(
    preview: Preview, n_steps: int, part: Part, x: XScale
) -> None:
    view = LossViewModel(x=x, part=part)
    n_found = n_arrows(state_after(preview, n_steps), view)
    assert n_found <= (6 if part == "changing" else 0)  # of 57 columns


@pytest.mark.parametrize("n_steps", [4_000, 9_000, 20_000])
def test_the_steps_above_guessing_are_left_out(preview: Preview, n_steps: int) -> None:
    state = state_after(preview, n_steps)
    first = first_changing_step(state)
    assert 1_400 < first <= max(1_600, n_steps // 10)
    assert from_large_weights(first) <= 1.15 * preview.uniform
    assert shown_axis(state, LossViewModel()).value(0) == first
    assert shown_axis(state, LossViewModel()).value(1) >= n_steps
    assert shown_axis(state, LossViewModel(part="all")) == LinearAxis(0, N_STEPS)


def test_nothing_is_left_out_while_the_loss_still_falls_from_the_start(preview: Preview) -> None:
    for name, n_steps in (("large weights", 900), ("well initialized", 300)):
        state = state_after(preview, n_steps, name)
        assert shown_axis(state, LossViewModel()) == LinearAxis(0, n_steps)


def test_an_early_fall_is_left_out_where_that_doubles_the_rest(preview: Preview) -> None:
    state = state_after(preview, 20_000, "well initialized")
    first = first_changing_step(state)
    assert 0 < first < 2_000
    assert well_initialized(first) <= 1.15 * preview.bigram


def test_the_recent_part_is_the_last_half(preview: Preview) -> None:
    axis = shown_axis(state_after(preview, 12_000), LossViewModel(part="recent"))
    assert axis == LinearAxis(6_000, 12_000)


@pytest.mark.parametrize("part", ["changing", "recent"])
def test_columns_stay_in_place_until_the_next_round_value(preview: Preview, part: Part) -> None:
    view = LossViewModel(part=part)
    axes = {shown_axis(state_after(preview, n), view) for n in (8_100, 8_400, 8_700, 9_000)}
    assert len(axes) == 1
    assert shown_axis(state_after(preview, 9_100), view) not in axes


def test_a_cursor_before_the_part_shows_all_steps(preview: Preview) -> None:
    state = state_after(preview, 9_000)
    for part in ("changing", "recent"):
        assert shown_axis(state, LossViewModel(cursor=10, part=part)) == LinearAxis(0, N_STEPS)
        shown = shown_axis(state, LossViewModel(cursor=9_000, part=part))
        assert shown == shown_axis(state, LossViewModel(part=part))


def test_without_a_corpus_every_step_is_shown() -> None:
    state = AppState(CONFIG, run_config=CONFIG, run=run_after(9_000))
    assert first_changing_step(state) == 0
