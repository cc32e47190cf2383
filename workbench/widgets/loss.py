"""The Loss pane: exact numbers, the chart, and what each change of a value did."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from workbench.coach import label, value_text
from workbench.render.axis import LinearAxis, LogAxis
from workbench.render.chart import Bucket, ChartSpec, Mark, Point, Reference, render_chart
from workbench.render.figures import count, learning_rate, loss
from workbench.situation import Situation
from workbench.state import Changed
from workbench.widgets.pane import Pane
from workbench.widgets.rows import Row

_LEAST_CHART = 8
_MOST_CHANGES = 3


class LossPane(Pane):
    """How the loss falls, beside what it should pass."""

    NUMBER = 3
    NAME = "Loss"
    HELP: ClassVar[str] = (
        "How surprised the model is by the right token, in nats per token: lower is better. "
        "⠒ is the mean over the batches of some steps, the shade behind it their lowest and highest; "
        "o is the loss on validation text, which it never trains on. Dashed lines are what to "
        "compare with: guessing (uniform, ln V), counting pairs (bigram), the best so far. "
        "▲ marks where a value was changed; below stands what that did."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "app.x_axis", "log/linear", id="loss.x"),
    ]

    def about(self, width: int) -> str:
        """Units and the spacing of the axis."""
        scale = self.situation.x_scale if self.situation else "log"
        return f"nats per token · x {scale}"

    def folded(self, width: int) -> Row:
        """The exact numbers."""
        return numbers_row(self.situation, width) if self.situation else []

    def body(self, width: int, height: int) -> Sequence[Row]:
        """The numbers, the chart in the middle, the latest changes."""
        situation = self.situation
        if situation is None:
            return []
        changes = situation.run.changes[-_MOST_CHANGES:]
        n_listed = min(len(changes), max(0, height - 1 - _LEAST_CHART))
        listed = _change_rows(situation, n_listed, width)
        spec = chart_spec(situation, width, height - 1 - len(listed), self.ascii_only)
        return [numbers_row(situation, width), *render_chart(spec), *listed]


def numbers_row(situation: Situation, width: int) -> Row:
    """Train, validation and best loss, exactly, with their steps; as much as there is room for."""
    run = situation.run
    gap, at = ("   ", " at ") if width >= 64 else ("  ", " @")
    row = [("train ", "label"), (_number(run.train_last), "train bold")]
    for name, role, found in (("val", "val", run.val_last), ("best", "best", run.best)):
        row += [(f"{gap}{name} ", "label")]
        row += [(_number(found.loss if found else None), f"{role} bold")]
        row += [(f"{at}{count(found.step)}" if found else "", "label")]
    more = _more(situation, gap)
    return [*row, more] if sum(len(text) for text, _ in [*row, more]) <= width else row


def _more(situation: Situation, gap: str) -> tuple[str, str]:
    """At the end the loss over all of train, before that the rate of the last step."""
    run = situation.run
    if "train" in run.final:
        return (f"{gap}all of train {loss(run.final['train'])}", "label")
    return (f"{gap}rate {learning_rate(run.learning_rate)}" if run.learning_rate else "", "label")


def _number(value: float | None) -> str:
    return loss(value).ljust(6)


def chart_spec(situation: Situation, width: int, height: int, ascii_only: bool) -> ChartSpec:
    """What the chart shows of this situation."""
    run, scale = situation.run, situation.x_scale
    last = max(1, run.step, run.steps_planned or situation.config.train.steps)
    return ChartSpec(
        width=width,
        height=height,
        x=LogAxis(1, last) if scale == "log" else LinearAxis(0, last),
        train=[
            Bucket(b.step, b.mean, b.low, b.high, b.n)
            for b in run.train.between(1, last, scale == "log")
        ],
        val=[Point(b.step, b.last) for b in run.val.between(1, last, scale == "log")],
        references=references(situation),
        marks=[Mark(change.step, str(n)) for n, change in numbered_changes(situation)],
        hint="" if run.train else _hint(situation),
        ascii_only=ascii_only,
    )


def references(situation: Situation) -> tuple[Reference, ...]:
    """The losses to compare with."""
    found = []
    if situation.preview is not None:
        note = "" if situation.run.train else "guessing"
        found.append(Reference("uniform", situation.preview.uniform, note))
        note = "" if situation.run.train else "counting pairs"
        found.append(Reference("bigram", situation.preview.bigram, note))
    if situation.expected is not None:
        found.append(Reference("expected", situation.expected))
    if situation.run.best is not None:
        found.append(Reference("best", situation.run.best.loss, role="best"))
    return tuple(found)


def _hint(situation: Situation) -> str:
    if situation.run.status == "starting":
        return "starting the trainer: loading torch"
    if situation.run.status == "untrained":
        return "space starts the line here"
    return ""


def numbered_changes(situation: Situation) -> list[tuple[int, Changed]]:
    """The changes that are still known, each with its number in the run."""
    run = situation.run
    return list(enumerate(run.changes, run.n_changes - len(run.changes) + 1))


def _change_rows(situation: Situation, n_rows: int, width: int) -> list[Row]:
    shown = numbered_changes(situation)[-n_rows:] if n_rows else []
    texts = [f"{label(c.key)} {value_text(c.old)} → {value_text(c.new)}" for _, c in shown]
    wide = max(map(len, texts), default=0)
    at = max((len(count(change.step)) for _, change in shown), default=0)
    return [
        [
            (f"▲{number} ", "mark"),
            (f"{count(change.step).rjust(at)}  ", "label"),
            (text.ljust(wide + 3), "plain"),
            (_effect(change) if width >= wide + at + 40 else "", "label"),
        ]
        for (number, change), text in zip(shown, texts, strict=True)
    ]


def _effect(change: Changed) -> str:
    if change.before is None or change.after is None:
        return "val: not measured yet"
    n_steps = count(change.after.step - change.before.step)
    return f"val {loss(change.before.loss, 3)} → {loss(change.after.loss, 3)} in {n_steps} steps"
