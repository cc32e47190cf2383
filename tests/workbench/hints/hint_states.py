"""Application states for the tests of the hint line."""

import math
from collections.abc import Callable

from msgspec.structs import replace

from seqlm.presets import PRESETS
from seqlm.protocol.events import Continued, Evaluated, Event, StepsDone
from seqlm.runs.run_state import AppliedChange, LossPoint
from workbench.corpus.preview import Preview
from workbench.run.loss_series import LossSeries
from workbench.run.reducer import reduce_events
from workbench.run.state import RunState
from workbench.state.app_state import SIGNS, AppState

MILLIONS = 9_876_543
CONFIG = PRESETS["names-mlp"].config
EARLY = "ended early: 3 validations without a new best; the best is of step 1,234,567"
BROKEN = "the loss became -inf at step 9,876,543: steps too big"
RUN = RunState(
    run="recall-lstm-library-127",
    step=MILLIONS,
    steps_planned=MILLIONS + 1,
    message=EARLY,
    trained_s=360_000,
    last_validation=LossPoint(MILLIONS, 12.3456),
    best=LossPoint(MILLIONS - 1, 12.3456),
    kept=(1, MILLIONS),
    checkpoint_step=MILLIONS - 1,
)


def with_changes(run: RunState, n: int, is_measured: bool, is_planned: bool) -> RunState:
    """Return the run with `n` changes of its learning rate between two validations."""
    before = LossPoint(MILLIONS - 500, 12.345)
    after = LossPoint(MILLIONS + 500, 12.345) if is_measured else None
    rate = "train.learning_rate"
    change = AppliedChange(MILLIONS, rate, 9.313e-10, 1.863e-09, before, after, is_planned)
    return replace(run, changes=(change,) * n, n_changes=n)


def run_with_losses(val: Callable[[int], float]) -> RunState:
    """Return a run whose train loss falls, with a validation every 500 steps."""
    events: list[Event] = [Continued(step=0)]
    best = math.inf
    for step in range(500, 30_001, 500):
        losses = [2 + 1 / (1 + step / 500)] * 500
        steps = StepsDone(
            first_step=step - 499,
            losses=losses,
            learning_rate=0.1,
            train_s=0.0,
            cpu_s=0.0,
            n_tokens=0,
        )
        events.append(steps)
        loss = val(step)
        scored = Evaluated(
            step=step, split="val", loss=loss, n_tokens=9, protocol="whole", best=loss < best
        )
        events.append(scored)
        best = min(best, loss)
    return reduce_events(RunState(), events)


def rising_to(loss: float, step: int = 500) -> RunState:
    """Return a run whose loss starts at 3.3 and is then this one."""
    train = LossSeries().extended(1, [3.3] * 20 + [loss] * (step - 20))
    return replace(
        RUN,
        status="training",
        train=train,
        step=step,
        steps_planned=10**6,
        batch_loss=loss,
        best=LossPoint(100, loss),
        changes=(),
        trained_s=90.0,
    )


def longest_states(preview: Preview) -> list[AppState]:
    """Return the states with the longest hints."""
    found = [AppState(preset.config, preview=preview) for preset in PRESETS.values()]
    found += [replace(s, n_runs=1234) for s in found]
    ended = AppState(CONFIG, run_config=CONFIG, preview=preview, run=RUN)
    for status in SIGNS:
        for message in (EARLY, BROKEN, "was killed (signal 9: often memory)", ""):
            found.append(replace(ended, run=replace(RUN, status=status, message=message)))
    training = replace(ended, run=replace(RUN, status="training", steps_planned=2 * MILLIONS))
    found.append(replace(ended, run=replace(RUN, status="starting"), silent_for_s=9999))
    found += [*_training_states(training), *_states_with_losses(training)]
    return [*found, *(replace(s, focused_pane=pane) for s in found for pane in (3, 4))]


def _training_states(training: AppState) -> list[AppState]:
    """Return states of a run in training with a message, a change or a note."""
    scoring = replace(RUN, status="training", step=MILLIONS + 1)
    waiting = replace(CONFIG, seed=7, model=replace(CONFIG.model, hidden=300))
    return [
        replace(training, run=scoring),
        replace(training, error_message="Disk full. Free 3 MB, then space."),
        replace(training, loading_message="Reading notes.txt: 412 of 1,089 kB."),
        replace(
            training, status_message="Back on names-mlp-7. 3 steps happened; nothing is missing."
        ),
        replace(
            training, run=replace(training.run, note="step-20 is damaged. " * 20, trained_s=9.0)
        ),
        replace(training, silent_for_s=9999),
        replace(training, viewed_step=1),
        replace(training, pending_config=waiting),
        *(
            replace(training, run=with_changes(training.run, n, is_measured, is_planned))
            for n in (1, 2, 64)
            for is_measured in (True, False)
            for is_planned in (True, False)
        ),
        replace(training, run=replace(training.run, batch_loss=99.0, best=None)),
        replace(training, run=rising_to(5e9)),
        replace(training, run=replace(training.run, best=LossPoint(1, 0.5))),
        replace(training, run=replace(RUN, status="training", best=None, batch_loss=1.0)),
    ]


def _states_with_losses(training: AppState) -> list[AppState]:
    """Return states of a run whose losses, schedule or speed give a hint."""
    overfitted = run_with_losses(lambda step: 2 + abs(step - 9000) / 30_000)
    flat, constant = run_with_losses(lambda _: 3.0), replace(CONFIG, changes=())
    lowered = AppliedChange(9000, "train.learning_rate", 0.1, 9.313e-10, is_planned=True)
    cycle = replace(CONFIG, train=replace(CONFIG.train, schedule="one-cycle"))
    early = replace(RUN, status="training", step=9, steps_planned=200_000)
    return [
        *(replace(training, run=run) for run in (overfitted, flat)),
        replace(training, run=flat, run_config=constant),
        replace(training, run=replace(flat, changes=(lowered,)), run_config=constant),
        replace(training, run=replace(early, best=LossPoint(1, 2.0))),
        replace(training, run=replace(early, clock=((0.0, 0), (99.0, 9)))),
        replace(training, run=early, run_config=cycle),
        replace(training, run=replace(early, step=MILLIONS), run_config=cycle),
        replace(
            training,
            run=with_changes(
                replace(early, clock=((0.0, 0), (1.0, MILLIONS)), step=MILLIONS + 1), 1, True, True
            ),
        ),
    ]
