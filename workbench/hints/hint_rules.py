"""Rules of the hint line: one finding, or one next step, with its key.

The rules are tried in order and the first one that returns a hint wins: errors first, then the
health of the run, then what just happened, then what to try next. Each rule is a pure function of
the application state. A rule whose text may be too long for a narrow terminal also gives shorter
versions, so that the key is never cut off.
"""

from seqlm.presets import PRESETS
from seqlm.runspec.baselines import compare_with_counts
from workbench.hints.hint_text import (
    HintText,
    capitalize_sentence,
    lesson_of,
    make_hint,
    pane_step,
    split_clauses,
    split_sentences,
)
from workbench.hints.training_hints import Rule, advice, fresh_change, loss_above_start
from workbench.render.number_format import (
    format_count,
    format_duration,
    format_learning_rate,
    format_loss,
)
from workbench.state.app_state import AppState

_SILENT_FROM_S = 10
_RESUME_NOTE_S = 30


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
    if s.run.is_lost:
        lost = "This run was deleted, moved, or replaced by another run.", "This run is gone."
        return make_hint("✗", "error", lost, s.keys.substitute_keys("<run.new> starts a new run."))
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
    new_run = s.keys.substitute_keys("<run.new> starts a new run.")
    remedies = (f"{pane_step(s, 2, 'changes a setting,')} {new_run}".lstrip(), new_run)
    finding = (
        *split_clauses(capitalize_sentence(s.run.message)),
        f"Failed at step {format_count(s.run.step)}.",
    )
    return make_hint("✗", "error", finding, remedies)


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
    run = s.run
    if run.status != "finished":
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
    new_run = s.keys.substitute_keys("<run.new> starts a new run")
    generate = pane_step(s, 4, "generates text")
    next_steps = (f"{generate}; {new_run}.", f"{generate}.") if generate else f"{new_run}."
    is_falling = run.best is not None and run.best.step == run.step
    advice = compare_with_counts(result, run.n_targets.get("train", 0), is_falling=is_falling)
    lesson = (*split_clauses(capitalize_sentence(advice)), "") if advice else lesson_of(s.preset)
    return make_hint("✓", "best", (*took, short), early, lesson, next_steps)


def ready(s: AppState) -> HintText | None:
    """Return how to start training, and the lesson of the preset."""
    preset = PRESETS.get(s.config.preset)
    press = s.keys.substitute_keys("Press <run.space> to train")
    starts = f"{press} {s.title}", f"{press} it"
    plain = [f"{start}." for start in starts]
    if s.n_runs:
        runs = "your run" if s.n_runs == 1 else f"one of your {format_count(s.n_runs)} runs"
        opens = s.keys.substitute_keys(f"<app.open> opens {runs}.")
        return make_hint("▸", "plain", plain, lesson_of(preset), opens)
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
    fresh_change,
    loss_above_start,
    advice,
    ready,
)
"""The rules in the order in which they are tried."""
