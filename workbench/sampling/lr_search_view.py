"""A search for a learning rate as it is drawn: losses over rates, and what they suggest in words."""

from textwrap import wrap

from msgspec import Struct

from seqlm.protocol.queries import LearningRateSweepAnswer
from workbench.render.axis import LogAxis
from workbench.render.chart.chart import ChangeMarker, ChartSpec, Row, render_chart
from workbench.render.number_format import format_count, format_learning_rate
from workbench.render.sanitize import sanitize

_FIRST_RATE, _LAST_RATE = 1e-5, 10.0  # of the empty chart
_MAX_WORDS = 300


class LrSearchView(Struct, frozen=True):
    """What is known of a search.

    Attributes:
        subject: What is tried on, in words: nothing of it is kept.
        now: The learning rate in force.
        found: The worker's latest answer; None before the first.
        refusal: Why there is none, in words.
        take_key: What is pressed to take the rate.
    """

    subject: str
    now: float
    found: LearningRateSweepAnswer | None = None
    refusal: str = ""
    take_key: str = "enter"

    @property
    def suggestion(self) -> float | None:
        """The rate that can be taken, once the search is over."""
        return self.found.suggestion if self.found is not None and self.found.is_over else None


def lr_search_text(trial: LrSearchView) -> tuple[str, str]:
    """How far it is or what came of it, and the role to say it in."""
    found = trial.found
    if trial.refusal:
        return f"✗ {sanitize(trial.refusal, _MAX_WORDS)}", "error"
    if found is None:
        return f"Trial steps on {trial.subject}. Loading torch, or reading the text.", ""
    if not found.is_over:
        done = f"Trial step {format_count(len(found.losses))} of {format_count(found.n_steps)}"
        return f"{done} on {trial.subject}, which is thrown away.", ""
    reason = sanitize(found.reason, _MAX_WORDS)
    if found.suggestion is None:
        return f"No rate to suggest: {reason}. Nothing was changed.", "warning"
    rate = format_learning_rate(found.suggestion)
    return f"Try {rate}: {reason}. {trial.take_key} takes it. Nothing else was changed.", "best"


def lr_search_rows(
    trial: LrSearchView, width: int, height: int, ascii_only: bool = False
) -> list[Row]:
    """The chart with the words under it: exactly ``height`` rows.

    Args:
        trial: What they show.
        width: Cells.
        height: Rows.
        ascii_only: Draw with ASCII signs alone.
    """
    words, role = lr_search_text(trial)
    lines = wrap(words, max(8, width))[: max(1, height)]
    under: list[Row] = [[(line, role or "label")] for line in lines]  # type: ignore[list-item]
    return [*render_chart(_spec(trial, width, height - len(lines), ascii_only)), *under]


def _spec(trial: LrSearchView, width: int, height: int, ascii_only: bool) -> ChartSpec:
    found = trial.found
    rates = found.learning_rates if found is not None else []
    losses = found.losses if found is not None else []
    marks = [ChangeMarker(trial.now, "now")]
    if trial.suggestion is not None:
        marks.append(ChangeMarker(trial.suggestion, "try"))
    return ChartSpec(
        width=width,
        height=height,
        x=LogAxis(rates[0] if rates else _FIRST_RATE, found.last_rate if found else _LAST_RATE),
        x_unit="rates",
        train=[(rate, loss, loss, loss, 1) for rate, loss in zip(rates, losses, strict=True)],
        marks=sorted(marks),
        hint="" if rates or trial.refusal else "the loss over the learning rate",
        ascii_only=ascii_only,
    )
