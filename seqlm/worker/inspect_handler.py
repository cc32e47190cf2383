"""Handler of queries for the views inside a model, and ablation for every other query."""

import math
import time
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from seqlm.data.prepared_text import PreparedText
from seqlm.errors import RequestError
from seqlm.insight.activations import Ablation, parse_ablations, with_means
from seqlm.insight.forward_pass import AblatedModel, activation_sizes, mean_activations
from seqlm.insight.registry import View, ViewInput, ViewOptions, find_view
from seqlm.insight.surprisal import surprisal
from seqlm.protocol.queries import Inspect, InspectAnswer
from seqlm.worker.model_snapshots import ModelSnapshot
from seqlm.worker.query_queue import AnswerStream

_MAX_LOGITS = 1 << 23
_PARTIAL_AFTER_S, _PARTIAL_EVERY_S = 0.1, 1.0
_N_REFERENCE, _REFERENCE_TOKENS, _DEFAULT_TOKENS = 100, 64, 40


def handle_inspect(query: Inspect, snapshot: ModelSnapshot) -> AnswerStream:
    """Answer a query for a view, in pieces.

    Raises:
        RequestError: The view, the text or an ablation is not valid for this model.
    """
    view = find_view(query.view, snapshot.model)
    ids, scored_ids = _read_text(query.text, view, snapshot)
    reference = reference_texts(snapshot)
    ablations: tuple[Ablation, ...] = ()
    for ablations in resolve_ablations(query.without, snapshot, reference):
        yield None
    tokens = snapshot.text.tokenizer.tokens
    given = ViewInput(snapshot.model, ids, scored_ids, tokens, reference, ablations)
    yield from _answers(query, view, given, snapshot)


def _answers(query: Inspect, view: View, given: ViewInput, snapshot: ModelSnapshot) -> AnswerStream:
    loss, full_loss = _mean_loss(given, given.ablations), _mean_loss(given, ())
    options = ViewOptions(
        part=query.part,
        position=query.position,
        subtract_max=query.subtract_max,
        add_to_logits=query.add_to_logits,
    )
    answer = InspectAnswer(
        id=query.id,
        step=snapshot.step,
        view=view.name,
        tokens=[given.tokens[i] for i in given.ids],
        ids=list(given.ids),
        result=None,
        without=[str(ablation) for ablation in given.ablations],
        loss=loss,
        full_loss=full_loss,
        vocabulary=list(given.tokens) if query.with_vocabulary else [],
    )
    result, due_s = None, time.monotonic() + _PARTIAL_AFTER_S
    for following in view.run(given, options):
        if query.with_partial and result is not None and time.monotonic() >= due_s:
            due_s = time.monotonic() + _PARTIAL_EVERY_S
            yield replace(answer, result=result, is_partial=True)
        else:
            yield None
        result = following
    yield replace(answer, result=result)


def ablate(snapshot: ModelSnapshot, without: Sequence[str]) -> ModelSnapshot:
    """Return the snapshot with its model ablated.

    Raises:
        RequestError: The model has no such activation.
    """
    *_, ablations = resolve_ablations(without, snapshot, reference_texts(snapshot))
    return snapshot._replace(model=AblatedModel(snapshot.model, ablations).eval())


def resolve_ablations(
    without: Sequence[str], snapshot: ModelSnapshot, reference: Sequence[Sequence[int]]
) -> Iterator[tuple[Ablation, ...]]:
    """Yield the ablations; their means become exact as more of the reference is read.

    Raises:
        RequestError: The model has no such activation.
    """
    ablations = parse_ablations(without, activation_sizes(snapshot.model) if without else {})
    yield ablations
    if any(ablation.by_mean for ablation in ablations):
        for means in mean_activations(snapshot.model, reference):
            yield with_means(ablations, means)


def reference_texts(snapshot: ModelSnapshot) -> list[list[int]]:
    """Return a sample of the validation split, or of the training split without validation data.

    The first items are used, each at most 64 tokens long; a stream is cut into such pieces.
    """
    text = snapshot.text
    items = text.items["val"] or text.items["train"]
    length = min(_REFERENCE_TOKENS, snapshot.model.max_tokens or _REFERENCE_TOKENS)
    pieces: list[list[int]] = []
    for item in items[:_N_REFERENCE]:
        ids = text.sequence(_beginning(item, _N_REFERENCE * length, text))
        starts = range(0, len(ids) - 1, length)
        pieces += [ids[start : start + length + 1] for start in starts]
        if len(pieces) >= _N_REFERENCE:
            break
    return [piece[:length] if len(piece) > length else piece for piece in pieces[:_N_REFERENCE]]


def _read_text(
    typed: str | None, view: View, snapshot: ModelSnapshot
) -> tuple[list[int], list[int]]:
    """Return the ids of a text without and with its last end token.

    Raises:
        RequestError: The text is empty and has no end token, or it is too long.
    """
    text, tokenizer = snapshot.text, snapshot.text.tokenizer
    longest = min(view.max_tokens, max(16, _MAX_LOGITS // snapshot.model.n_vocab))
    longest = min(longest, snapshot.model.max_tokens or longest)
    if typed is None:
        item = next(iter(text.items["val"] or text.items["train"]))
        encoded = tokenizer.encode(_beginning(item, _DEFAULT_TOKENS, text))
        encoded = encoded[: min(_DEFAULT_TOKENS, longest - 1)]
    else:
        encoded = tokenizer.encode(typed)
    end = [] if tokenizer.end_id is None else [tokenizer.end_id]
    ids = [*end, *encoded]
    if not ids:
        raise RequestError("the text is empty; needed: at least one token", "")
    if len(ids) > longest:
        raise RequestError(f"the text has {len(ids):,} tokens; allowed: 1 to {longest:,}", len(ids))
    scored = [*ids, *end]
    return ids, scored[: longest + 1]


def _beginning(item: str, n_tokens: int, text: PreparedText) -> str:
    """Return the beginning of an item, long enough for a number of tokens."""
    n_characters = min(len(item), 20 * n_tokens)
    return item[: text.tokenizer.safe_split_point(item, n_characters)]


def _mean_loss(given: ViewInput, ablations: Sequence[Ablation]) -> float | None:
    if len(given.scored_ids) < 2:
        return None
    found = surprisal(given.model, given.scored_ids, ablations, n_expected=1)
    return math.fsum(token.surprisal for token in found) / len(found)
