"""The rows of words in the Loss pane: the latest numbers, one step read, what each change did."""

from collections.abc import Sequence

from rich.cells import cell_len

from workbench.coach import label, value_text
from workbench.loss_axes import x_of
from workbench.loss_chart import Reading, numbered_changes
from workbench.loss_view import LossView
from workbench.render.figures import axis_seconds, compact, count, learning_rate
from workbench.render.units import Unit, in_words
from workbench.situation import Situation
from workbench.state import Changed
from workbench.widgets.rows import Row

_WIDE = 64
_EFFECT_CELLS = 40
Piece = tuple[str, str]


def numbers_row(situation: Situation, width: int, unit: Unit = "nats") -> Row:
    """Train, validation and best loss, exactly, with their steps; as much as there is room for.

    A unit other than nats is named.
    """
    run = situation.run
    gap, at = ("   ", " at ") if width >= _WIDE else ("  ", " @")
    row: list[Piece] = [("" if unit == "nats" else f"{unit}  ", "label"), ("train ", "label")]
    row += [(in_words(run.train_last, unit).ljust(6), "train bold")]
    for name, role, found in (("val", "val", run.val_last), ("best", "best", run.best)):
        row += [(f"{gap}{name} ", "label")]
        row += [(in_words(found.loss if found else None, unit).ljust(6), f"{role} bold")]
        row += [(f"{at}{count(found.step)}" if found else "", "label")]
    return _fitting(row, [_more(situation, unit, gap)], width)


def _more(situation: Situation, unit: Unit, gap: str) -> Piece:
    """At the end the loss over all of train, before that the rate of the last step."""
    run = situation.run
    if "train" in run.final:
        return (f"{gap}all of train {in_words(run.final['train'], unit)}", "label")
    return (f"{gap}rate {learning_rate(run.learning_rate)}" if run.learning_rate else "", "label")


def reading_row(situation: Situation, view: LossView, reading: Reading, width: int) -> Row:
    """One column read: ``20,000: train 2.1917 (1.650–2.872)  val 2.2288``.

    Then of how many steps that is the mean, and where else on the x axis it stands.
    """
    unit, val = view.unit, situation.run.val.before(reading.step)
    low, high = in_words(reading.low, unit, 3), in_words(reading.high, unit, 3)
    row: list[Piece] = [
        (f"{count(reading.step)}: ", "plain bold"),
        ("train ", "label"),
        (in_words(reading.mean, unit), "train bold"),
        (f" ({low}–{high})" if reading.n > 1 else "", "label"),
        ("  val ", "label"),
        (in_words(val.last if val else None, unit), "val bold"),
    ]
    is_older = val is not None and val.step <= reading.step - reading.n
    more: list[Piece] = [(f" at {count(val.step)}" if val and is_older else "", "label")]
    more += [(f"  {_of_steps(reading.n)}", "label")]
    more += [(_elsewhere(situation, view, reading.step), "label"), ("  esc now", "guide")]
    return _fitting(row, more, width)


def _of_steps(n: int) -> str:
    return "1 step" if n == 1 else f"mean of {count(n)} steps"


def _elsewhere(situation: Situation, view: LossView, step: int) -> str:
    """The second or the epoch of a step, where that is what stands on the axis."""
    x = x_of(situation, view.x)(step)
    if view.x == "seconds":
        return f"  at {axis_seconds([round(x, 2 if x < 10 else 1)])[0]}"
    return f"  epoch {compact(x)}" if view.x == "epochs" else ""


def now_row(situation: Situation, view: LossView, width: int) -> Row:
    """Without a cursor: the latest step, and how to read another one."""
    run = situation.run
    if not run.train:
        return []
    word = "now" if run.is_live else "end"
    row: list[Piece] = [(f"{word} {count(run.step)}", "plain")]
    more: list[Piece] = [(" │ ←→ read any step", "label")]
    more += [(" │ + - zoom" if view.window is None else " │ 0 all steps", "label")]
    return _fitting(row, more, width)


def change_rows(situation: Situation, n_rows: int, width: int, unit: Unit = "nats") -> list[Row]:
    """The latest changes, each with what it did to the validation loss."""
    shown = numbered_changes(situation)[-n_rows:] if n_rows else []
    texts = [f"{label(c.key)} {value_text(c.old)} → {value_text(c.new)}" for _, c in shown]
    wide = max(map(len, texts), default=0)
    at = max((len(count(change.step)) for _, change in shown), default=0)
    return [
        [
            (f"▲{number} ", "mark"),
            (f"{count(change.step).rjust(at)}  ", "label"),
            (text.ljust(wide + 3), "plain"),
            (_effect(change, unit) if width >= wide + at + _EFFECT_CELLS else "", "label"),
        ]
        for (number, change), text in zip(shown, texts, strict=True)
    ]


def _effect(change: Changed, unit: Unit) -> str:
    if change.before is None or change.after is None:
        return "val: not measured yet"
    n_steps = count(change.after.step - change.before.step)
    before, after = in_words(change.before.loss, unit, 3), in_words(change.after.loss, unit, 3)
    return f"val {before} → {after} in {n_steps} steps"


def _fitting(row: Sequence[Piece], more: Sequence[Piece], width: int) -> list[Piece]:
    """The row and as many of the pieces after it as there is room for."""
    fitting, used = list(row), sum(cell_len(text) for text, _ in row)
    for piece in more:
        used += cell_len(piece[0])
        if used > width:
            break
        fitting.append(piece)
    return fitting
