"""The coach line: one finding, or what to do next, with its key.

A table of rules is asked from top to bottom and the first that has something to say speaks: what went
wrong, then how the run stands, then what just happened, then what to try. Each rule is a pure
function of the situation, so the line never depends on when it is drawn. A rule that needs more than
a narrow terminal has gives shorter wordings too, so that its key is never cut off.
"""

from collections.abc import Callable

from seqlm.presets import PRESETS, Preset
from seqlm.runspec.baselines import primary_split
from workbench.hints.hint_text import (
    HintText,
    capitalize_sentence,
    describe_change,
    make_hint,
    split_clauses,
    split_sentences,
)
from workbench.render.number_format import (
    format_count,
    format_duration,
    format_learning_rate,
    format_loss,
)
from workbench.run.diagnostics import overfitting, plateau
from workbench.state.app_state import AppState

_RECENT_SHARE = 0.1
_SILENT_FROM_S = 10
_TOO_SURE = 1.2
_NEXT_TO_NOTHING = 0.99


Rule = Callable[[AppState], HintText | None]


def hint_for(situation: AppState) -> HintText:
    """The line for this situation."""
    for rule in _RULES:
        found = rule(situation)
        if found is not None:
            return found
    return HintText(" ", "label", "")


def _refused(s: AppState) -> HintText | None:
    return make_hint("✗", "error", split_sentences(s.refusal)) if s.refusal else None


def _reading(s: AppState) -> HintText | None:
    return HintText("○", "waiting", s.reading) if s.reading else None


def _died(s: AppState) -> HintText | None:
    if s.run.status != "died":
        return None
    since = format_count(s.run.checkpoint_step or 0)
    at = format_count(s.run.step)
    goes_on = s.keys.substitute_keys(f"<run.space> goes on from {since}")
    more = s.keys.substitute_keys("; <app.commands> log says more.")
    found = (f"The trainer {s.run.message} at {at}.", f"The trainer {s.run.message}.")
    died = f"The trainer died at step {at}."
    return make_hint("✗", "error", (*found, died), (f"{goes_on}{more}", f"{goes_on}."))


def _diverged(s: AppState) -> HintText | None:
    if s.run.status != "diverged":
        return None
    back = "the start" if s.run.checkpoint_step is None else "the last checkpoint"
    remedy = s.keys.substitute_keys(
        f"<run.space>: back to {back}, rate {format_learning_rate(s.retry_rate)}."
    )
    found = (
        *split_clauses(capitalize_sentence(s.run.message)),
        f"Diverged at step {format_count(s.run.step)}.",
    )
    return make_hint("✗", "error", found, remedy)


def _failed(s: AppState) -> HintText | None:
    if s.run.status != "failed":
        return None
    remedies = "<pane.2> changes a value, <run.new> starts again.", "<run.new> starts again."
    found = (
        *split_clauses(capitalize_sentence(s.run.message)),
        f"Failed at step {format_count(s.run.step)}.",
    )
    return make_hint("✗", "error", found, [s.keys.substitute_keys(remedy) for remedy in remedies])


def _reading_run(s: AppState) -> HintText | None:
    if s.run.status != "reading":
        return None
    wrote = f"Reading what {s.run.run} wrote:", "Reading the log:"
    return make_hint("○", "waiting", wrote, f"step {format_count(s.run.step)} so far.")


def _starting(s: AppState) -> HintText | None:
    if s.run.status != "starting":
        return None
    if s.quiet_s:
        so_far = s.keys.substitute_keys(f"{s.quiet_s} s so far. <app.commands> log shows why.")
        return HintText("○", "waiting", f"Starting the trainer: loading torch. {so_far}")
    return HintText("○", "waiting", "Starting the trainer (1-2 s): loading torch.")


def _silent(s: AppState) -> HintText | None:
    """A worker that lives and says nothing; one that is told to pace itself may be slow."""
    pace = s.run.values.get("train.pace", s.config.train.pace)
    if s.run.status != "training" or s.quiet_s < max(_SILENT_FROM_S, 3 / pace if pace else 0):
        return None
    words = f"Nothing from the trainer for {s.quiet_s} s, but it is alive. Waiting; <run.stop> stops it."
    return HintText("!", "warning", s.keys.substitute_keys(words))


def _past(s: AppState) -> HintText | None:
    if s.looking_at is None:
        return None
    at = f"Looking at step {format_count(s.looking_at)} of {format_count(s.run.step)}"
    moves = ["<past.earlier> earlier   <past.later> later   <pane.back> now", "<pane.back> now"]
    return make_hint(
        "◂", "waiting", f"{s.note or at}  ", [s.keys.substitute_keys(move) for move in moves]
    )


def _noted(s: AppState) -> HintText | None:
    return make_hint("▸", "plain", split_sentences(s.note)) if s.note else None


def _scoring(s: AppState) -> HintText | None:
    run = s.run
    if run.status != "training" or not run.steps_planned or run.step < run.steps_planned:
        return None
    return HintText("○", "waiting", "Every step is done. Now the whole of train and val is scored.")


def _waiting(s: AppState) -> HintText | None:
    n = len(s.waiting)
    if not n:
        return None
    waits = "1 value waits" if n == 1 else f"{n} values wait"
    starts = s.keys.substitute_keys("<run.new> starts it")
    old = f"{starts}, this one is stopped with a checkpoint." if s.run.is_live else ""
    return make_hint(
        "▸", "waiting", f"{waits} for a new run:", (*filter(None, [old]), f"{starts}.")
    )


def _paused(s: AppState) -> HintText | None:
    if s.run.status != "paused":
        return None
    at = format_count(s.run.step)
    words = f"Paused at step {at}. <run.space> goes on, <run.step> does one step."
    return HintText("‖", "warning", s.keys.substitute_keys(words))


def _stopped(s: AppState) -> HintText | None:
    if s.run.status != "stopped":
        return None
    words = f"Stopped at step {format_count(s.run.step)} with a checkpoint. <run.space> goes on from it."
    return HintText("■", "label", s.keys.substitute_keys(words))


def _finished(s: AppState) -> HintText | None:
    if s.run.status != "finished":
        return None
    result, done = s.result, "Counted" if s.config.model.learns_by_counting else "Finished"
    beside = [] if result.loss is None else [f"{result.on} {format_loss(result.loss, 3)}"]
    beside += result.beside()
    judged = [", ".join(beside[:n]) for n in range(len(beside), 0, -1)]
    took = [
        f"{done} in {format_duration(s.run.trained_s)}{f': {words}' if words else ''}."
        for words in judged or [""]
    ]
    short = f"{done}: {judged[-1]}." if judged else f"{done}."
    early = (*split_clauses(capitalize_sentence(s.run.message)), "") if s.run.message else ""
    teaches = _taught(s.preset)
    then = (
        s.keys.substitute_keys("<pane.4> uses it"),
        s.keys.substitute_keys("; <run.new> trains a changed one."),
    )
    return make_hint("✓", "best", (*took, short), early, teaches, ("".join(then), f"{then[0]}."))


def _taught(preset: Preset | None) -> tuple[str, ...]:
    """What a preset shows, as far as there is room; one or two words of it alone say nothing."""
    whole = split_clauses(capitalize_sentence(preset.teaches)) if preset else ()
    return (*(words for words in whole if len(words.split()) > 2), "")


def _is_validated(s: AppState) -> bool:
    """Whether the losses of val tell how good the model is: of a single batch they do not."""
    return primary_split(s.config) == "val"


def _overfitting(s: AppState) -> HintText | None:
    found = overfitting(s.run) if _is_validated(s) else None
    if found is None or s.preview is None or found.best.loss > s.preview.uniform:
        return None
    rises, stops = "val rises while train falls", s.keys.substitute_keys("<run.stop> stops.")
    words = f"{rises}, {format_count(found.n_checks)} checks running: learning by heart."
    best = (
        f"The best was at {format_count(found.best.step)}.",
        f"Best at {format_count(found.best.step)}.",
    )
    return make_hint("!", "warning", (words, f"{rises}: by heart."), best, stops)


def _too_sure(s: AppState) -> HintText | None:
    """Some first weights are sure of wrong tokens: worse than guessing, and soon mended."""
    run = s.run
    if run.status != "training" or s.preview is None or run.train_last is None:
        return None
    uniform = s.preview.uniform
    has_been_better = run.best is not None and run.best.loss < uniform
    if has_been_better or run.train_last < _TOO_SURE * uniform:
        return None
    worse = f"Worse than guessing ({format_loss(uniform, 3)}):"
    why = "the first weights are sure of wrong tokens.", "sure of wrong tokens."
    return make_hint(
        "▸", "plain", worse, why, s.keys.substitute_keys("<pane.3> shows how it falls.")
    )


def _settled(s: AppState) -> HintText | None:
    """Little is gained: with a rate that stays as it is, smaller steps may settle lower."""
    is_judged = s.run.status == "training" and _is_validated(s)
    found = plateau(s.run) if is_judged else None
    if found is None or s.config.train.schedule not in ("constant", "warm-up"):
        return None
    since = format_count(found.step)
    words = f"Little gained since step {since}:"
    why = "the steps are too big to settle.", "steps too big."
    halves = (
        "<pane.3>, then <rate.halve> halves the rate.",
        "<pane.3> <rate.halve> halves the rate.",
    )
    return make_hint("▸", "plain", words, why, [s.keys.substitute_keys(way) for way in halves])


def _changed(s: AppState) -> HintText | None:
    """What the last change did, while that is news: until a tenth more steps are done."""
    if not s.run.changes:
        return None
    change = s.run.changes[-1]
    if not change.can_have_effect or s.run.step > change.step * (1 + _RECENT_SHARE) + 2000:
        return None
    shows = s.keys.substitute_keys("<pane.3> shows where.")
    return make_hint("▸", "mark", *describe_change(s.run, change), shows)


def _above_bigram(s: AppState) -> HintText | None:
    """Where pairs tell next to nothing, passing what counting them reaches is no news."""
    if s.preview is None or s.run.best is None or s.run.status != "training":
        return None
    pairs_tell = s.preview.bigram < _NEXT_TO_NOTHING * s.preview.uniform
    if not pairs_tell or s.config.data.targets == "last" or not _is_validated(s):
        return None
    bigram, one = format_loss(s.preview.bigram, 3), s.preview.text.tokenizer.token_noun
    if s.run.best.loss > s.preview.bigram:
        pairs = f"what counting pairs of {one}s reaches ({bigram}).", f"pairs of {one}s ({bigram})."
        return make_hint(
            "▸", "plain", "Next to pass:", pairs, s.keys.substitute_keys("<pane.3> shows the line.")
        )
    more = f"it now uses more than one {one}.", f"it uses more than one {one}.", "it uses more."
    draws = s.keys.substitute_keys("<pane.4> draws from it.")
    return make_hint("▸", "plain", f"Below the {one}-pair counts ({bigram}):", more, draws)


def _training(s: AppState) -> HintText | None:
    if s.run.status != "training":
        return None
    words = "Training. <run.space> pauses; each batch's loss is one step of the line."
    return HintText("▸", "plain", s.keys.substitute_keys(words))


def _ready(s: AppState) -> HintText | None:
    preset = PRESETS.get(s.config.preset)
    presses = s.keys.substitute_keys("Press <run.space> to train")
    begins = f"{presses} {s.title}", f"{presses} it"
    plain = [f"{begin}." for begin in begins]
    if s.n_runs:
        runs = "your run" if s.n_runs == 1 else f"one of your {format_count(s.n_runs)} runs"
        return make_hint(
            "▸",
            "plain",
            plain,
            _taught(preset),
            s.keys.substitute_keys(f"<app.open> opens {runs}."),
        )
    taught = split_clauses(preset.teaches) if preset else ()
    return make_hint(
        "▸", "plain", [f"{begin}: {what}" for begin in begins for what in taught] + plain
    )


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
