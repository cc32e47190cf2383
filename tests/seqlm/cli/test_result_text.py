"""Text of a run's final losses, computed from its events alone."""

import pytest

from seqlm.cli.progress import _Lines
from seqlm.cli.result_text import loss_rows, result_lines
from seqlm.protocol.events import (
    Continued,
    Ended,
    Evaluated,
    Event,
    RunCreated,
    SplitName,
    StepsDone,
    ValueChanged,
)
from seqlm.runs.summary import RunProgress, summarize_events
from seqlm.runspec import recipe


def created(line: str) -> RunCreated:
    config = recipe.parse_recipe(line)
    return RunCreated(
        run="r",
        recipe=line,
        preset=config.preset,
        n_parameters=1,
        n_vocab=27,
        n_targets={},
        steps_planned=config.planned.train.steps,
    )


def steps(first: int, *losses: float) -> StepsDone:
    return StepsDone(
        first_step=first, losses=list(losses), learning_rate=0.1, train_s=1, cpu_s=1, n_tokens=1
    )


def evaluated(split: SplitName, loss: float, step: int, best: bool = False) -> Evaluated:
    return Evaluated(step=step, split=split, loss=loss, n_tokens=9, protocol="whole", best=best)


def progress_of(line: str, *events: Event) -> RunProgress:
    return summarize_events([created(line), *events], "r")


def finished(line: str, batch: float, **losses: float) -> RunProgress:
    """Return the progress of a finished run of two steps with these losses."""
    result = [evaluated(split, loss, 2, split == "val") for split, loss in losses.items()]  # type: ignore[arg-type]
    return progress_of(line, steps(1, 3.0, batch), *result, Ended(step=2, status="finished"))


@pytest.mark.parametrize(
    ("found", "first"),
    [
        (
            finished("names-mlp", 2.1, train=2.3, val=2.3371),
            "val 2.3371, expected 2.337, above the best counts (2.143); train 2.3000",
        ),
        (
            finished("names-lstm model.hidden=300", 2.1, train=2.0, val=2.12),
            "val 2.1200, below the best counts (2.143); train 2.0000",
        ),
        (
            finished("one-batch", 0.0906, train=9.4411, val=9.4831),
            "batch 0.0906, expected 0.091; train 9.4411, val 9.4831",
        ),
        (finished("counting", 0.005, train=0.0044), "train 0.0044, expected 0.004"),
    ],
)
def test_primary_loss_comes_first_with_its_baselines(found, first: str) -> None:
    assert result_lines(found)[0] == f"r: finished at step 2; {first} (nats per token)"


def test_count_based_run_is_reported_as_counted() -> None:
    found = progress_of(
        "names-ngram",
        Continued(step=0),
        steps(1, 3.2958),
        evaluated("val", 2.1433, 1, best=True),
        evaluated("train", 1.63, 1),
        Ended(step=1, status="finished"),
    )
    assert result_lines(found)[0] == (
        "r: counted; val 2.1433, expected 2.143; train 1.6300 (nats per token)"
    )
    assert found.summary.batch_loss is None


def test_preset_description_needs_the_preset_settings() -> None:
    own = finished("recall-gru seed=1", 2.0, val=2.0)
    other = finished("recall-gru seed=1 train.steps=9", 2.0, val=2.0)
    assert result_lines(own)[1].endswith("100 % accuracy")
    assert len(result_lines(other)) == 1


def test_stopped_run_reports_only_measured_losses() -> None:
    untouched = progress_of("names-mlp", Ended(step=0, status="stopped"))
    assert result_lines(untouched) == ["r: stopped at step 0"]
    stopped = progress_of(
        "names-mlp",
        steps(1, 3.0, 2.8),
        evaluated("val", 2.7, 2, best=True),
        steps(3, 2.6),
        Ended(step=3, status="stopped"),
    )
    assert result_lines(stopped) == [
        "r: stopped at step 3; batch 2.6000, best val 2.7000 at step 2 (nats per token)"
    ]
    assert loss_rows(stopped.summary) == [
        "  batch loss  2.6000",
        "  best val    2.7000 at step 2",
    ]


def test_loss_rows_contain_the_baselines() -> None:
    found = finished("names-mlp seed=3", 2.1, train=2.3, val=2.34)
    assert loss_rows(found.summary) == [
        "  train loss  2.3000",
        "  val loss    2.3400, expected 2.337, above the best counts (2.143)",
    ]


def test_manual_change_removes_the_expected_loss() -> None:
    by_hand = ValueChanged(step=1, key="train.learning_rate", old=0.1, new=0.05, command_id="me")
    planned = ValueChanged(step=100_000, key="train.learning_rate", old=0.1, new=0.01)
    assert progress_of("names-mlp", planned).summary.expected == 2.337
    assert progress_of("names-mlp", by_hand).summary.expected is None


def test_unknown_recipe_has_no_expected_loss() -> None:
    event = RunCreated(**{**_fields(created("names-mlp")), "recipe": "no-such-preset a=b"})
    assert summarize_events([event, steps(1, 3.0)], "r").summary.expected is None


def _fields(event: RunCreated) -> dict[str, object]:
    return {name: getattr(event, name) for name in event.__struct_fields__}


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("names-ngram", ["r: step 1 / 1  best val 2.1433"]),
        ("one-batch", ["r: step 1 / 1,000  batch 3.2958"]),
        (
            "names-mlp train.steps=9",
            ["r: step 1 / 9  batch 3.2958", "r: step 1 / 9  batch 3.2958  best val 2.1433"],
        ),
    ],
)
def test_progress_shows_the_primary_loss_and_none_for_count_based_runs(
    line: str, written: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    show, events = _Lines(), [created(line), Continued(step=0), steps(1, 3.2958)]
    show(summarize_events(events, "r"))
    events += [evaluated("val", 2.1433, 1, best=True), Ended(step=1, status="finished")]
    show(summarize_events(events, "r"))
    assert capsys.readouterr().err.splitlines() == written
