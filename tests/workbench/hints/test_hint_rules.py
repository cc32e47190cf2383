"""Rules of the hint line: which one wins, and the text of each."""

import pytest
from hint_states import (
    CONFIG,
    MILLIONS,
    RUN,
    longest_states,
    rising_to,
    run_with_losses,
    with_changes,
)
from msgspec.structs import replace
from recorded_logs import recorded, until, until_kind
from rich.cells import cell_len

from seqlm.configuration.run_config import Change
from seqlm.presets import preset_config
from seqlm.protocol.events import Continued, Paused
from seqlm.runs.run_state import AppliedChange, LossPoint, Status
from seqlm.runspec import recipe
from workbench.corpus.preview import Preview
from workbench.hints import hint_rules, training_hints
from workbench.hints.hint_rules import hint_for
from workbench.hints.hint_text import lesson_of
from workbench.hints.training_hints import FACTS, FINDINGS, TURN_S, Rule
from workbench.run.loss_series import LossSeries
from workbench.run.reducer import mark_died, reduce_events
from workbench.run.state import RunState
from workbench.state.app_state import AppState, is_action_available, space_key_label
from workbench.state.config_history import ConfigHistory, LiveChange

MARGIN = 4
WITHOUT_KEY = {
    "request_error",
    "corpus_loading",
    "log_loading",
    "status_message",
    "resume_note",
    "final_evaluation",
    "lesson",
}
ALL_RULES = {*hint_rules.RULES, *FINDINGS, *FACTS} - {training_hints.advice}


def app_state(preview: Preview | None = None, run: RunState | None = None) -> AppState:
    return AppState(
        CONFIG, run_config=CONFIG if run else None, run=run or RunState(), preview=preview
    )


def state_of(preview: Preview, status: Status, **changes: object) -> AppState:
    """Return a state with a run of this status; `changes` are fields of the state."""
    run = replace(RUN, status=status, steps_planned=2 * MILLIONS, trained_s=0)
    return replace(AppState(CONFIG, run_config=CONFIG, preview=preview, run=run), **changes)


PENDING = replace(CONFIG, seed=7, model=replace(CONFIG.model, hidden=300))
OVERFITTED = run_with_losses(lambda step: 2 + abs(step - 9000) / 30_000)
FLAT = run_with_losses(lambda _: 3.0)
ERROR, NOTE = "Disk full. Free 3 MB.", "Copied the run."
RESUMED = "checkpoint step-20 is damaged: training resumes from step 10"

PRIORITIES: list[tuple[str, Status, dict[str, object], Rule, tuple[Rule, ...]]] = [
    (
        "an error beats everything",
        "died",
        {
            "error_message": ERROR,
            "loading_message": "Reading.",
            "status_message": NOTE,
            "pending_config": PENDING,
        },
        hint_rules.request_error,
        (
            hint_rules.corpus_loading,
            hint_rules.worker_died,
            hint_rules.status_message,
            hint_rules.pending_changes,
        ),
    ),
    (
        "loading a corpus beats the run shown before",
        "diverged",
        {"loading_message": "Reading.", "status_message": NOTE},
        hint_rules.corpus_loading,
        (hint_rules.diverged, hint_rules.status_message),
    ),
    (
        "loading a log beats a message",
        "reading",
        {"status_message": NOTE, "pending_config": PENDING},
        hint_rules.log_loading,
        (hint_rules.status_message, hint_rules.pending_changes),
    ),
    (
        "a dead trainer beats a past step",
        "died",
        {"viewed_step": 1, "status_message": NOTE},
        hint_rules.worker_died,
        (hint_rules.past_step, hint_rules.status_message),
    ),
    (
        "divergence beats pending changes",
        "diverged",
        {"pending_config": PENDING, "status_message": NOTE},
        hint_rules.diverged,
        (hint_rules.pending_changes, hint_rules.status_message),
    ),
    (
        "a failed run beats pending changes",
        "failed",
        {"pending_config": PENDING, "status_message": NOTE},
        hint_rules.failed,
        (hint_rules.pending_changes, hint_rules.status_message),
    ),
    (
        "a starting trainer beats a message",
        "starting",
        {"status_message": NOTE, "pending_config": PENDING},
        hint_rules.starting,
        (hint_rules.status_message, hint_rules.pending_changes),
    ),
    (
        "a silent trainer beats a past step",
        "training",
        {"silent_for_s": 9999, "viewed_step": 1, "status_message": NOTE},
        hint_rules.silent_worker,
        (hint_rules.past_step, hint_rules.status_message),
    ),
    (
        "a past step beats a message",
        "paused",
        {"viewed_step": 1, "status_message": NOTE, "pending_config": PENDING},
        hint_rules.past_step,
        (hint_rules.status_message, hint_rules.pending_changes, hint_rules.paused),
    ),
    (
        "a message beats pending changes",
        "finished",
        {"status_message": NOTE, "pending_config": PENDING},
        hint_rules.status_message,
        (hint_rules.pending_changes, hint_rules.finished),
    ),
    (
        "pending changes beat a pause",
        "paused",
        {"pending_config": PENDING},
        hint_rules.pending_changes,
        (hint_rules.paused,),
    ),
    (
        "pending changes beat a stopped run",
        "stopped",
        {"pending_config": PENDING},
        hint_rules.pending_changes,
        (hint_rules.stopped,),
    ),
    (
        "pending changes beat a result",
        "finished",
        {"pending_config": PENDING},
        hint_rules.pending_changes,
        (hint_rules.finished,),
    ),
    (
        "an unusual resume beats pending changes",
        "training",
        {
            "pending_config": PENDING,
            "run": replace(RUN, status="training", note=RESUMED, trained_s=9.0),
        },
        hint_rules.resume_note,
        (hint_rules.pending_changes, training_hints.training),
    ),
    (
        "the final evaluation beats pending changes",
        "training",
        {"pending_config": PENDING, "run": replace(RUN, status="training", step=MILLIONS + 1)},
        hint_rules.final_evaluation,
        (hint_rules.pending_changes, training_hints.training),
    ),
    (
        "a result beats overfitting",
        "finished",
        {"run": replace(OVERFITTED, status="finished")},
        hint_rules.finished,
        (training_hints.overfitting_found,),
    ),
    (
        "pending changes beat overfitting",
        "training",
        {"run": OVERFITTED, "pending_config": PENDING},
        hint_rules.pending_changes,
        (training_hints.overfitting_found, training_hints.training),
    ),
    (
        "overfitting beats a change and a baseline",
        "training",
        {"run": with_changes(OVERFITTED, 1, False, False)},
        training_hints.overfitting_found,
        (training_hints.last_change, training_hints.bigram_baseline, training_hints.training),
    ),
    (
        "a rising loss beats a bad initialization",
        "training",
        {"run": rising_to(930.0)},
        hint_rules.loss_above_start,
        (training_hints.bad_initialization, training_hints.training),
    ),
    (
        "a change beats the lessons",
        "training",
        {
            "run": with_changes(
                replace(RUN, status="training", steps_planned=2 * MILLIONS), 1, True, False
            )
        },
        training_hints.last_change,
        (training_hints.bigram_baseline, training_hints.training),
    ),
    (
        "a change beats a bad initialization",
        "training",
        {
            "run": with_changes(
                replace(
                    RUN, status="training", steps_planned=2 * MILLIONS, batch_loss=99.0, best=None
                ),
                1,
                True,
                False,
            )
        },
        training_hints.last_change,
        (training_hints.bad_initialization, training_hints.training),
    ),
    (
        "a plateau beats a baseline",
        "training",
        {"run": FLAT, "run_config": replace(CONFIG, changes=())},
        training_hints.plateau_found,
        (training_hints.bigram_baseline, training_hints.training),
    ),
    (
        "a plateau beats a bad initialization",
        "training",
        {
            "run": replace(FLAT, batch_loss=99.0, best=None),
            "run_config": replace(CONFIG, changes=()),
        },
        training_hints.plateau_found,
        (training_hints.bad_initialization, training_hints.training),
    ),
    (
        "a bad initialization beats a baseline",
        "training",
        {
            "run": replace(
                RUN,
                status="training",
                steps_planned=2 * MILLIONS,
                batch_loss=99.0,
                best=LossPoint(1, 9.0),
            )
        },
        training_hints.bad_initialization,
        (training_hints.bigram_baseline, training_hints.training),
    ),
    (
        "a baseline beats the plain status",
        "training",
        {},
        training_hints.bigram_baseline,
        (training_hints.training, hint_rules.ready),
    ),
]
"""Of each row: what it shows, the status, fields of the state, the rule that wins and the others."""


@pytest.mark.parametrize(
    ("status", "changes", "winner", "others"),
    [row[1:] for row in PRIORITIES],
    ids=[row[0].replace(" ", "-") for row in PRIORITIES],
)
def test_the_first_rule_that_applies_wins(
    preview: Preview,
    status: Status,
    changes: dict[str, object],
    winner: Rule,
    others: tuple[Rule, ...],
) -> None:
    state = state_of(preview, status, **changes)
    for rule in (winner, *others):
        assert rule(state) is not None, f"{rule.__name__} does not apply"
    assert hint_for(state) == winner(state)


def test_every_rule_is_in_the_table_of_priorities() -> None:
    named = {rule for _, _, _, winner, others in PRIORITIES for rule in (winner, *others)}
    assert named == ALL_RULES - {*FACTS[1:], training_hints.fresh_change} | {
        training_hints.training
    }


@pytest.mark.parametrize("width", [80, 120])
def test_no_rule_loses_its_key_or_its_finding(preview: Preview, width: int) -> None:
    applied = set()
    for state in longest_states(preview):
        for rule in ALL_RULES:
            hint = rule(state)
            if hint is None:
                continue
            applied.add(rule.__name__)
            words = hint.fitting(width - MARGIN)
            assert cell_len(words) <= width - MARGIN
            assert "…" not in words, words
            assert words.endswith((".", " live", "!")), words
            is_here = state.focused_pane or rule.__name__ in WITHOUT_KEY
            assert is_here or _names_a_key(words), words
    missing = {rule.__name__ for rule in ALL_RULES} - applied
    assert not missing, "add a state in which these rules apply"


def _names_a_key(words: str) -> bool:
    """Return whether a hint names a key; a hint about starting needs none."""
    keys = ("space", "esc", "s", "r", "X", "o", "[", "2", "3", "4", ":", "loading PyTorch.")
    named = words.replace(",", " ").replace(";", " ").replace(":", " : ").split()
    return any(key in named or words.endswith(key) for key in keys)


def test_before_a_run_the_hint_names_the_key_that_starts_training(preview: Preview) -> None:
    assert hint_for(app_state(preview)).words.startswith("Press space to train names-mlp")


def test_a_run_that_ended_early_says_why(preview: Preview) -> None:
    early = "ended early: 3 validations without a new best; the best is of step 900"
    run = replace(reduce_events(RunState(), recorded("steered")), message=early)
    hint = hint_for(app_state(preview, run))
    result = "Finished in 0:04: val 2.819, above the best counts (2.143). "
    assert hint.words.removeprefix(result).startswith(
        "Ended early: 3 validations without a new best; the best is of step 900. "
    )


def test_a_count_based_model_is_counted_not_trained(preview: Preview) -> None:
    counts = preset_config("names-ngram")
    finished = app_state(preview, reduce_events(RunState(), recorded("steered")))
    counted = replace(finished, pending_config=counts, run_config=counts)
    assert hint_for(counted).words.startswith("Counted in 0:04: val 2.819.")


def test_an_error_comes_first(preview: Preview) -> None:
    hint = hint_for(replace(app_state(preview), error_message="no such thing"))
    assert (hint.sign, hint.role, hint.words) == ("✗", "error", "no such thing")


@pytest.mark.parametrize(
    ("events", "sign", "words"),
    [
        (until_kind("steered", Paused), "‖", "space resumes, s runs one step"),
        (recorded("steered"), "✓", "Finished in 0:04: val 2.819, above the best counts (2.143)."),
        (recorded("diverging"), "✗", "learning rate 100"),
        (until("steered", 1000), "▸", "Worse than guessing"),
        (until("steered", 3600), "○", "All steps are done"),
    ],
)
def test_each_status_has_its_hint(preview: Preview, events, sign: str, words: str) -> None:
    hint = hint_for(app_state(preview, reduce_events(RunState(), events)))
    assert hint.sign == sign
    assert words in hint.words


def test_a_dead_trainer_is_reported_with_its_signal_and_the_key_that_resumes(
    preview: Preview,
) -> None:
    run = mark_died(
        reduce_events(RunState(), until("steered", 1000)), "was killed (signal 9: often memory)"
    )
    words = hint_for(app_state(preview, run)).words
    assert words.startswith("The trainer was killed (signal 9: often memory) at step 1,0")
    assert "space resumes from step" in words


def test_pending_changes_are_counted(preview: Preview) -> None:
    run = reduce_events(RunState(), until("steered", 1000))
    asked = ConfigHistory(CONFIG).with_value("model.hidden", 300).config
    changed = replace(app_state(preview, run), pending_config=asked)
    assert changed.pending_keys == ("model.hidden",)
    assert hint_for(changed).words.startswith("1 pending change: r starts a new run")


def test_a_live_value_in_force_is_not_pending(preview: Preview) -> None:
    run = reduce_events(RunState(), recorded("steered"))
    asked = ConfigHistory(CONFIG).with_value("train.learning_rate", 0.05).config
    assert replace(app_state(preview, run), pending_config=asked).pending_keys == ()


def test_space_does_what_the_status_allows(preview: Preview) -> None:
    training = app_state(preview, reduce_events(RunState(), until_kind("steered", Continued)))
    finished = app_state(preview, reduce_events(RunState(), recorded("steered")))
    assert [space_key_label(s) for s in (app_state(preview), training, finished)] == [
        "train",
        "pause",
        "",
    ]
    assert not is_action_available(finished, "train_or_pause")
    assert not is_action_available(training, "one_step")
    assert is_action_available(app_state(preview), "one_step")


def test_changes_are_undone_and_redone() -> None:
    history = ConfigHistory(CONFIG).with_value("model.hidden", 300)
    history = history.with_live(LiveChange("train.learning_rate", 0.1, 0.05))
    history, live = history.undo()
    assert live == LiveChange("train.learning_rate", 0.05, 0.1)
    history, live = history.undo()
    assert (history.config, live) == (CONFIG, None)
    history, _ = history.redo()
    assert history.config.model.hidden == 300


def finished_run(line: str, preview: Preview | None = None) -> AppState:
    """Return the steered run as if trained by another recipe, without its manual change."""
    config, run = recipe.parse_recipe(line), reduce_events(RunState(), recorded("steered"))
    return AppState(
        config, run_config=config, run=replace(run, changes=(), n_changes=0), preview=preview
    )


def still_training(state: AppState) -> AppState:
    return replace(state, run=replace(state.run, status="training", step=3000, split_losses={}))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("names-mlp", "val 2.819, expected 2.337, above the best counts (2.143)."),
        ("names-mlp seed=1", "val 2.819, expected 2.337, above the best counts (2.143)."),
        ("names-mlp model.hidden=20", "val 2.819, above the best counts (2.143)."),
        ("grammar-lstm data.split=80/10/10", "val 2.819."),
        ("one-batch", "batch 2.811, expected 0.091."),
        ("hello", "train 2.790, expected 0.007."),
    ],
)
def test_a_result_stands_beside_its_baselines(line: str, words: str) -> None:
    assert hint_for(finished_run(line)).words.startswith(f"Finished in 0:04: {words} ")


def test_a_planned_change_belongs_to_the_preset() -> None:
    run = reduce_events(RunState(), recorded("steered"))
    planned = AppliedChange(100_000, "train.learning_rate", 0.1, 0.01, is_planned=True)
    state = AppState(CONFIG, run_config=CONFIG, run=replace(run, changes=(planned,)))
    assert "expected 2.337" in hint_for(state).words


def test_the_lesson_of_a_preset_stands_beside_its_result_where_there_is_room() -> None:
    hint = hint_for(finished_run("one-batch"))
    teaches = finished_run("one-batch").preset.teaches
    lesson = f"{teaches[:1].upper()}{teaches[1:]}."
    assert hint.words.endswith(f"{lesson} 4 generates text; r starts a new run.")
    assert hint.fitting(len(hint.words) - 1).endswith(f"{lesson} 4 generates text.")
    first_clause = min(lesson_of(preset_of("one-batch"))[:-1], key=len)
    room = len(hint.words) - len(lesson) + len(first_clause) - len("; r starts a new run")
    assert hint.fitting(room).endswith(f"{first_clause} 4 generates text.")
    assert hint.fitting(76).endswith(", expected 0.091. 4 generates text.")
    clauses = lesson_of(preset_of("names-bad-init"))[:-1]
    assert any(text in hint_for(finished_run("names-bad-init")).fitting(200) for text in clauses)


def preset_of(line: str):
    return finished_run(line).preset


def test_saved_runs_do_not_hide_the_lesson_of_a_preset() -> None:
    ready = AppState(preset_config("hello"), n_runs=3)
    assert hint_for(ready).fitting(76) == "Press space to train hello. o opens one of your 3 runs."
    lesson = min(lesson_of(preset_of("hello"))[:-1], key=len)
    assert lesson.rstrip(".") in hint_for(ready).fitting(150)


def test_val_is_no_measure_of_a_single_batch(preview: Preview) -> None:
    """The validation loss of such a run stands still or rises, whatever the learning rate is."""
    validated = still_training(finished_run("names-mlp", preview))
    assert hint_for(validated).words.startswith(("Plateau since", "Next baseline"))
    for line in ("one-batch", "names-mlp train.one_batch=true"):
        state = still_training(finished_run(line, preview))
        rules = training_hints.plateau_found, training_hints.bigram_baseline
        assert [rule(state) for rule in rules] == [None, None]


@pytest.mark.parametrize("line", ["recall-elman data.length=10", "names-mlp"])
def test_bigram_counts_no_better_than_guessing_are_not_mentioned(
    line: str, preview: Preview
) -> None:
    text = replace(preview, uniform=2.0794, bigram=2.0833)
    state = still_training(finished_run(line, text))
    run = replace(state.run, best=LossPoint(100, 2.081), val=LossSeries(), batch_loss=2.08)
    assert "counts" not in hint_for(replace(state, run=run)).words


def test_bigram_counts_are_not_mentioned_where_only_the_last_token_is_predicted(
    preview: Preview,
) -> None:
    state = still_training(
        finished_run("recall-elman", replace(preview, uniform=2.0794, bigram=1.5))
    )
    run = replace(state.run, best=LossPoint(100, 1.4), val=LossSeries(), batch_loss=1.4)
    assert training_hints.bigram_baseline(replace(state, run=run)) is None


def test_changes_between_the_same_validations_are_counted_together(preview: Preview) -> None:
    for n, what in ((1, "9.313e-10 → 1.863e-9: val was"), (3, "1.863e-9 and 2 more: val was")):
        run = with_changes(replace(RUN, status="training"), n, True, False)
        state = AppState(CONFIG, run_config=CONFIG, preview=preview, run=run)
        assert what in hint_for(state).words


def state_in_training(preview: Preview, run: RunState, **changes: object) -> AppState:
    """Return the state of a run of `names-mlp`, whose recipe lowers the rate at step 100,000."""
    state = AppState(CONFIG, run_config=CONFIG, preview=preview, run=run, focused_pane=2)
    return replace(state, **changes)


def words_of_turns(state: AppState, n_seconds: int = 600) -> list[str]:
    """Return the hint of each second of training."""
    runs = (replace(state.run, trained_s=float(second)) for second in range(n_seconds))
    return [hint_for(replace(state, run=run)).words for run in runs]


DROPPED = replace(CONFIG, changes=(Change(key="train.learning_rate", value=0.01, step=10_000),))


def dropped(loss: float) -> RunState:
    """Return a run that stands still at a loss, long after the planned drop to a tenth."""
    drop = AppliedChange(10_000, "train.learning_rate", 0.1, 0.01, is_planned=True)
    flat = run_with_losses(lambda _: loss)
    return replace(flat, steps_planned=60_000, changes=(drop,), values={drop.key: drop.new})


def test_after_the_planned_drop_at_the_expected_loss_nothing_is_advised(preview: Preview) -> None:
    words = words_of_turns(
        state_in_training(preview, dropped(2.34), run_config=DROPPED, pending_config=DROPPED)
    )
    assert any("as expected from this preset (2.337)" in text for text in words)
    assert not any("learning rate" in text or "Plateau" in text for text in words)


def test_after_a_drop_a_plateau_is_not_blamed_on_a_high_rate(preview: Preview) -> None:
    hint = training_hints.plateau_found(
        state_in_training(preview, dropped(2.9), run_config=DROPPED, pending_config=DROPPED)
    )
    assert hint is not None
    assert "a learning rate of 0.01 no longer helps" in hint.words
    assert "too high" not in " ".join([hint.words, *hint.shorter])


def test_a_drop_that_is_planned_is_announced_not_advised(preview: Preview) -> None:
    run = replace(FLAT, clock=((0.0, 25_000), (5.0, 30_000)))
    words = words_of_turns(state_in_training(preview, run))
    assert not any("Plateau" in text for text in words)
    planned = "Planned: learning rate 0.1 → 0.01 at step 100,000, in 1:10."
    assert planned in words


@pytest.mark.parametrize("line", ["names-mlp", "names-gru", "one-batch", "hello", "words"])
@pytest.mark.parametrize("run", [FLAT, OVERFITTED, RUN], ids=["flat", "overfitted", "long"])
def test_no_sentence_stays_for_half_a_minute(preview: Preview, line: str, run: RunState) -> None:
    config = recipe.parse_recipe(line)
    run = replace(run, status="training", steps_planned=2 * MILLIONS)
    words = words_of_turns(
        state_in_training(preview, run, run_config=config, pending_config=config)
    )
    assert all(len(set(words[i : i + 2 * TURN_S])) > 1 for i in range(len(words) - 2 * TURN_S))


def test_a_pane_with_the_focus_is_not_pointed_to(preview: Preview) -> None:
    state = state_of(preview, "training")
    for pane, words in ((3, "3 shows the line."), (2, "2 shows the plan."), (4, "4 generates")):
        texts = words_of_turns(state) + words_of_turns(
            replace(state, run=replace(state.run, step=9, best=LossPoint(1, 2.0)))
        )
        assert any(words in text for text in texts)
        there = words_of_turns(replace(state, focused_pane=pane))
        assert not any(words in text for text in there)


def test_a_change_is_shown_at_once_whatever_turn_it_is(preview: Preview) -> None:
    run = with_changes(replace(RUN, status="training", steps_planned=2 * MILLIONS), 1, True, False)
    run = replace(run, step=MILLIONS + 20, clock=((0.0, 0), (1.0, 10)))
    state = state_in_training(preview, run, focused_pane=0)
    assert set(words_of_turns(state)) == {training_hints.last_change(state).words}


@pytest.mark.parametrize("trained_s", [0.0, 10.0, 20.0, 30.0])
def test_a_loss_that_rises_above_its_start_is_said_all_the_time(
    preview: Preview, trained_s: float
) -> None:
    run = replace(rising_to(930.0), trained_s=trained_s)
    hint = hint_for(app_state(preview, run))
    assert hint.sign == "!"
    assert hint.words.startswith("The loss rose from 3.300 to 930.000: learning rate too high?")
    assert hint.words.endswith("[ halves the learning rate.")


@pytest.mark.parametrize("run", [rising_to(2.5), rising_to(3.4), rising_to(930.0, step=60)])
def test_a_loss_near_its_start_or_in_the_first_steps_is_no_finding(
    preview: Preview, run: RunState
) -> None:
    assert training_hints.loss_above_start(app_state(preview, run)) is None
