"""Small models of every family, with several settings, for tests that hold for all families."""

import itertools
from typing import Any

import pytest
import torch

from seqlm.models.base import CountedModel, SequenceModel
from seqlm.models.registry import BUILDERS, build

V = 7
SMALL = {"embedding": 5, "hidden": 9, "dropout": 0.3, "width": 8, "heads": 2, "max_tokens": 16}
TIED = {"tied": True, "embedding": 9}
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "ngram": [{"order": 1}, {"order": 4, "smoothing": "kneser-ney"}],
    "bigram": [{"init": "library"}],
    "mlp": [
        {"context": 1},
        {"context": 4, "layers": 2, "activation": "gelu"},
        {"context": 3, "input": "one_hot"},
        {"context": 3, **TIED},
    ],
    "bow": [{}, {"input": "one_hot", "layers": 2}],
    "elman": [{}, {"input": "one_hot", "init": "scaled"}, TIED],
    "rnn": [{"layers": 2, "init": "scaled"}],
    "gru": [{"layers": 1}, {"layers": 2, "input": "one_hot"}],
    "lstm": [{"layers": 1}, {"layers": 2}, {"forget_bias": "chrono"}, {"layers": 2, **TIED}],
    "wavenet": [{"layers": 1}, {"layers": 3, "init": "library"}, {"layers": 2, "input": "one_hot"}],
    "transformer": [{"init": "library"}, {"layers": 1, "tied": True, "activation": "relu"}],
}


def variants() -> list[Any]:
    configs = []
    for family in BUILDERS:
        kind = str(family.__struct_config__.tag)
        sizes = {key: size for key, size in SMALL.items() if key in family.__struct_fields__}
        configs += [family(**{**sizes, **variant}) for variant in VARIANTS.get(kind, [{}])]
    return configs


def name_of(config: Any) -> str:
    kind = str(type(config).__struct_config__.tag)
    changed = dict.fromkeys(itertools.chain(*VARIANTS.get(kind, [{}])))
    usual = type(config)()
    told = [f"{k}={v}" for k in changed if (v := getattr(config, k)) != getattr(usual, k)]
    return "-".join([kind, *told])


def model_of(config: Any, fill_id: int = V - 1, seed: int = 3) -> SequenceModel:
    model = build(config, V, fill_id, seed)
    if isinstance(model, CountedModel):
        model.fit([[V - 1, 0, 1, 2, 0, 1, V - 1], [V - 1, 3, 3, 0, 5, 4, V - 1]])
    return model.eval()


def tokens_of(n_rows: int, n_tokens: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(V, (n_rows, n_tokens), generator=generator)


every_config = pytest.mark.parametrize("config", variants(), ids=name_of)
