"""The coach line: a pure function of the situation."""

import pytest
from msgspec.structs import replace
from recorded_logs import recorded, until, until_kind

from seqlm.presets import preset_config
from seqlm.protocol.events import Continued, Paused
from seqlm.runspec import recipe
from workbench.corpus.preview import Preview
from workbench.hints.hint_rules import hint_for
from workbench.run.loss_series import LossSeries
from workbench.run.reducer import mark_died, reduce_events
from workbench.run.state import AppliedChange, LossPoint, RunState
from workbench.state.app_state import AppState, is_action_available, space_key_label
from workbench.state.config_history import ConfigHistory, LiveChange

CONFIG = preset_config("names-mlp")


def situation(preview: Preview | None = None, run: RunState | None = None) -> AppState:
    return AppState(CONFIG, running=CONFIG if run else None, run=run or RunState(), preview=preview)


def test_before_anything_it_names_the_key_that_starts(preview: Preview) -> None:
    assert hint_for(situation(preview)).words.startswith("Press space to train names-mlp")


def test_a_run_that_ended_early_says_why(preview: Preview) -> None:
    early = "ended early: 3 validations without a new best; the best is of step 900"
    run = replace(reduce_events(RunState(), recorded("steered")), message=early)
    line = hint_for(situation(preview, run))
    judged = "Finished in 0:04: val 2.819, above the best counts (2.143). "
    assert line.words.removeprefix(judged).startswith(
        "Ended early: 3 validations without a new best; the best is of step 900. "
    )


def test_counts_are_not_said_to_have_taken_steps(preview: Preview) -> None:
    counts = preset_config("names-ngram")
    finished = situation(preview, reduce_events(RunState(), recorded("steered")))
    counted = replace(finished, asked=counts, running=counts)
    assert hint_for(counted).words.startswith("Counted in 0:04: val 2.819.")


def test_an_error_comes_first(preview: Preview) -> None:
    line = hint_for(replace(situation(preview), refusal="no such thing"))
    assert (line.sign, line.role, line.words) == ("✗", "error", "no such thing")


@pytest.mark.parametrize(
    ("events", "sign", "words"),
    [
        (until_kind("steered", Paused), "‖", "space goes on, s does one step"),
        (recorded("steered"), "✓", "Finished in 0:04: val 2.819, above the best counts (2.143)."),
        (recorded("diverging"), "✗", "learning rate 100"),
        (until("steered", 1000), "▸", "Worse than guessing"),
        (until("steered", 3600), "○", "Every step is done"),
    ],
)
def test_each_state_has_its_sentence(preview: Preview, events, sign: str, words: str) -> None:
    line = hint_for(situation(preview, reduce_events(RunState(), events)))
    assert line.sign == sign
    assert words in line.words


def test_a_death_names_the_signal_and_the_way_on(preview: Preview) -> None:
    state = mark_died(
        reduce_events(RunState(), until("steered", 1000)), "was killed (signal 9: often memory)"
    )
    words = hint_for(situation(preview, state)).words
    assert words.startswith("The trainer was killed (signal 9: often memory) at 1,0")
    assert "space goes on" in words


def test_waiting_values_are_counted(preview: Preview) -> None:
    state = reduce_events(RunState(), until("steered", 1000))
    asked = ConfigHistory(CONFIG).with_value("model.hidden", 300).config
    changed = replace(situation(preview, state), asked=asked)
    assert changed.waiting == ("model.hidden",)
    assert "1 value waits for a new run: r starts it" in hint_for(changed).words


def test_a_live_value_in_force_does_not_wait(preview: Preview) -> None:
    state = reduce_events(RunState(), recorded("steered"))
    asked = ConfigHistory(CONFIG).with_value("train.learning_rate", 0.05).config
    assert replace(situation(preview, state), asked=asked).waiting == ()


def test_space_does_what_the_state_allows(preview: Preview) -> None:
    training = situation(preview, reduce_events(RunState(), until_kind("steered", Continued)))
    finished = situation(preview, reduce_events(RunState(), recorded("steered")))
    assert [space_key_label(s) for s in (situation(preview), training, finished)] == [
        "train",
        "pause",
        "",
    ]
    assert not is_action_available(finished, "train_or_pause")
    assert not is_action_available(training, "one_step")


def test_asking_is_undone_and_redone() -> None:
    asking = ConfigHistory(CONFIG).with_value("model.hidden", 300)
    asking = asking.with_live(LiveChange("train.learning_rate", 0.1, 0.05))
    asking, live = asking.undone()
    assert live == LiveChange("train.learning_rate", 0.05, 0.1)
    asking, live = asking.undone()
    assert (asking.config, live) == (CONFIG, None)
    asking, _ = asking.redone()
    assert asking.config.model.hidden == 300


def ended(line: str, preview: Preview | None = None) -> AppState:
    """The steered run, as if it had been trained by another recipe, without a change by hand."""
    config, run = recipe.parse_recipe(line), reduce_events(RunState(), recorded("steered"))
    return AppState(
        config, running=config, run=replace(run, changes=(), n_changes=0), preview=preview
    )


def goes_on(situation: AppState) -> AppState:
    return replace(situation, run=replace(situation.run, status="training", step=3000, final={}))


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
def test_what_a_run_is_judged_on_stands_beside_what_it_should_reach(line: str, words: str) -> None:
    assert hint_for(ended(line)).words.startswith(f"Finished in 0:04: {words} ")


def test_a_planned_change_is_the_preset_s_own() -> None:
    run = reduce_events(RunState(), recorded("steered"))
    planned = AppliedChange(100_000, "train.learning_rate", 0.1, 0.01, is_planned=True)
    situation = AppState(CONFIG, running=CONFIG, run=replace(run, changes=(planned,)))
    assert "expected 2.337" in hint_for(situation).words


def test_what_a_preset_shows_is_said_with_its_result_where_there_is_room() -> None:
    line = hint_for(ended("one-batch"))
    teaches = "32 examples by heart, not to 0: same letters go on in several ways."
    assert line.words.endswith(f"{teaches} 4 uses it; r trains a changed one.")
    assert line.fitting(len(line.words) - 1).endswith(f"{teaches} 4 uses it.")
    assert line.fitting(110).endswith("by heart, not to 0. 4 uses it.")
    assert line.fitting(76).endswith(", expected 0.091. 4 uses it.")
    assert "sure and wrong" in hint_for(ended("names-bad-init")).fitting(200)


def test_other_runs_do_not_hide_what_a_preset_teaches() -> None:
    ready = AppState(preset_config("hello"), n_runs=3)
    assert hint_for(ready).fitting(76) == "Press space to train hello. o opens one of your 3 runs."
    assert "by heart: l is followed by l" in hint_for(ready).fitting(150)


def test_val_says_nothing_of_one_batch(preview: Preview) -> None:
    """Its loss stands still there, or rises: neither the rate nor the pairs have to do with it."""
    judged = goes_on(ended("names-mlp", preview))
    assert hint_for(judged).words.startswith(("Little gained", "Next to pass"))
    for line in ("one-batch", "names-mlp train.one_batch=true"):
        assert hint_for(goes_on(ended(line, preview))).words.startswith("Training.")


@pytest.mark.parametrize("line", ["recall-elman data.length=10", "names-mlp"])
def test_nothing_is_praised_that_guessing_reaches_too(line: str, preview: Preview) -> None:
    """Counting pairs of random symbols is worth less than nothing, and one could be below it."""
    text = replace(preview, uniform=2.0794, bigram=2.0833)
    situation = goes_on(ended(line, text))
    run = replace(situation.run, best=LossPoint(100, 2.081), val=LossSeries(), train_last=2.08)
    assert "counts" not in hint_for(replace(situation, run=run)).words


def test_pairs_are_no_measure_where_only_the_last_token_counts(preview: Preview) -> None:
    situation = goes_on(ended("recall-elman", replace(preview, uniform=2.0794, bigram=1.5)))
    run = replace(situation.run, best=LossPoint(100, 1.4), val=LossSeries(), train_last=1.4)
    assert hint_for(replace(situation, run=run)).words.startswith("Training.")
