"""Records answers to Inspect queries of small models: ``python record_inspect.py``.

The answers are written beside this file, one file for each model, with numbers of five digits.
"""

from pathlib import Path
from typing import Any

import msgspec

from seqlm.data.prepared_text import prepare
from seqlm.insight.registry import VIEWS
from seqlm.protocol.queries import Inspect, InspectAnswer
from seqlm.runspec import recipe
from seqlm.training.trainer import Trainer
from seqlm.worker.inspect_handler import handle_inspect
from seqlm.worker.model_snapshots import ModelSnapshot

HERE = Path(__file__).parent
TEXT = "marie"
RECIPES = {
    "mlp": "names-mlp-2d model.hidden=12 train.steps=600",
    "lstm": "names-lstm model.hidden=8 model.embedding=6 train.steps=200",
    "transformer": "names-transformer model.layers=2 model.width=16 train.steps=200",
    "bigram": "names-bigram-net train.steps=200",
    "ngram": "names-bigram",
}


def rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    return [rounded(inner) for inner in value] if isinstance(value, list | tuple) else value


def record(name: str) -> dict[str, Any]:
    config = recipe.parse_recipe(RECIPES[name])
    trainer = Trainer(config, prepare(config.data))
    for _ in trainer.run():
        pass
    snapshot = ModelSnapshot(trainer.model, trainer.step, trainer.text, trainer.device)
    found = {}
    for view in VIEWS.values():
        if view.is_available(trainer.model):
            query = Inspect(
                id="", view=view.name, text=TEXT, position=3 if view.name == "network" else -1
            )
            answers = [a for a in handle_inspect(query, snapshot) if a is not None]
            assert isinstance(answers[-1], InspectAnswer)
            found[view.name] = rounded(msgspec.to_builtins(answers[-1]))
    return found


if __name__ == "__main__":
    for name in RECIPES:
        path = HERE / f"inspect_{name}.json"
        path.write_bytes(msgspec.json.encode(record(name)) + b"\n")
        print(path.name, path.stat().st_size)
