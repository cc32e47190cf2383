"""What the coach says holds its finding and its key at every width from 80 columns on."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len

from seqlm.presets import PRESETS
from seqlm.protocol.events import Continued, Evaluated, Event, StepsDone
from workbench.corpus.preview import Preview
from workbench.hints import hint_rules
from workbench.hints.hint_text import make_hint, split_clauses, split_sentences
from workbench.run.reducer import reduce_events
from workbench.run.state import AppliedChange, LossPoint, RunState
from workbench.state.app_state import SIGNS, AppState

AROUND, MILLIONS = 4, 9_876_543
WITHOUT_KEY = {"_refused", "_reading", "_reading_run", "_noted", "_scoring"}
CONFIG = PRESETS["names-mlp"].config
EARLY = "ended early: 3 validations without a new best; the best is of step 1,234,567"
BROKEN = "the loss became -inf at step 9,876,543: steps too big"
RUN = RunState(
    run="recall-lstm-library-127",
    step=MILLIONS,
    steps_planned=MILLIONS + 1,
    message=EARLY,
    trained_s=360_000,
    val_last=LossPoint(MILLIONS, 12.3456),
    best=LossPoint(MILLIONS - 1, 12.3456),
    kept=(1, MILLIONS),
    checkpoint_step=MILLIONS - 1,
)


def moved_by(run: RunState, n: int, is_measured: bool, is_planned: bool) -> RunState:
    """The run with so many changes of its rate between two validations."""
    before = LossPoint(MILLIONS - 500, 12.345)
    after = LossPoint(MILLIONS + 500, 12.345) if is_measured else None
    rate = "train.learning_rate"
    change = AppliedChange(MILLIONS, rate, 9.313e-10, 1.863e-09, before, after, is_planned)
    return replace(run, changes=(change,) * n, n_changes=n)


def checked(val: Callable[[int], float]) -> RunState:
    """A run whose train loss falls, with a validation every 500 steps."""
    events: list[Event] = [Continued(step=0)]
    best = math.inf
    for step in range(500, 30_001, 500):
        losses = [2 + 1 / (1 + step / 500)] * 500
        told = StepsDone(
            first_step=step - 499,
            losses=losses,
            learning_rate=0.1,
            train_s=0.0,
            cpu_s=0.0,
            n_tokens=0,
        )
        events.append(told)
        loss = val(step)
        scored = Evaluated(
            step=step, split="val", loss=loss, n_tokens=9, protocol="whole", best=loss < best
        )
        events.append(scored)
        best = min(best, loss)
    return reduce_events(RunState(), events)


def situations(preview: Preview) -> list[AppState]:
    """Those with the longest words."""
    found = [AppState(preset.config, preview=preview) for preset in PRESETS.values()]
    found += [replace(s, n_runs=1234) for s in found]
    told = AppState(CONFIG, running=CONFIG, preview=preview, run=RUN)
    for status in SIGNS:
        for message in (EARLY, BROKEN, "was killed (signal 9: often memory)", ""):
            found.append(replace(told, run=replace(RUN, status=status, message=message)))
    training = replace(told, run=replace(RUN, status="training", steps_planned=2 * MILLIONS))
    scoring = replace(RUN, status="training", step=MILLIONS + 1)
    starting = replace(told, run=replace(RUN, status="starting"))
    waiting = replace(CONFIG, seed=7, model=replace(CONFIG.model, hidden=300))
    found += [
        replace(training, run=scoring),
        replace(training, refusal="Disk full. Free 3 MB, then space."),
        replace(training, reading="Reading notes.txt: 412 of 1,089 kB."),
        replace(training, note="Back on names-mlp-7. 3 steps happened; nothing is missing."),
        replace(training, quiet_s=9999),
        replace(starting, quiet_s=9999),
        replace(training, looking_at=1),
        replace(training, asked=waiting),
        *(
            replace(training, run=moved_by(training.run, n, is_measured, is_planned))
            for n in (1, 2, 64)
            for is_measured in (True, False)
            for is_planned in (True, False)
        ),
        replace(training, run=replace(training.run, train_last=99.0, best=None)),
        replace(training, run=replace(training.run, best=LossPoint(1, 0.5))),
        replace(training, run=replace(RUN, status="training", best=None, train_last=1.0)),
    ]
    by_heart = checked(lambda step: 2 + abs(step - 9000) / 30_000)
    found += [replace(training, run=run) for run in (by_heart, checked(lambda _: 3.0))]
    return found


@pytest.mark.parametrize("width", [80, 120])
def test_no_rule_loses_its_key_or_its_finding(preview: Preview, width: int) -> None:
    spoke = set()
    for situation in situations(preview):
        for rule in hint_rules._RULES:
            said = rule(situation)
            if said is None:
                continue
            spoke.add(rule.__name__)
            words = said.fitting(width - AROUND)
            assert cell_len(words) <= width - AROUND
            assert "…" not in words, words
            assert words.endswith((".", " now", "!")), words
            assert rule.__name__ in WITHOUT_KEY or _names_a_key(words), words
    missing = {rule.__name__ for rule in hint_rules._RULES} - spoke
    assert not missing, "give a situation in which they speak"


def _names_a_key(words: str) -> bool:
    """Waiting for a start needs none."""
    keys = ("space", "esc", "s", "r", "X", "o", "[", "2", "3", "4", ":", "loading torch.")
    named = words.replace(",", " ").replace(";", " ").replace(":", " : ").split()
    return any(key in named or words.endswith(key) for key in keys)


PARTS = st.lists(
    st.lists(st.text("ab", min_size=1, max_size=9), min_size=1, max_size=4), max_size=4
)


@given(PARTS, st.integers(0, 40))
def test_the_first_wording_that_fits_is_taken_whole(parts: list[list[str]], width: int) -> None:
    said = make_hint("", "plain", *parts)
    wordings = [said.words, *said.shorter]
    assert len(wordings) == math.prod(map(len, parts))
    whole = [words for words in wordings if words and len(words) <= width]
    shown = said.fitting(width)
    assert shown == (whole[0] if whole else shown)
    assert len(shown) <= width


def test_shorter_ones_end_with_a_sentence_or_a_clause() -> None:
    assert split_sentences("One. Two.") == ("One. Two.", "One.")
    assert split_clauses("at 1,000, killed (9, memory): why") == (
        "at 1,000, killed (9, memory): why.",
        "at 1,000, killed (9, memory).",
        "at 1,000.",
    )


def test_changes_between_the_same_validations_share_what_they_did(preview: Preview) -> None:
    for n, what in ((1, "9.313e-10 → 1.863e-9: val was"), (3, "1.863e-9 and 2 more: val was")):
        run = moved_by(
            replace(
                RUN,
                status="training",
            ),
            n,
            True,
            False,
        )
        words = hint_rules.hint_for(
            AppState(CONFIG, running=CONFIG, preview=preview, run=run)
        ).words
        assert what in words
