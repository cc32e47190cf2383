"""X axes by step, second and epoch, and the chart specification of a run."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from recorded_logs import recorded

from seqlm.protocol.events import StepsDone
from seqlm.runspec import recipe
from workbench.corpus.preview import Preview
from workbench.panes.loss.axes import steps_shown, whole_axis, x_of, xs_of
from workbench.panes.loss.chart import (
    _perplexity,
    bins_shown,
    chart_spec,
    rates_shown,
)
from workbench.panes.loss.chart_range import shown_axis
from workbench.panes.loss.references import references
from workbench.panes.loss.view_model import X_SCALES, LossViewModel, XScale, zoom
from workbench.render.axis import LinearAxis, LogAxis
from workbench.render.chart.chart import make_layout
from workbench.render.chart.loss_range import LARGEST_DRAWN
from workbench.run.reducer import reduce_events
from workbench.run.state import RunState
from workbench.state.app_state import AppState

CONFIG = recipe.parse_recipe("names-mlp train.steps=3600 train.evaluate_every=400")
EVENTS = recorded("steered")
N_STEPS, N_TARGETS = 3600, 114_291


def state_after(n_events: int = 10_000) -> AppState:
    return AppState(CONFIG, run=reduce_events(RunState(), EVENTS[:n_events]))


WHOLE = state_after()


def test_seconds_and_epochs_of_a_step() -> None:
    record = [event for event in EVENTS if isinstance(event, StepsDone)][40]
    seconds, epoch = (x_of(WHOLE, scale)(record.last_step) for scale in ("seconds", "epochs"))
    assert seconds == pytest.approx(record.train_s, rel=0.05)
    assert epoch == pytest.approx(record.n_tokens / N_TARGETS)


@given(st.sampled_from(X_SCALES), st.integers(1, N_STEPS))
def test_visible_part_of_an_axis_has_its_steps(scale: XScale, center: int) -> None:
    whole, x = whole_axis(WHOLE, scale), x_of(WHOLE, scale)
    assert steps_shown(WHOLE, scale, whole)[1] == pytest.approx(N_STEPS, rel=0.01)
    view = zoom(LossViewModel(x=scale), whole, whole, x(center), 4)
    axis = whole if view.window is None else type(whole)(*view.window)
    first, last = steps_shown(WHOLE, scale, axis)
    assert first <= center * 1.05 + 1
    assert last >= center * 0.95 - 1
    assert list(xs_of(WHOLE, scale, [1, 7, 900])) == [x(1), x(7), x(900)]


def test_axis_ends_at_the_planned_step() -> None:
    early = state_after(30)
    assert whole_axis(early, "log") == LogAxis(1, N_STEPS)
    assert whole_axis(early, "linear") == LinearAxis(0, N_STEPS)
    assert whole_axis(WHOLE, "epochs").value(1) == pytest.approx(N_STEPS * 32 / N_TARGETS)
    assert whole_axis(early, "epochs") == whole_axis(WHOLE, "epochs")
    seconds = WHOLE.run.progress.seconds[-1]
    assert seconds <= whole_axis(WHOLE, "seconds").value(1) <= max(1.0, 1.5 * seconds)


def test_axes_can_be_drawn_before_training() -> None:
    new = AppState(CONFIG)
    for scale in X_SCALES:
        axis = whole_axis(new, scale)
        assert axis.value(1) > axis.value(0)
        assert steps_shown(new, scale, axis)
        assert rates_shown(new, LossViewModel(x=scale)) == [(x_of(new, scale)(1), 0.1)]


@pytest.mark.parametrize("scale", ["log", "linear", "epochs"])
def test_drawn_columns_keep_their_place(scale: XScale) -> None:
    view = LossViewModel(x=scale, part="all")
    column: Callable[[AppState], int] = lambda state: make_layout(  # noqa: E731
        chart_spec(state, view, 80, 18)
    ).column(x_of(state, scale)(1_000))
    assert column(state_after(60)) == column(WHOLE)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(X_SCALES), st.integers(1, N_STEPS), st.integers(1, 5))
def test_zoomed_chart_uses_the_finest_bins(scale: XScale, step: int, n: int) -> None:
    view, whole, x = LossViewModel(x=scale), whole_axis(WHOLE, scale), x_of(WHOLE, scale)
    for _ in range(n):
        view = zoom(view, whole, shown_axis(WHOLE, view), x(step))
    shown = bins_shown(WHOLE, view, WHOLE.run.train)
    assert any(part.begin <= step <= part.step for part in shown)


def test_zoomed_chart_shows_only_nearby_baselines(preview: Preview) -> None:
    run = replace(WHOLE.run, best=None)
    state = replace(WHOLE, run=run, preview=preview)
    spec = chart_spec(state, LossViewModel(window=(3_000.0, 3_600.0)), 80, 18)
    losses = [row[1] for series in (spec.train, spec.val) for row in series]
    span = max(losses) - min(losses)
    near = {
        ref.label
        for ref in references(state)
        if min(losses) - span <= ref.value <= max(losses) + 0.25 * span
    }
    assert {ref.label for ref in spec.references} == near != {"bigram", "uniform", "expected"}
    whole = chart_spec(state, LossViewModel(part="all"), 80, 18)
    assert len(whole.references) == len(references(state))


def test_learning_rates_reach_to_the_latest_step() -> None:
    for scale in X_SCALES:
        rates = rates_shown(WHOLE, LossViewModel(x=scale))
        assert rates[0][1] == 0.1
        assert rates[-1] == (x_of(WHOLE, scale)(N_STEPS), 0.05)
        assert [x for x, _ in rates] == sorted(x for x, _ in rates)


def test_grammar_entropy_is_drawn_if_it_is_known(preview: Preview) -> None:
    assert "perfect" not in {ref.label for ref in references(replace(WHOLE, preview=preview))}
    with_entropy = replace(preview, perfect=0.38)
    before, after = AppState(CONFIG, preview=with_entropy), replace(WHOLE, preview=with_entropy)
    for state, note in ((before, "entropy of the grammar"), (after, "")):
        (line,) = (ref for ref in references(state) if ref.label == "perfect")
        assert (line.value, line.note) == (0.38, note)


@pytest.mark.parametrize("nats", [400.0, 1000.0])
def test_too_large_perplexity_is_clamped_to_the_largest_drawable(nats: float) -> None:
    assert _perplexity(nats) == LARGEST_DRAWN
    assert _perplexity(math.inf) == math.inf
