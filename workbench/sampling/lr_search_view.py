"""View model and rendering of a learning-rate search: a chart of losses and the suggested rate."""

from textwrap import wrap

from msgspec import Struct

from seqlm.protocol.queries import LearningRateSweepAnswer
from seqlm.sanitize import sanitize
from workbench.render.axis import LogAxis
from workbench.render.chart.chart import ChangeMarker, ChartSpec, Row, render_chart
from workbench.render.number_format import format_count, format_learning_rate

_FIRST_RATE, _LAST_RATE = 1e-5, 10.0  # range of the empty chart
_MAX_TEXT = 300


class LrSearchView(Struct, frozen=True):
    """State of a learning-rate search.

    Attributes:
        model_label: Description of the temporary model that is trained.
        current_rate: Learning rate of the run.
        sweep: Latest answer of the worker; None before the first.
        error: Reason why the search failed; empty otherwise.
        apply_key: Label of the key that applies the suggested rate.
    """

    model_label: str
    current_rate: float
    sweep: LearningRateSweepAnswer | None = None
    error: str = ""
    apply_key: str = "enter"

    @property
    def suggestion(self) -> float | None:
        """Suggested learning rate; None while the search is running or without a suggestion."""
        return self.sweep.suggestion if self.sweep is not None and self.sweep.is_over else None


def lr_search_text(view: LrSearchView) -> tuple[str, str]:
    """Return the progress or the result of the search, and the palette role of the text."""
    sweep = view.sweep
    if view.error:
        return f"✗ {sanitize(view.error, _MAX_TEXT)}", "error"
    if sweep is None:
        return f"Starting trial steps on {view.model_label}. Loading torch and the corpus.", ""
    if not sweep.is_over:
        done = f"Trial step {format_count(len(sweep.losses))} of {format_count(sweep.n_steps)}"
        return f"{done} on {view.model_label}, which is discarded afterwards.", ""
    reason = sanitize(sweep.reason, _MAX_TEXT)
    if sweep.suggestion is None:
        return f"No suggestion: {reason}. Nothing was changed.", "warning"
    rate = format_learning_rate(sweep.suggestion)
    return f"Try {rate}: {reason}. {view.apply_key} applies it. Nothing else was changed.", "best"


def lr_search_rows(
    view: LrSearchView, width: int, height: int, ascii_only: bool = False
) -> list[Row]:
    """Return the chart with the result under it.

    Args:
        view: State of the search.
        width: Width in cells.
        height: Exact number of rows.
        ascii_only: Use ASCII characters only.
    """
    text, role = lr_search_text(view)
    lines = wrap(text, max(8, width))[: max(1, height)]
    under: list[Row] = [[(line, role or "label")] for line in lines]  # type: ignore[list-item]
    return [*render_chart(_spec(view, width, height - len(lines), ascii_only)), *under]


def _spec(view: LrSearchView, width: int, height: int, ascii_only: bool) -> ChartSpec:
    sweep = view.sweep
    rates = sweep.learning_rates if sweep is not None else []
    losses = sweep.losses if sweep is not None else []
    marks = [ChangeMarker(view.current_rate, "now")]
    if view.suggestion is not None:
        marks.append(ChangeMarker(view.suggestion, "try"))
    return ChartSpec(
        width=width,
        height=height,
        x=LogAxis(rates[0] if rates else _FIRST_RATE, sweep.last_rate if sweep else _LAST_RATE),
        x_unit="rates",
        train=[(rate, loss, loss, loss, 1) for rate, loss in zip(rates, losses, strict=True)],
        marks=sorted(marks),
        hint="" if rates or view.error else "loss over the learning rate",
        ascii_only=ascii_only,
    )
