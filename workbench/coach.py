"""The coach line: one finding, or what to do next, with its key.

A table of rules is asked from top to bottom and the first that has something to say speaks: what went
wrong, then how the run stands, then what just happened, then what to try. Each rule is a pure
function of the situation, so the line never depends on when it is drawn.
"""

from collections.abc import Callable
from typing import NamedTuple

from rich.cells import cell_len

from seqlm.presets import PRESETS
from seqlm.result import judged_on
from workbench.labels import label
from workbench.render.figures import count, duration, learning_rate, loss
from workbench.run.findings import overfitting, plateau
from workbench.run.state import Changed
from workbench.situation import Situation

_RECENT_SHARE = 0.1
_SILENT_FROM_S = 10
_TOO_SURE = 1.2
_NEXT_TO_NOTHING = 0.99


class Line(NamedTuple):
    """What the coach says: a sign, its role, the words, and more sentences as far as they fit."""

    sign: str
    role: str
    words: str
    more: tuple[str, ...] = ()

    def said(self, width: int) -> str:
        """The words, and each further sentence that there is room for."""
        said = self.words
        for sentence in filter(None, self.more):
            longer = f"{said} {sentence}"
            said = longer if cell_len(longer) <= width else said
        return said


Rule = Callable[[Situation], Line | None]


def advise(situation: Situation) -> Line:
    """The line for this situation."""
    for rule in _RULES:
        line = rule(situation)
        if line is not None:
            return line
    return Line(" ", "label", "")


def _refused(s: Situation) -> Line | None:
    return Line("✗", "error", s.refusal) if s.refusal else None


def _reading(s: Situation) -> Line | None:
    return Line("○", "waiting", s.reading) if s.reading else None


def _died(s: Situation) -> Line | None:
    if s.run.status != "died":
        return None
    since = count(s.run.checkpoint_step or 0)
    at = count(s.run.step)
    goes_on = s.keys.fill(f"<run.space> goes on from {since}; <app.commands> log says more.")
    words = f"The trainer {s.run.message} at {at}. {goes_on}"
    return Line("✗", "error", words)


def _diverged(s: Situation) -> Line | None:
    if s.run.status != "diverged":
        return None
    back = "the start" if s.run.checkpoint_step is None else "the last checkpoint"
    remedy = s.keys.fill(f"<run.space>: back to {back}, rate {learning_rate(s.retry_rate)}.")
    return Line("✗", "error", f"{_sentence(s.run.message)} {remedy}")


def _failed(s: Situation) -> Line | None:
    if s.run.status != "failed":
        return None
    remedy = s.keys.fill("<pane.2> changes a value, <run.new> starts again.")
    return Line("✗", "error", f"{_sentence(s.run.message)} {remedy}")


def _reading_run(s: Situation) -> Line | None:
    if s.run.status != "reading":
        return None
    words = f"Reading what {s.run.run} wrote: step {count(s.run.step)} so far."
    return Line("○", "waiting", words)


def _starting(s: Situation) -> Line | None:
    if s.run.status != "starting":
        return None
    if s.quiet_s:
        so_far = s.keys.fill(f"{s.quiet_s} s so far. <app.commands> log shows why.")
        return Line("○", "waiting", f"Starting the trainer: loading torch. {so_far}")
    return Line("○", "waiting", "Starting the trainer (1-2 s): loading torch.")


def _silent(s: Situation) -> Line | None:
    """A worker that lives and says nothing; one that is told to pace itself may be slow."""
    pace = s.run.values.get("train.pace", s.config.train.pace)
    if s.run.status != "training" or s.quiet_s < max(_SILENT_FROM_S, 3 / pace if pace else 0):
        return None
    words = f"Nothing from the trainer for {s.quiet_s} s, but it is alive. Waiting; <run.stop> stops it."
    return Line("!", "warning", s.keys.fill(words))


def _past(s: Situation) -> Line | None:
    if s.looking_at is None:
        return None
    at = f"Looking at step {count(s.looking_at)} of {count(s.run.step)}"
    words = f"{at}    <past.earlier> earlier    <past.later> later    <pane.back> now"
    return Line("◂", "waiting", s.keys.fill(words))


def _noted(s: Situation) -> Line | None:
    return Line("▸", "plain", s.note) if s.note else None


def _scoring(s: Situation) -> Line | None:
    run = s.run
    if run.status != "training" or not run.steps_planned or run.step < run.steps_planned:
        return None
    return Line("○", "waiting", "Every step is done. Now the whole of train and val is scored.")


def _waiting(s: Situation) -> Line | None:
    n = len(s.waiting)
    if not n:
        return None
    waits = "1 value waits" if n == 1 else f"{n} values wait"
    old = ", this one is stopped with a checkpoint" if s.run.is_live else ""
    starts = s.keys.fill("<run.new> starts it")
    return Line("▸", "waiting", f"{waits} for a new run: {starts}{old}.")


def _paused(s: Situation) -> Line | None:
    if s.run.status != "paused":
        return None
    at = count(s.run.step)
    words = f"Paused at step {at}. <run.space> goes on, <run.step> does one step."
    return Line("‖", "warning", s.keys.fill(words))


def _stopped(s: Situation) -> Line | None:
    if s.run.status != "stopped":
        return None
    words = f"Stopped at step {count(s.run.step)} with a checkpoint. <run.space> goes on from it."
    return Line("■", "label", s.keys.fill(words))


def _finished(s: Situation) -> Line | None:
    if s.run.status != "finished":
        return None
    result, preset = s.result, s.preset
    reached = [] if result.loss is None else [f"{result.on} {loss(result.loss, 3)}"]
    done = "Counted" if s.config.model.learns_by_counting else "Finished"
    judged = ", ".join([*reached, *result.beside()])
    words = f"{done} in {duration(s.run.trained_s)}{f': {judged}' if judged else ''}."
    early = _sentence(s.run.message) if s.run.message else ""
    teaches = _sentence(preset.teaches) if preset else ""  # first, as the footer has the keys too
    then = s.keys.fill("<pane.4> uses it; <run.new> trains a changed one.")
    return Line("✓", "best", words, (early, teaches, then))


def _is_validated(s: Situation) -> bool:
    """Whether the losses of val tell how good the model is: of a single batch they do not."""
    return judged_on(s.config) == "val"


def _overfitting(s: Situation) -> Line | None:
    found = overfitting(s.run) if _is_validated(s) else None
    if found is None or s.preview is None or found.best.loss > s.preview.uniform:
        return None
    words = (
        f"val rises while train falls, {found.n_checks} checks running: learning by heart. "
        f"The best was at {count(found.best.step)}."
    )
    return Line("!", "warning", words)


def _too_sure(s: Situation) -> Line | None:
    """Some first weights are sure of wrong tokens: worse than guessing, and soon mended."""
    run = s.run
    if run.status != "training" or s.preview is None or run.train_last is None:
        return None
    uniform = s.preview.uniform
    has_been_better = run.best is not None and run.best.loss < uniform
    if has_been_better or run.train_last < _TOO_SURE * uniform:
        return None
    words = f"Worse than guessing ({loss(uniform, 3)}): the first weights are sure of wrong tokens."
    return Line("▸", "plain", words)


def _settled(s: Situation) -> Line | None:
    """Little is gained: with a rate that stays as it is, smaller steps may settle lower."""
    is_judged = s.run.status == "training" and _is_validated(s)
    found = plateau(s.run) if is_judged else None
    if found is None or s.config.train.schedule not in ("constant", "warm-up"):
        return None
    since = count(found.step)
    words = (
        f"Little gained since step {since}: the steps are too big to settle. "
        "<pane.3>, then <rate.halve> halves the rate."
    )
    return Line("▸", "plain", s.keys.fill(words))


def _changed(s: Situation) -> Line | None:
    """What the last change did, while that is news: until a tenth more steps are done."""
    if not s.run.changes:
        return None
    change = s.run.changes[-1]
    if not change.can_have_effect or s.run.step > change.step * (1 + _RECENT_SHARE) + 2000:
        return None
    return Line("▸", "mark", change_words(change))


def change_words(change: Changed) -> str:
    """A change and the validation losses around it, in one sentence."""
    planned = "As planned: " if change.is_planned else ""
    what = f"{planned}{label(change.key)} {value_text(change.old)} → {value_text(change.new)}"
    if change.before is None or change.after is None:
        return f"{what} at step {count(change.step)}; the next validation shows what it did."
    before, after = loss(change.before.loss, 3), loss(change.after.loss, 3)
    at, then = count(change.before.step), count(change.after.step)
    return f"{what}: val was {before} at {at}, is {after} at {then}."


def _above_bigram(s: Situation) -> Line | None:
    """Where pairs tell next to nothing, passing what counting them reaches is no news."""
    if s.preview is None or s.run.best is None or s.run.status != "training":
        return None
    pairs_tell = s.preview.bigram < _NEXT_TO_NOTHING * s.preview.uniform
    if not pairs_tell or s.config.data.targets == "last" or not _is_validated(s):
        return None
    bigram, one = loss(s.preview.bigram, 3), s.preview.text.tokenizer.one
    if s.run.best.loss > s.preview.bigram:
        words = f"Next to pass: what counting pairs of {one}s reaches ({bigram})."
        return Line("▸", "plain", words)
    words = f"Below the {one}-pair counts ({bigram}): it now uses more than one {one}."
    return Line("▸", "plain", words)


def _training(s: Situation) -> Line | None:
    if s.run.status != "training":
        return None
    words = "Training. <run.space> pauses; each batch's loss is one step of the line."
    return Line("▸", "plain", s.keys.fill(words))


def _ready(s: Situation) -> Line | None:
    preset = PRESETS.get(s.config.preset)
    begins = f"{s.keys.fill('Press <run.space> to train')} {s.title}"
    if not s.n_runs:
        return Line("▸", "plain", f"{begins}{f': {preset.teaches}' if preset else ''}.")
    runs = "your run" if s.n_runs == 1 else f"one of your {s.n_runs} runs"
    opens = s.keys.fill(f"<app.open> opens {runs}.")
    more = (_sentence(preset.teaches),) if preset else ()
    return Line("▸", "plain", f"{begins}. {opens}", more)


_RULES: tuple[Rule, ...] = (
    _refused,
    _reading,
    _reading_run,
    _died,
    _diverged,
    _failed,
    _starting,
    _silent,
    _past,
    _noted,
    _scoring,
    _waiting,
    _paused,
    _stopped,
    _finished,
    _overfitting,
    _changed,
    _settled,
    _too_sure,
    _above_bigram,
    _training,
    _ready,
)


def value_text(value: object) -> str:
    """A setting's value as it is shown."""
    if value is None:
        return "off"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return count(value)
    return learning_rate(value) if isinstance(value, float) else str(value)


def _sentence(words: str) -> str:
    words = words or "It failed"
    return f"{words[:1].upper()}{words[1:]}".rstrip(".") + "."
