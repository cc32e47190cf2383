from seqlm.protocol.events import Evaluated, Event, RunCreated
from seqlm.runs.summary import summarize_events


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
