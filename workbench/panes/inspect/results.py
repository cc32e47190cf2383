"""Answers about the inside of a model, as the Inspect pane shows them."""

from typing import Any

import msgspec
from msgspec import Struct

from seqlm.protocol.queries import Inspect, InspectAnswer
from seqlm.protocol.view_results import RESULT_TYPES, StateView, UnitDescription


class Shown(Struct, frozen=True):
    """Answer of the worker with its result.

    Attributes:
        step: Step of the weights.
        tokens: Tokens that the model read.
        ids: Their token ids.
        result: Result of the view.
        loss: Mean surprisal of the text in nats per token; None for a single token.
        full_loss: The same without replacing anything.
        is_partial: True if a more complete answer follows.
        query: The answered query.
    """

    step: int
    tokens: list[str]
    ids: list[int]
    result: Any
    loss: float | None
    full_loss: float | None
    is_partial: bool
    query: Inspect

    @property
    def without(self) -> list[str]:
        """Activations that were replaced by zero, as the query named them."""
        return self.query.without

    @property
    def has_own_text(self) -> bool:
        """True if the text is the first line of the validation split: the query named no other."""
        return self.query.text is None

    def is_complete_answer_to(self, query: Inspect) -> bool:
        """Return whether this is a complete answer to the same query, perhaps for other weights."""
        same = msgspec.structs.replace(query, id=self.query.id, weights=self.query.weights)
        return not self.is_partial and same == self.query


def read_answer(answer: InspectAnswer, query: Inspect) -> Shown:
    """Return the answer to a query with its result as structs.

    Raises:
        msgspec.ValidationError: The result does not have the form of the view.
    """
    # NaN and infinity are the words nan and inf inside a result.
    result = msgspec.convert(answer.result, RESULT_TYPES[answer.view], strict=False)
    if isinstance(result, StateView):
        result = _with_all_units(result)
    return Shown(
        step=answer.step,
        tokens=answer.tokens,
        ids=answer.ids,
        result=result,
        loss=answer.loss,
        full_loss=answer.full_loss,
        is_partial=answer.is_partial,
        query=query,
    )


def _with_all_units(result: StateView) -> StateView:
    """Return the result with all units; those that lack a description yet come last."""
    described = {unit.unit for unit in result.units}
    n_units = len(result.values[0]) if result.values else 0
    rest = [UnitDescription(i, "", False, 0.0) for i in range(n_units) if i not in described]
    return msgspec.structs.replace(result, units=[*result.units, *rest])
