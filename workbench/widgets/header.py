"""Header, the first row of the screen: run, status, progress, and the loss as a sparkline."""

from collections.abc import Sequence

from seqlm.sanitize import sanitize
from workbench.render.bars import draw_sparkline
from workbench.render.number_format import (
    format_compact,
    format_count,
    format_duration,
    format_rate,
)
from workbench.render.sanitize import fit
from workbench.state.app_state import ROLES, SIGNS, AppState
from workbench.widgets.row_widget import Row, RowWidget, row_width

_MAX_SPARKLINE = 24
_MIN_SPARKLINE = 6
_BLINK_SIGN = "○"


class Header(RowWidget):
    """Row about the run, at every width."""

    state: AppState | None = None

    def set_state(self, state: AppState) -> None:
        """Show this state."""
        self.state = state
        self.redraw()

    def rows(self, width: int, height: int) -> Sequence[Row]:
        """Return the one row."""
        if self.state is None:
            return []
        blinks = self.app.animation_level != "none"
        return [header_row(self.state, width, self.ascii_only, blinks)]


def header_row(state: AppState, width: int, ascii_only: bool = False, blinks: bool = False) -> Row:
    """Return the header in ``width`` cells; numbers keep their places while they grow.

    With ``blinks`` the sign of a training run alternates once a second while events arrive.
    """
    variants = _variants(state, blinks)
    parts = next(
        (p for p in variants if row_width(p) + _sparkline_room(state) <= width),
        variants[-1],
    )
    room = min(_MAX_SPARKLINE, width - row_width(parts) - 2)  # a space on either side
    if not state.run.train or room < _MIN_SPARKLINE:
        return parts
    means = [found.mean for found in state.run.train.growing]
    gap = " " * (width - row_width(parts) - room - 1)
    return [
        *parts,
        (gap, "plain"),
        (draw_sparkline(means, room, ascii_only), "train"),
        (" ", "plain"),
    ]


def _sparkline_room(state: AppState) -> int:
    return _MIN_SPARKLINE + 3 if state.run.train else 1


def _variants(state: AppState, blinks: bool) -> list[list[tuple[str, str]]]:
    """Return versions of the header, the longest first."""
    run, status = state.run, state.run.status
    sign, word = SIGNS[status]
    title, role = sanitize(state.title, 32), ROLES[status]
    if status == "untrained" or not run.steps_planned:
        return _untrained_variants(state)
    planned = format_count(run.steps_planned)
    step = format_count(run.step).rjust(len(planned))
    speed = format_rate(run.steps_per_s).rjust(6)
    took = format_duration(run.trained_s).rjust(4)
    left = f" · {format_duration(run.left_s)} left" if run.left_s is not None else ""
    if blinks and status == "training" and int(run.trained_s) % 2:
        sign = _BLINK_SIGN
    sent = f"   {_bytes(state.bytes_per_s)}" if state.bytes_per_s else ""
    with_word, only_sign = (f"{sign} {word}", role), (sign, role)
    long_speed = f"   {speed} steps/s" if run.clock else ""
    short_speed = f" {speed}/s" if run.clock else ""
    return [
        [
            (f" {title}  ", "plain bold"),
            with_word,
            (f"  step {step} / {planned}", "plain"),
            (f"{long_speed}   {took}{left}{sent}", "label"),
        ],
        [
            (f" {title} ", "plain bold"),
            with_word,
            (f" {step}/{planned}", "plain"),
            (f"{short_speed} {took}", "label"),
        ],
        [
            (f" {title} ", "plain bold"),
            only_sign,
            (f" {step}/{format_compact(run.steps_planned)}", "plain"),
        ],
        [(f"{fit(title, 8)} ", "plain bold"), only_sign, (f" {format_count(run.step)}", "plain")],
        [only_sign, (f" {format_count(run.step)}", "plain")],
    ]


def _untrained_variants(state: AppState) -> list[list[tuple[str, str]]]:
    """Return versions of the header before the first step, the longest first."""
    (sign, word), role = SIGNS[state.run.status], ROLES[state.run.status]
    title, n_steps = sanitize(state.title, 32), state.config.planned.train.steps
    plan = f"   {format_count(n_steps)} step{'' if n_steps == 1 else 's'} planned"
    full = [(f" {title}  ", "plain bold"), (f"{sign} {word}", role), (plan, "label")]
    return [full, full[:-1], [(f" {fit(title, 14)}", "plain bold"), (f" {sign}", role)]]


def _bytes(per_s: int) -> str:
    """Return the rate of bytes sent to the terminal, which matters over SSH."""
    return f"{max(1, round(per_s / 1000)):3d} kB/s sent "
