"""Tables of actions of the panes, and the presenter of the Controls pane without a screen."""

import re
from collections.abc import Collection
from typing import Any

import pytest
from textual.binding import Binding
from textual.geometry import Size

from seqlm.runspec import recipe
from workbench.panes.controls import pane as controls
from workbench.panes.controls.presenter import ACTIONS as CONTROLS_ACTIONS
from workbench.panes.controls.presenter import ControlsPresenter, ValueChange
from workbench.panes.controls.rows import controls_state
from workbench.panes.generate.pane import GeneratePane
from workbench.panes.generate.presenter import ACTIONS as GENERATE_ACTIONS
from workbench.panes.loss.actions import ACTIONS as LOSS_ACTIONS
from workbench.panes.loss.pane import LossPane
from workbench.panes.pane import Pane
from workbench.state.app_state import AppState


@pytest.mark.parametrize(
    ("pane", "table"),
    [
        (LossPane, LOSS_ACTIONS),
        (GeneratePane, GENERATE_ACTIONS),
        (controls.ControlsPane, {**CONTROLS_ACTIONS, **controls._REQUESTS}),
    ],
)
def test_action_table_has_an_entry_for_each_binding(
    pane: type[Pane], table: Collection[str]
) -> None:
    bound = [binding.action for binding in pane.BINDINGS if isinstance(binding, Binding)]
    names = {found[1] for action in bound if (found := re.fullmatch(r"run\('(\w+)'\)", action))}
    assert names == set(table)


def test_presenter_requests_values_without_a_screen() -> None:
    sent: list[Any] = []
    presenter = ControlsPresenter(sent.append, lambda: None)
    state = AppState(recipe.parse_recipe("names-mlp"))
    presenter.state, presenter.size = state, Size(40, 20)
    presenter.set_controls(controls_state(state, False, False))
    CONTROLS_ACTIONS["halve"](presenter)
    presenter.start_editing()
    presenter.submit("400")
    assert presenter.view.is_editing
    assert presenter.view.refusal
    presenter.submit("*2")
    assert not presenter.view.is_editing
    assert sent == [
        ValueChange("train.learning_rate", 0.05),
        ValueChange("train.learning_rate", 0.2),
    ]
