"""Registry of the views of the Inspect pane, in the order of the view key."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from workbench.panes.inspect.move import (
    cut_head,
    cut_tensor_unit,
    cut_unit,
    move_in_list,
    move_in_map,
    move_in_matrix,
    move_surprisal,
    next_activation,
    next_parameter,
    next_tensor_unit,
)
from workbench.panes.inspect.view_model import InspectViewModel
from workbench.panes.pane_view import PaneView
from workbench.widgets.row_widget import Row

Move: TypeAlias = Callable[[InspectViewModel, int, int], InspectViewModel]
"""Function from a view model and a movement to the right and down to the next view model."""


def _no_cut(_: InspectViewModel) -> str | None:
    return None


class InspectView(PaneView[InspectViewModel], frozen=True, kw_only=True):
    """One view of the Inspect pane.

    Attributes:
        move: Moves the cursor.
        next_part: Shows the next unit, activation or parameter; None where there is one only.
        cut_name: Returns the name of the activation that the cut key sets to zero.
    """

    move: Move
    next_part: Callable[[InspectViewModel, int], InspectViewModel] | None = None
    cut_name: Callable[[InspectViewModel], str | None] = _no_cut


def _has_layers(model: InspectViewModel) -> bool:
    return model.kind not in ("ngram", "bigram")


def _has_heads(model: InspectViewModel) -> bool:
    return model.kind == "transformer"


def _has_embedding(model: InspectViewModel) -> bool:
    return _has_layers(model) and getattr(model.family, "input", "embedding") == "embedding"


def _has_parameters(model: InspectViewModel) -> bool:
    return model.family is None or not model.family.learns_by_counting


# The first frame does not need the modules that render the views.


def _network(model: InspectViewModel, width: int, height: int) -> Sequence[Row]:
    from workbench.panes.inspect.render_network import network_rows

    return network_rows(model, width, height)


def _surprisal(model: InspectViewModel, width: int, height: int) -> Sequence[Row]:
    from workbench.panes.inspect.render_surprisal import surprisal_rows

    return surprisal_rows(model, width, height)


def _state(model: InspectViewModel, width: int, height: int) -> Sequence[Row]:
    from workbench.panes.inspect.render_state import state_rows

    return state_rows(model, width, height)


def _attention(model: InspectViewModel, width: int, height: int) -> Sequence[Row]:
    from workbench.panes.inspect.render_attention import attention_rows

    return attention_rows(model, width, height)


def _embedding(model: InspectViewModel, width: int, height: int) -> Sequence[Row]:
    from workbench.panes.inspect.render_embedding import embedding_rows

    return embedding_rows(model, width, height)


def _weights(model: InspectViewModel, width: int, height: int) -> Sequence[Row]:
    from workbench.panes.inspect.render_weights import weight_rows

    return weight_rows(model, width, height)


def _reach(model: InspectViewModel, width: int, height: int) -> Sequence[Row]:
    from workbench.panes.inspect.render_reach import reach_rows

    return reach_rows(model, width, height)


INSPECT_VIEWS: tuple[InspectView, ...] = (
    InspectView(
        name="network",
        render=_network,
        help="one prediction worked out: every tensor from the token ids to the logits, then softmax "
        "and the cross-entropy of the target, step by step.",
        move=move_in_list,
        next_part=next_tensor_unit,
        cut_name=cut_tensor_unit,
    ),
    InspectView(
        name="surprisal",
        render=_surprisal,
        help="-ln p of each token of the text, and the tokens that were expected in its place.",
        move=move_surprisal,
    ),
    InspectView(
        name="state",
        render=_state,
        help="the units of one activation along the text, sorted by how well a plain description "
        "fits on validation data. The score is the area under the ROC curve, or for a quantity "
        "(1 + rank correlation) / 2: 0.5 is no relation, 1 is perfect.",
        is_available=_has_layers,
        move=move_in_list,
        next_part=next_activation,
        cut_name=cut_unit,
    ),
    InspectView(
        name="attention",
        render=_attention,
        help="the attention heads with their mean weight on known patterns, and the weights of one "
        "head: each row is a position that attends, and sums to 1.",
        is_available=_has_heads,
        move=move_in_list,
        cut_name=cut_head,
    ),
    InspectView(
        name="embedding",
        render=_embedding,
        help="a map of the token embeddings: the embeddings themselves if they have two dimensions, "
        "else their first two principal components; and the nearest tokens by cosine similarity.",
        is_available=_has_embedding,
        move=move_in_map,
    ),
    InspectView(
        name="weights",
        render=_weights,
        help="one parameter as a table, with the value and the gradient of the selected weight.",
        is_available=_has_parameters,
        move=move_in_matrix,
        next_part=next_parameter,
    ),
    InspectView(
        name="reach",
        render=_reach,
        help="the loss when only the last k tokens are visible to the model, on validation data.",
        move=move_in_list,
    ),
)
