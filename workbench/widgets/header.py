"""The first row: which run, what it does, how far it is, and its loss as a curve of one row."""

from collections.abc import Sequence

from workbench.render.bars import draw_sparkline
from workbench.render.number_format import (
    format_compact,
    format_count,
    format_duration,
    format_rate,
)
from workbench.render.sanitize import fit, sanitize
from workbench.state.app_state import ROLES, SIGNS, AppState
from workbench.widgets.row_widget import Row, RowWidget, row_width

_LONGEST_CURVE = 24
_SHORTEST_CURVE = 6
_OTHER_BEAT = "○"


class Header(RowWidget):
    """The run in one row, at every width."""

    situation: AppState | None = None

    def set_state(self, situation: AppState) -> None:
        """Show this situation."""
        self.situation = situation
        self.redraw()

    def rows(self, width: int, height: int) -> Sequence[Row]:
        """One row."""
        if self.situation is None:
            return []
        beats = self.app.animation_level != "none"
        return [header_row(self.situation, width, self.ascii_only, beats)]


def header_row(
    situation: AppState, width: int, ascii_only: bool = False, beats: bool = False
) -> Row:
    """The header in ``width`` cells: numbers keep their places while they grow.

    With ``beats`` the sign of training alternates once a second: while news comes, and only then, one
    thing moves.
    """
    variants = _variants(situation, beats)
    parts = next(
        (p for p in variants if row_width(p) + _curve_room(situation) <= width),
        variants[-1],
    )
    room = min(_LONGEST_CURVE, width - row_width(parts) - 2)  # a space on either side
    if not situation.run.train or room < _SHORTEST_CURVE:
        return parts
    means = [found.mean for found in situation.run.train.growing]
    gap = " " * (width - row_width(parts) - room - 1)
    return [
        *parts,
        (gap, "plain"),
        (draw_sparkline(means, room, ascii_only), "train"),
        (" ", "plain"),
    ]


def _curve_room(situation: AppState) -> int:
    return _SHORTEST_CURVE + 3 if situation.run.train else 1


def _variants(situation: AppState, beats: bool) -> list[list[tuple[str, str]]]:
    """From all there is to say to the least that must be said."""
    run, status = situation.run, situation.run.status
    sign, word = SIGNS[status]
    title, role = sanitize(situation.title, 32), ROLES[status]
    if status == "untrained" or not run.steps_planned:
        n_steps = situation.config.planned.train.steps
        plan = f"   {format_count(n_steps)} step{'' if n_steps == 1 else 's'} planned"
        full = [(f" {title}  ", "plain bold"), (f"{sign} {word}", role), (plan, "label")]
        return [full, full[:-1], [(f" {fit(title, 14)}", "plain bold"), (f" {sign}", role)]]
    planned = format_count(run.steps_planned)
    step = format_count(run.step).rjust(len(planned))
    speed = format_rate(run.steps_per_s).rjust(6)
    took = format_duration(run.trained_s).rjust(4)
    left = f" · {format_duration(run.left_s)} left" if run.left_s is not None else ""
    if beats and status == "training" and int(run.trained_s) % 2:
        sign = _OTHER_BEAT
    sent = f"   {_bytes(situation.bytes_per_s)}" if situation.bytes_per_s else ""
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


def _bytes(per_s: int) -> str:
    """What goes to this terminal: over SSH it is worth knowing."""
    return f"{max(1, round(per_s / 1000)):3d} kB/s sent "
