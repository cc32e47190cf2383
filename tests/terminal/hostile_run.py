"""Run directories in which every string is a hostile text."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from seqlm.presets import preset_config
from seqlm.protocol import events
from seqlm.runs.directory import CorpusRecord, Manifest

_T0 = 1_700_000_000.0


def write_manifest(folder: Path, text: str, corpus: str) -> None:
    """Write a ``run.json`` in which every string is this text."""
    config = preset_config("names-mlp")
    config = msgspec.structs.replace(
        config, data=msgspec.structs.replace(config.data, corpus=corpus)
    )
    record = CorpusRecord(name=text, n_bytes=1, sha256=text, stored_at=text)
    manifest = Manifest(
        run=text,
        recipe=text,
        config=config,
        corpus=record,
        created_t=_T0,
        versions={text: text},
    )
    (folder / "run.json").write_bytes(msgspec.json.encode(manifest))


def append(log: Path, events_to_write: Iterable[Any]) -> None:
    """Append events to a log, including characters that are not valid Unicode."""
    with log.open("a", encoding="ascii") as file:
        for event in events_to_write:
            file.write(json.dumps(msgspec.to_builtins(event)) + "\n")


def hostile_events(texts: list[str], step: int) -> list[Any]:
    """Return the events of a failed run whose strings are these texts; it fails at ``step``."""
    text = "".join(texts)
    values = {"learning_rate": 0.1, "train_s": 1.0, "cpu_s": 1.0, "n_tokens": step}
    events_to_write: list[Any] = [
        events.RunCreated(
            run=text,
            recipe=text,
            preset=text,
            n_parameters=11_897,
            n_vocab=27,
            n_targets={"train": 9, "val": 9},
            steps_planned=9_000,
        ),
        events.WorkerStarted(pid=1, step=0, device=text, threads=1, versions={text: text}),
        events.Continued(step=0),
        events.StepsDone(first_step=1, losses=[3.0] * step, **values),
        events.Evaluated(step=step, split="val", loss=2.5, n_tokens=9, protocol=text, best=True),
    ]
    for shown in texts:
        events_to_write += [
            events.ValueChanged(step=step, key=shown, old=shown, new=shown),
            events.ValueChanged(step=step, key="train.learning_rate", old=shown, new=[shown]),
            events.Sampled(step=step, tokens=[*shown], surprisal=[1.0] * len(shown)),
        ]
    return [*events_to_write, events.Ended(step=step, status="failed", message=text)]
