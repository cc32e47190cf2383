"""Registry of the views: each one by its name, with the families that have it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from seqlm.errors import RequestError
from seqlm.insight import attention, embedding, hidden_state, network, reach, surprisal, weights
from seqlm.insight.activations import PATTERN, Ablation
from seqlm.insight.forward_pass import activation_sizes, activations_of
from seqlm.models.base import SequenceModel
from seqlm.protocol.view_results import (
    AttentionHead,
    EmbeddingView,
    Network,
    ReachPoint,
    StateView,
    TokenSurprisal,
    WeightsView,
)


class ViewInput(NamedTuple):
    """Everything that a view may use.

    Attributes:
        model: The model.
        ids: Token ids of the text: the first end token where there is one, and the tokens.
        scored_ids: The same with the last end token, whose probability is scored too.
        tokens: The vocabulary.
        reference: Sample of the validation split, as token ids.
        ablations: Activations to replace.
    """

    model: SequenceModel
    ids: Sequence[int]
    scored_ids: Sequence[int]
    tokens: Sequence[str]
    reference: Sequence[Sequence[int]]
    ablations: Sequence[Ablation]


class ViewOptions(Struct, frozen=True, kw_only=True):
    """Choices within a view.

    Attributes:
        part: Name of an activation (``state``) or of a parameter (``weights``), None for the first;
            the token whose neighbors are listed (``embedding``), None for the last one of the text.
        position: Position whose prediction is worked out (``network``); -1 for the last one.
        subtract_max: Whether softmax subtracts the maximum (``network``).
        add_to_logits: Constant added to all logits (``network``).
    """

    part: str | None = None
    position: int = -1
    subtract_max: bool = True
    add_to_logits: float = 0.0


class View(NamedTuple):
    """A view of a model.

    Attributes:
        name: Name of the view.
        description: What the view shows, in one sentence.
        run: Yields results that become more complete; the last one is the answer.
        is_available: Returns whether a model has this view.
        max_tokens: Maximum length of the text, so that the result stays small.
    """

    name: str
    description: str
    run: Callable[[ViewInput, ViewOptions], Iterator[Any]]
    is_available: Callable[[SequenceModel], bool] = lambda model: True
    max_tokens: int = 1000


def find_view(name: str, model: SequenceModel) -> View:
    """Return a view by its name.

    Raises:
        RequestError: There is no such view, or this model does not have it.
    """
    available = [view.name for view in VIEWS.values() if view.is_available(model)]
    if name in available:
        return VIEWS[name]
    allowed = f"one of: {', '.join(available)}"
    if name in VIEWS:
        raise RequestError(f"this model has no view {name}; {allowed}", name)
    raise RequestError(f"{name!r} is not a view; {allowed}", name)


def _network(given: ViewInput, options: ViewOptions) -> Iterator[Network]:
    if not -len(given.ids) <= options.position < len(given.ids):
        raise RequestError(
            f"position {options.position} is not in the text; allowed: 0 to {len(given.ids) - 1}"
        )
    yield network.network(
        given.model,
        given.ids,
        given.ablations,
        options.position,
        options.subtract_max,
        options.add_to_logits,
    )


def _surprisal(given: ViewInput, _: ViewOptions) -> Iterator[list[TokenSurprisal]]:
    if len(given.scored_ids) < 2:
        raise RequestError("the text is too short to score; needed: at least 2 tokens")
    yield surprisal.surprisal(given.model, given.scored_ids, given.ablations)


def _state(given: ViewInput, options: ViewOptions) -> Iterator[StateView]:
    found = activations_of(given.model, given.ids, given.ablations)
    names = [n for n in found if n.startswith("layer.") and not n.endswith(PATTERN)]
    name = options.part or next((n for n in names if n.endswith((".cell", ".hidden"))), "")
    if name not in names:
        raise RequestError(f"{name!r} is not an activation; one of: {', '.join(names)}", name)
    described = hidden_state.describe_units(
        given.model, name, given.reference, given.tokens, given.ablations
    )
    values = hidden_state.unit_values(found[name]).tolist()
    for units in described:
        yield StateView(name, names, values, units)


def _attention(given: ViewInput, _: ViewOptions) -> Iterator[list[AttentionHead]]:
    yield attention.attention(given.model, given.ids, given.ablations)


def _embedding(given: ViewInput, options: ViewOptions) -> Iterator[EmbeddingView]:
    table = embedding.embedding_table(given.model)
    assert table is not None  # the view is available
    token_id = given.ids[-1]
    if options.part is not None:
        if options.part not in given.tokens:
            raise RequestError(f"{options.part!r} is not a token of the vocabulary", options.part)
        token_id = list(given.tokens).index(options.part)
    nearest = embedding.nearest_tokens(table, token_id)
    yield EmbeddingView(embedding.embedding_map(table), token_id, nearest)


def _weights(given: ViewInput, options: ViewOptions) -> Iterator[WeightsView]:
    parameters = weights.parameter_summaries(given.model)
    name = options.part or parameters[0].name
    ids = given.scored_ids if len(given.scored_ids) > 1 else None
    yield WeightsView(parameters, weights.parameter_values(given.model, name, ids))


def _reach(given: ViewInput, _: ViewOptions) -> Iterator[list[ReachPoint]]:
    return reach.reach(given.model, given.reference, given.ablations)


def _has_parameters(model: SequenceModel) -> bool:
    return next(model.parameters(), None) is not None


def _has_layers(model: SequenceModel) -> bool:
    return any(name.startswith("layer.") for name in activation_sizes(model))


def _has_heads(model: SequenceModel) -> bool:
    return any(".head." in name for name in activation_sizes(model))


def _has_embedding(model: SequenceModel) -> bool:
    return embedding.embedding_table(model) is not None


VIEWS: dict[str, View] = {
    view.name: view
    for view in (
        View("network", "one prediction worked out, from token ids to the loss", _network),
        View("surprisal", "the surprisal of each token, and what was expected there", _surprisal),
        View(
            "state", "hidden units along the text, with what they respond to", _state, _has_layers
        ),
        View("attention", "the attention pattern of each head", _attention, _has_heads, 100),
        View(
            "embedding",
            "a map of the token embeddings, and nearest neighbors",
            _embedding,
            _has_embedding,
        ),
        View("weights", "the values and gradients of a parameter", _weights, _has_parameters),
        View("reach", "the loss when only the last k tokens are visible", _reach),
    )
}
