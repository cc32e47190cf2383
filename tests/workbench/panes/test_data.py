"""The Data pane: what it says about what is fed."""

import pytest

from seqlm.runspec import recipe
from workbench.corpus.preview import Preview
from workbench.panes.data.render import fed_rows
from workbench.state.app_state import AppState


@pytest.mark.parametrize(
    ("line", "is_said"),
    [("one-batch", True), ("names-full-batch train.one_batch=true", False), ("names-mlp", False)],
)
def test_that_a_few_are_fed_alone_is_said(preview: Preview, line: str, is_said: bool) -> None:
    rows = fed_rows(AppState(recipe.parse_recipe(line), preview=preview), preview, 0, 36, 8, {})
    words = ["".join(part for part, _ in row).rstrip() for row in rows]
    assert ("! the same 32 of these in each step" in words) == is_said
    assert len(rows) == 8
