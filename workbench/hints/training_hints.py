"""Hints while a model trains: what was found, and facts about the run that take turns.

A finding is a reason to act: overfitting, a plateau, a bad initialization. The facts say what the run
does and what comes next. Each hint stays for some seconds; where there is a finding, every other turn
is its own. Each rule is a pure function of the application state.
"""

from collections.abc import Callable

from seqlm.configuration import dotted_keys
from seqlm.configuration.run_config import Change
from seqlm.runspec.baselines import expected_loss, primary_split
from workbench.hints.hint_text import (
    HintText,
    describe_change,
    format_value,
    lesson_of,
    make_hint,
    pane_step,
)
from workbench.hints.setting_labels import setting_label
from workbench.render.number_format import (
    format_count,
    format_duration,
    format_learning_rate,
    format_loss,
)
from workbench.run.diagnostics import overfitting, plateau
from workbench.state.app_state import AppState

TURN_S = 8
"""Seconds of training for which one hint stays."""
_RECENT_SHARE = 0.1
_OVERCONFIDENT = 1.2
_STARTING_STEPS = 100  # a loss may rise in the first steps
_NEAR_UNIFORM = 0.99
_NEAR_EXPECTED = 1.01
_RATE = "train.learning_rate"
_ON = {"val": "Best validation loss", "train": "Training loss", "batch": "Loss of the batch"}

Rule = Callable[[AppState], HintText | None]


def advice(s: AppState) -> HintText | None:
    """Return the hint whose turn it is while the model trains."""
    if s.run.status != "training":
        return None
    turn = int(s.run.trained_s // TURN_S)
    finding = next((hint for rule in FINDINGS if (hint := rule(s))), None)
    if finding is not None and turn % 2 == 0:
        return finding
    facts = [hint for rule in FACTS if (hint := rule(s))]
    return facts[(turn // 2 if finding else turn) % len(facts)]


def fresh_change(s: AppState) -> HintText | None:
    """Return a change of the last seconds and its effect, before anything else."""
    if s.run.status != "training" or not s.run.changes or s.run.steps_per_s is None:
        return None
    n_since = s.run.step - s.run.changes[-1].step
    return last_change(s) if 0 <= n_since < TURN_S * s.run.steps_per_s else None


def loss_above_start(s: AppState) -> HintText | None:
    """Return that training makes the model worse, which no fact about the run may interrupt."""
    run = s.run
    if run.status != "training" or s.preview is None or not run.train or run.train_recent is None:
        return None
    start, now = run.train.growing[0].first, run.train_recent
    if run.step < _STARTING_STEPS or now < _OVERCONFIDENT * max(start, s.preview.uniform):
        return None
    finding = (
        f"The loss rose from {format_loss(start, 3)} to {format_loss(now, 3)}: learning rate too high?",
        f"The loss rose to {format_loss(now, 3)}: learning rate too high?",
        "The loss rose: learning rate too high?",
    )
    halves = "<rate.halve> halves the learning rate.", "<rate.halve> halves it."
    return make_hint("!", "warning", finding, [s.keys.substitute_keys(text) for text in halves])


# Findings


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
    return make_hint("▸", "mark", *describe_change(s.run, change), pane_step(s, 3, "shows where."))


def plateau_found(s: AppState) -> HintText | None:
    """Return that the loss hardly falls, and what lowers the learning rate or has lowered it.

    Where the recipe lowers it later, or the run is as good as it is expected to be, there is nothing
    to do: that is a fact (`planned_change`, `expected_result`).
    """
    can_tell = s.run.status == "training" and _is_validated(s)
    found = plateau(s.run) if can_tell else None
    if found is None or s.config.train.schedule not in ("constant", "warm-up"):
        return None
    if _is_as_expected(s) or any(change.key == _RATE for change in s.planned_changes):
        return None
    finding = f"Plateau since step {format_count(found.step)}:"
    lowered = [c for c in s.run.changes if c.key == _RATE and c.new < c.old]
    if lowered:
        rate = format_learning_rate(s.run.values.get(_RATE, lowered[-1].new))
        cause = (
            f"a learning rate of {rate} no longer helps; the model may be at its limit.",
            "the learning rate is low already.",
        )
        stops = s.keys.substitute_keys("<run.stop> stops.")
        return make_hint("▸", "plain", finding, cause, stops)
    causes = "the learning rate may be too high to get lower.", "learning rate too high?"
    remedies = "<rate.halve> halves the learning rate.", "<rate.halve> halves it."
    return make_hint("▸", "plain", finding, causes, [s.keys.substitute_keys(t) for t in remedies])


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
    return make_hint("▸", "plain", finding, cause, pane_step(s, 3, "shows the loss."))


# Facts


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
        shows = pane_step(s, 3, "shows the line.")
        return make_hint("▸", "plain", "Next baseline to beat:", baseline, shows)
    context = (
        f"the model uses more than one {token} of context.",
        f"it uses more than one {token}.",
        "it uses more context.",
    )
    generates = pane_step(s, 4, "generates text.")
    return make_hint("▸", "plain", f"Better than bigram counts ({bigram}):", context, generates)


def planned_change(s: AppState) -> HintText | None:
    """Return the next change of the recipe, and when it comes."""
    if s.run.status != "training" or not s.planned_changes:
        return None
    change = s.planned_changes[0]
    now = s.run.values.get(change.key, dotted_keys.value_of(s.config, change.key))
    new = f"{setting_label(change.key)} {format_value(now)} → {format_value(change.value)}"
    at = f"at step {format_count(change.step)}"
    times = f"{at}{_time_until(s, change)}.", f"{at}."
    return make_hint("▸", "plain", f"Planned: {new}", times, pane_step(s, 2, "shows the plan."))


def _time_until(s: AppState, change: Change) -> str:
    if not s.run.steps_per_s:
        return ""
    return f", in {format_duration((change.step - s.run.step) / s.run.steps_per_s)}"


def schedule_course(s: AppState) -> HintText | None:
    """Return what the schedule does with the learning rate now, and until when."""
    train, n_steps = s.config.train, s.run.steps_planned
    if s.run.status != "training" or not n_steps or train.schedule == "constant":
        return None
    rate = format_learning_rate(s.run.values.get(_RATE, train.learning_rate))
    warm, drop = round(train.warmup * n_steps), round(train.drop_at * n_steps)
    if train.schedule == "step":
        dropped = format_learning_rate(train.learning_rate * train.drop)
        course = f"drops from {rate} to {dropped} at step {format_count(drop)}"
        end = drop
    elif train.schedule == "cosine" or (train.schedule == "one-cycle" and s.run.step >= warm):
        course, end = f"falls from {rate} to 0 at step {format_count(n_steps)}", n_steps
    else:
        course, end = f"rises to {rate} until step {format_count(warm)}", warm
    if s.run.step >= end:
        return None
    words = (
        f"Schedule {train.schedule}: the learning rate {course}.",
        f"Schedule {train.schedule}: {course}.",
    )
    return make_hint("▸", "plain", words, pane_step(s, 3, "shows it."))


def expected_result(s: AppState) -> HintText | None:
    """Return the loss of the run beside the loss that this preset is known to reach."""
    expected, loss = expected_loss(s.config), _judged_loss(s)
    if s.run.status != "training" or expected is None or loss is None:
        return None
    now, wanted = f"{_ON[primary_split(s.config)]} {format_loss(loss, 3)}", format_loss(expected, 3)
    if _is_as_expected(s):
        words = f"{now}: as expected from this preset ({wanted}).", f"{now}, as expected."
    else:
        reaches = f"the preset {s.config.preset} reaches {wanted}."
        words = f"{now}; {reaches}", f"{now}, expected {wanted}."
    return make_hint("▸", "plain", words, pane_step(s, 3, "shows the course."))


def _judged_loss(s: AppState) -> float | None:
    """Return the loss that measures the run: the best validation loss, or the latest other one."""
    judged = primary_split(s.config)
    return s.run.best and s.run.best.loss if judged == "val" else s.run.loss_of(judged)


def _is_as_expected(s: AppState) -> bool:
    """Return whether the loss is within a percent of the loss that the preset reaches."""
    expected, loss = expected_loss(s.config), _judged_loss(s)
    return expected is not None and loss is not None and loss <= _NEAR_EXPECTED * expected


def lesson(s: AppState) -> HintText | None:
    """Return what the preset of the run demonstrates."""
    words = lesson_of(s.preset)
    is_shown = s.run.status == "training" and len(words) > 1
    return make_hint("▸", "plain", "This run shows:", words[:-1]) if is_shown else None


def model_in_use(s: AppState) -> HintText | None:
    """Return where the current model can be used and compared with earlier ones."""
    if s.run.status != "training" or s.focused_pane == 4:
        return None
    earlier = s.keys.substitute_keys("<past.earlier> views the model at an earlier step.")
    now = pane_step(s, 4, "generates text with the model of this moment.")
    return make_hint("▸", "plain", now, (earlier, "") if s.run.kept else "")


def training(s: AppState) -> HintText | None:
    """Return how long the run will take, what the train line shows, and how to pause."""
    if s.run.status != "training":
        return None
    left = f"Training, {format_duration(s.run.left_s)} left." if s.run.left_s else "Training."
    pauses = s.keys.substitute_keys("<run.space> pauses.")
    shows = "The train line shows the loss of each step's batch.", ""
    return make_hint("▸", "plain", left, pauses, shows)


FINDINGS: tuple[Rule, ...] = (overfitting_found, last_change, plateau_found, bad_initialization)
"""Rules of the findings; the first one that applies is shown."""
FACTS: tuple[Rule, ...] = (
    bigram_baseline,
    planned_change,
    expected_result,
    schedule_course,
    training,
    model_in_use,
    lesson,
)
"""Rules of the facts; all that apply take turns."""
