"""The coach line: a pure function of the situation."""

import pytest
from msgspec.structs import replace
from recorded_logs import recorded, until, until_kind

from seqlm.presets import preset_config
from seqlm.protocol.events import Continued, Paused
from workbench.asking import Asking, LiveChange
from workbench.coach import advise
from workbench.run.fold import died, fold_all
from workbench.run.state import RunState
from workbench.situation import Situation, possible, space_does
from workbench.texts.preview import Preview

CONFIG = preset_config("names-mlp")


def situation(preview: Preview | None = None, run: RunState | None = None) -> Situation:
    return Situation(
        CONFIG, running=CONFIG if run else None, run=run or RunState(), preview=preview
    )


def test_before_anything_it_names_the_key_that_starts(preview: Preview) -> None:
    assert advise(situation(preview)).words.startswith("Press space to train names-mlp")


def test_a_run_that_ended_early_says_why(preview: Preview) -> None:
    early = "ended early: 3 validations without a new best; the best is of step 900"
    run = replace(fold_all(RunState(), recorded("steered")), message=early)
    line = advise(situation(preview, run))
    assert line.words.startswith("Finished: 3,600 steps")
    assert "Ended early: 3 validations without a new best; the best is of step 900. 4" in line.words


def test_counts_are_not_said_to_have_taken_steps(preview: Preview) -> None:
    counts = preset_config("names-ngram")
    finished = situation(preview, fold_all(RunState(), recorded("steered")))
    counted = replace(finished, asked=counts, running=counts)
    assert advise(counted).words.startswith("Counted in 0:04, val 2.819")


def test_an_error_comes_first(preview: Preview) -> None:
    line = advise(replace(situation(preview), refusal="no such thing"))
    assert (line.sign, line.role, line.words) == ("✗", "error", "no such thing")


@pytest.mark.parametrize(
    ("events", "sign", "words"),
    [
        (until_kind("steered", Paused), "‖", "space goes on, s does one step"),
        (recorded("steered"), "✓", "Finished: 3,600 steps"),
        (recorded("diverging"), "✗", "learning rate 100"),
        (until("steered", 1000), "▸", "Worse than guessing"),
        (until("steered", 3600), "○", "Every step is done"),
    ],
)
def test_each_state_has_its_sentence(preview: Preview, events, sign: str, words: str) -> None:
    line = advise(situation(preview, fold_all(RunState(), events)))
    assert line.sign == sign
    assert words in line.words


def test_a_death_names_the_signal_and_the_way_on(preview: Preview) -> None:
    state = died(
        fold_all(RunState(), until("steered", 1000)), "was killed (signal 9: often memory)"
    )
    words = advise(situation(preview, state)).words
    assert words.startswith("The trainer was killed (signal 9: often memory) at 1,0")
    assert "space goes on" in words


def test_waiting_values_are_counted(preview: Preview) -> None:
    state = fold_all(RunState(), until("steered", 1000))
    asked = Asking(CONFIG).with_value("model.hidden", 300).config
    changed = replace(situation(preview, state), asked=asked)
    assert changed.waiting == ("model.hidden",)
    assert "1 value waits for a new run: r starts it" in advise(changed).words


def test_a_live_value_in_force_does_not_wait(preview: Preview) -> None:
    state = fold_all(RunState(), recorded("steered"))
    asked = Asking(CONFIG).with_value("train.learning_rate", 0.05).config
    assert replace(situation(preview, state), asked=asked).waiting == ()


def test_space_does_what_the_state_allows(preview: Preview) -> None:
    training = situation(preview, fold_all(RunState(), until_kind("steered", Continued)))
    finished = situation(preview, fold_all(RunState(), recorded("steered")))
    assert [space_does(s) for s in (situation(preview), training, finished)] == [
        "train",
        "pause",
        "",
    ]
    assert not possible(finished, "train_or_pause")
    assert not possible(training, "one_step")


def test_asking_is_undone_and_redone() -> None:
    asking = Asking(CONFIG).with_value("model.hidden", 300)
    asking = asking.with_live(LiveChange("train.learning_rate", 0.1, 0.05))
    asking, live = asking.undone()
    assert live == LiveChange("train.learning_rate", 0.05, 0.1)
    asking, live = asking.undone()
    assert (asking.config, live) == (CONFIG, None)
    asking, _ = asking.redone()
    assert asking.config.model.hidden == 300
