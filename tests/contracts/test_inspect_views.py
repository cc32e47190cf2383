"""The Inspect pane offers the views that the core has for each family, and reads their results."""

import math

import msgspec
import pytest

from seqlm.configuration.model_base import ModelFamily
from seqlm.configuration.model_configs import FAMILIES, BowConfig, MlpConfig
from seqlm.insight.registry import VIEWS, ViewInput, ViewOptions
from seqlm.models.registry import build
from seqlm.protocol.view_results import RESULT_TYPES
from workbench.panes.inspect.view_model import InspectViewModel
from workbench.panes.inspect.views import INSPECT_VIEWS
from workbench.panes.pane_view import available_views

TOKENS = "abcdefgh∎"


def family_configs() -> list[ModelFamily]:
    return [
        *(family() for family in FAMILIES.values()),
        MlpConfig(input="one_hot"),
        BowConfig(input="scalar"),
    ]


@pytest.mark.parametrize("config", family_configs(), ids=lambda config: type(config).__name__)
def test_views_and_results(config: ModelFamily) -> None:
    model = build(config, len(TOKENS), len(TOKENS) - 1, 0)
    offered = [v.name for v in available_views(INSPECT_VIEWS, InspectViewModel(family=config))]
    assert offered == [name for name, view in VIEWS.items() if view.is_available(model)]
    ids = [8, 0, 1, 0, 1, 8]
    given = ViewInput(model, ids[:-1], ids, list(TOKENS), [ids, ids], ())
    options = ViewOptions(subtract_max=False, add_to_logits=100.0, position=2)
    for name in offered:
        *_, result = VIEWS[name].run(given, options)
        read = msgspec.convert(msgspec.to_builtins(result), RESULT_TYPES[name])
        assert read is not None
        if name == "network":
            assert math.isinf(read.softmax.total)
