"""Rules of the hint line: one finding, or one next step, with its key.

The rules are tried in order and the first one that returns a hint wins: errors first, then the
health of the run, then what just happened, then what to try next. Each rule is a pure function of
the application state. A rule whose text may be too long for a narrow terminal also gives shorter
versions, so that the key is never cut off.
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
_RESUME_NOTE_S = 30
_OVERCONFIDENT = 1.2
_NEAR_UNIFORM = 0.99


Rule = Callable[[AppState], HintText | None]


def hint_for(state: AppState) -> HintText:
    """Return the hint for this state."""
    for rule in RULES:
        hint = rule(state)
        if hint is not None:
            return hint
    return HintText(" ", "label", "")


def request_error(s: AppState) -> HintText | None:
    """Return the reason why the last request failed."""
    return make_hint("✗", "error", split_sentences(s.error_message)) if s.error_message else None


def corpus_loading(s: AppState) -> HintText | None:
    """Return how far the corpus has been read."""
    return HintText("○", "waiting", s.loading_message) if s.loading_message else None


def log_loading(s: AppState) -> HintText | None:
    """Return how far the event log of the run has been read."""
    if s.run.status != "reading":
        return None
    log = f"Reading the log of {s.run.run}:", "Reading the log:"
    return make_hint("○", "waiting", log, f"step {format_count(s.run.step)} so far.")


def worker_died(s: AppState) -> HintText | None:
    """Return how the trainer ended, and how to resume."""
    if s.run.status != "died":
        return None
    checkpoint = format_count(s.run.checkpoint_step or 0)
    at = format_count(s.run.step)
    resume = s.keys.substitute_keys(f"<run.space> resumes from step {checkpoint}")
    log = s.keys.substitute_keys("; <app.commands> log shows why.")
    message = s.run.message or "ended"
    finding = (
        f"The trainer {message} at step {at}.",
        f"The trainer {message}.",
        f"The trainer ended at step {at}.",
    )
    return make_hint("✗", "error", finding, (f"{resume}{log}", f"{resume}."))


def diverged(s: AppState) -> HintText | None:
    """Return why the loss stopped being a number, and how to try again."""
    if s.run.status != "diverged":
        return None
    origin = "the start" if s.run.checkpoint_step is None else "the last checkpoint"
    rate = format_learning_rate(s.retry_learning_rate)
    remedies = (
        f"<run.space> resumes from {origin} with learning rate {rate}.",
        f"<run.space> retries with learning rate {rate}.",
    )
    finding = (
        *split_clauses(capitalize_sentence(s.run.message)),
        f"Diverged at step {format_count(s.run.step)}.",
    )
    return make_hint("✗", "error", finding, [s.keys.substitute_keys(text) for text in remedies])


def failed(s: AppState) -> HintText | None:
    """Return why the run failed, and what to change."""
    if s.run.status != "failed":
        return None
    remedies = (
        "<pane.2> changes a setting, <run.new> starts a new run.",
        "<run.new> starts a new run.",
    )
    finding = (
        *split_clauses(capitalize_sentence(s.run.message)),
        f"Failed at step {format_count(s.run.step)}.",
    )
    return make_hint("✗", "error", finding, [s.keys.substitute_keys(text) for text in remedies])


def starting(s: AppState) -> HintText | None:
    """Return that the trainer is starting, and for how long."""
    if s.run.status != "starting":
        return None
    if s.silent_for_s:
        so_far = s.keys.substitute_keys(f"{s.silent_for_s} s so far. <app.commands> log shows why.")
        return HintText("○", "waiting", f"Starting the trainer: loading PyTorch. {so_far}")
    return HintText("○", "waiting", "Starting the trainer (1-2 s): loading PyTorch.")


def silent_worker(s: AppState) -> HintText | None:
    """Return that a live worker sends nothing; a worker that is slowed down may take longer."""
    pace = s.run.values.get("train.pace", s.config.train.pace)
    if s.run.status != "training" or s.silent_for_s < max(_SILENT_FROM_S, 3 / pace if pace else 0):
        return None
    since = f"No message from the trainer for {s.silent_for_s} s"
    text = f"{since}; it is still running. <run.stop> stops it."
    return HintText("!", "warning", s.keys.substitute_keys(text))


def past_step(s: AppState) -> HintText | None:
    """Return which step is viewed, and the keys that change it."""
    if s.viewed_step is None:
        return None
    at = f"Viewing step {format_count(s.viewed_step)} of {format_count(s.run.step)}"
    moves = ("<past.earlier> earlier   <past.later> later   <pane.back> live", "<pane.back> live")
    keys = [s.keys.substitute_keys(move) for move in moves]
    return make_hint("◂", "waiting", f"{s.status_message or at}  ", keys)


def status_message(s: AppState) -> HintText | None:
    """Return what just happened."""
    return make_hint("▸", "plain", split_sentences(s.status_message)) if s.status_message else None


def resume_note(s: AppState) -> HintText | None:
    """Return what was unusual about the last resume, while the run is live, for half a minute."""
    run = s.run
    if not run.note or not run.is_live or run.trained_s > run.resumed_at_s + _RESUME_NOTE_S:
        return None
    short = "Resumed from an older state; seqlm show tells why."
    return make_hint("!", "warning", (f"{capitalize_sentence(run.note)}.", short))


def final_evaluation(s: AppState) -> HintText | None:
    """Return that the last step is done and the splits are being evaluated."""
    run = s.run
    if run.status != "training" or not run.steps_planned or run.step < run.steps_planned:
        return None
    return HintText(
        "○", "waiting", "All steps are done. Evaluating the whole train and val splits."
    )


def pending_changes(s: AppState) -> HintText | None:
    """Return how many settings wait for a new run."""
    n = len(s.pending_keys)
    if not n:
        return None
    pending = "1 pending change:" if n == 1 else f"{n} pending changes:"
    start = s.keys.substitute_keys("<run.new> starts a new run")
    stop = f"{start} and stops this one with a checkpoint." if s.run.is_live else ""
    return make_hint("▸", "waiting", pending, (*filter(None, [stop]), f"{start}."))


def paused(s: AppState) -> HintText | None:
    """Return where the run is paused, and how to resume."""
    if s.run.status != "paused":
        return None
    text = (
        f"Paused at step {format_count(s.run.step)}. <run.space> resumes, <run.step> runs one step."
    )
    return HintText("‖", "warning", s.keys.substitute_keys(text))


def stopped(s: AppState) -> HintText | None:
    """Return where the run was stopped, and how to resume."""
    if s.run.status != "stopped":
        return None
    at = format_count(s.run.step)
    text = f"Stopped at step {at} with a checkpoint. <run.space> resumes from it."
    return HintText("■", "label", s.keys.substitute_keys(text))


def finished(s: AppState) -> HintText | None:
    """Return the result beside its baselines, and what to do next."""
    if s.run.status != "finished":
        return None
    result, done = s.result, "Counted" if s.config.model.learns_by_counting else "Finished"
    losses = [] if result.loss is None else [f"{result.on} {format_loss(result.loss, 3)}"]
    losses += result.beside()
    results = [", ".join(losses[:n]) for n in range(len(losses), 0, -1)]
    took = [
        f"{done} in {format_duration(s.run.trained_s)}{f': {text}' if text else ''}."
        for text in results or [""]
    ]
    short = f"{done}: {results[-1]}." if results else f"{done}."
    early = (*split_clauses(capitalize_sentence(s.run.message)), "") if s.run.message else ""
    generate = s.keys.substitute_keys("<pane.4> generates text")
    new_run = s.keys.substitute_keys("; <run.new> starts a new run.")
    next_steps = (f"{generate}{new_run}", f"{generate}.")
    return make_hint("✓", "best", (*took, short), early, _lesson(s.preset), next_steps)


def _lesson(preset: Preset | None) -> tuple[str, ...]:
    """Return the lesson of a preset, shorter and shorter, but never as one or two words alone."""
    clauses = split_clauses(capitalize_sentence(preset.teaches)) if preset else ()
    return (*(text for text in clauses if len(text.split()) > 2), "")


def _is_validated(s: AppState) -> bool:
    """Return whether the validation loss measures the model; for a single batch it does not."""
    return primary_split(s.config) == "val"


def overfitting_found(s: AppState) -> HintText | None:
    """Return that the model overfits, since when, and how to stop."""
    found = overfitting(s.run) if _is_validated(s) else None
    if found is None or s.preview is None or found.best.loss > s.preview.uniform:
        return None
    n_checks, best_step = format_count(found.n_checks), format_count(found.best.step)
    finding = (
        f"Overfitting: validation loss rises while training loss falls ({n_checks} validations).",
        "Overfitting: validation loss rises while training loss falls.",
        "Overfitting: val rises, train falls.",
    )
    best = f"The best was at step {best_step}.", f"Best: step {best_step}."
    return make_hint("!", "warning", finding, best, s.keys.substitute_keys("<run.stop> stops."))


def last_change(s: AppState) -> HintText | None:
    """Return the effect of the last change, until a tenth more steps are done."""
    if not s.run.changes:
        return None
    change = s.run.changes[-1]
    if not change.can_have_effect or s.run.step > change.step * (1 + _RECENT_SHARE) + 2000:
        return None
    shows = s.keys.substitute_keys("<pane.3> shows where.")
    return make_hint("▸", "mark", *describe_change(s.run, change), shows)


def plateau_found(s: AppState) -> HintText | None:
    """Return that the loss hardly falls while a constant learning rate could be lowered."""
    can_tell = s.run.status == "training" and _is_validated(s)
    found = plateau(s.run) if can_tell else None
    if found is None or s.config.train.schedule not in ("constant", "warm-up"):
        return None
    finding = f"Plateau since step {format_count(found.step)}:"
    cause = "the learning rate may be too high to get lower.", "learning rate too high?"
    remedies = (
        "<pane.3>, then <rate.halve> halves the learning rate.",
        "<pane.3> <rate.halve> halves it.",
    )
    return make_hint(
        "▸", "plain", finding, cause, [s.keys.substitute_keys(text) for text in remedies]
    )


def bad_initialization(s: AppState) -> HintText | None:
    """Return that the first loss is above the loss of guessing."""
    run = s.run
    if run.status != "training" or s.preview is None or run.batch_loss is None:
        return None
    uniform = s.preview.uniform
    has_been_better = run.best is not None and run.best.loss < uniform
    if has_been_better or run.batch_loss < _OVERCONFIDENT * uniform:
        return None
    finding = f"Worse than guessing ({format_loss(uniform, 3)}):"
    cause = (
        "the initialization makes the model confident in wrong tokens.",
        "confident in wrong tokens.",
    )
    shows = s.keys.substitute_keys("<pane.3> shows the loss.")
    return make_hint("▸", "plain", finding, cause, shows)


def bigram_baseline(s: AppState) -> HintText | None:
    """Return how the model compares with bigram counts, where these beat guessing."""
    if s.preview is None or s.run.best is None or s.run.status != "training":
        return None
    is_useful = s.preview.bigram < _NEAR_UNIFORM * s.preview.uniform
    if not is_useful or s.config.data.targets == "last" or not _is_validated(s):
        return None
    bigram, token = format_loss(s.preview.bigram, 3), s.preview.text.tokenizer.token_noun
    if s.run.best.loss > s.preview.bigram:
        baseline = f"counts of {token} pairs, bigram ({bigram}).", f"bigram counts ({bigram})."
        shows = s.keys.substitute_keys("<pane.3> shows the line.")
        return make_hint("▸", "plain", "Next baseline to beat:", baseline, shows)
    context = (
        f"the model uses more than one {token} of context.",
        f"it uses more than one {token}.",
        "it uses more context.",
    )
    generates = s.keys.substitute_keys("<pane.4> generates text.")
    return make_hint("▸", "plain", f"Better than bigram counts ({bigram}):", context, generates)


def training(s: AppState) -> HintText | None:
    """Return what the train line shows, and how to pause."""
    if s.run.status != "training":
        return None
    text = "Training. <run.space> pauses. The train line shows the loss of each step's batch."
    return make_hint("▸", "plain", [s.keys.substitute_keys(part) for part in split_sentences(text)])


def ready(s: AppState) -> HintText | None:
    """Return how to start training, and the lesson of the preset."""
    preset = PRESETS.get(s.config.preset)
    press = s.keys.substitute_keys("Press <run.space> to train")
    starts = f"{press} {s.title}", f"{press} it"
    plain = [f"{start}." for start in starts]
    if s.n_runs:
        runs = "your run" if s.n_runs == 1 else f"one of your {format_count(s.n_runs)} runs"
        opens = s.keys.substitute_keys(f"<app.open> opens {runs}.")
        return make_hint("▸", "plain", plain, _lesson(preset), opens)
    lesson = split_clauses(preset.teaches) if preset else ()
    return make_hint(
        "▸", "plain", [f"{start}: {text}" for start in starts for text in lesson] + plain
    )


RULES: tuple[Rule, ...] = (
    request_error,
    corpus_loading,
    log_loading,
    worker_died,
    diverged,
    failed,
    starting,
    silent_worker,
    past_step,
    status_message,
    resume_note,
    final_evaluation,
    pending_changes,
    paused,
    stopped,
    finished,
    overfitting_found,
    last_change,
    plateau_found,
    bad_initialization,
    bigram_baseline,
    training,
    ready,
)
"""The rules in the order in which they are tried."""
