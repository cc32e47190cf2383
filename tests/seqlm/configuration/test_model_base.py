import pytest

from seqlm.configuration.model_base import count_parameters
from seqlm.configuration.model_configs import FAMILIES
from seqlm.models.registry import build
from seqlm.presets import PRESETS
from seqlm.runspec import recipe

VARIED = (
    "model.kind=mlp model.layers=3 model.context=7 model.embedding=5 model.hidden=11",
    "model.kind=mlp model.context=1 model.dropout=0.1",
    "model.kind=elman model.embedding=3 model.hidden=17",
    "model.kind=lstm model.layers=3 model.embedding=6 model.hidden=10",
)
LINES = [
    *PRESETS,
    *(f"names-mlp model.kind={kind}" for kind in FAMILIES),
    *(f"names-mlp {words}" for words in VARIED),
]


@pytest.mark.parametrize("has_end", [True, False])
@pytest.mark.parametrize("n_vocab", [2, 27, 200])
@pytest.mark.parametrize("line", LINES)
def test_count_equals_the_built_model(line: str, n_vocab: int, has_end: bool) -> None:
    config = recipe.parse_recipe(line).model
    model = build(config, n_vocab, n_vocab - 1 if has_end else n_vocab, seed=0)
    built = sum(parameter.numel() for parameter in model.parameters())
    assert count_parameters(config, n_vocab, has_end) == built


def test_count_equals_the_lecture() -> None:
    assert count_parameters(recipe.parse_recipe("names-mlp").model, 27) == 11_897
