import pytest

from seqlm.protocol.events import Evaluated, Event, RunCreated
from seqlm.runs.summary import RunProgress, RunSummary, summarize_events


def evaluated(split: str, n_tokens: int, protocol: str) -> Evaluated:
    return Evaluated(
        step=1,
        split=split,  # type: ignore[arg-type]
        loss=2.0,
        n_tokens=n_tokens,
        protocol=protocol,
        best=False,
    )


def test_a_loss_of_a_part_of_a_split_names_the_part() -> None:
    created = RunCreated(
        run="r",
        recipe="names-mlp",
        preset="names-mlp",
        n_parameters=1,
        n_vocab=2,
        n_targets={"train": 2_000_000, "val": 500, "test": 500},
        steps_planned=1,
    )
    events: list[Event] = [created, evaluated("val", 500, "whole"), evaluated("train", 9, "a part")]
    assert summarize_events(events, "r").sampled == {"train": "a part"}
    events.append(evaluated("train", 2_000_000, "whole"))
    assert summarize_events(events, "r").sampled == {}


@pytest.mark.parametrize(
    ("val", "share", "is_suspicious"),
    [(0.6, 0.0, True), (0.6, 0.8, False), (1.6, 0.0, False), (0.6, None, False)],
)
def test_a_validation_loss_that_repetition_does_not_explain_is_warned_of(
    val: float, share: float | None, is_suspicious: bool
) -> None:
    summary = RunSummary(run="one", val_loss=val, best_counts=2.0)
    progress = RunProgress(summary=summary, val_in_train=share, text_warnings=("first",))
    assert progress.warnings[0] == "first"
    assert len(progress.warnings) == 1 + is_suspicious
