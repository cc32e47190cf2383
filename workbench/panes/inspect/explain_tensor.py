"""Explanation of one number of the network view in one plain sentence."""

from collections.abc import Callable, Mapping

from seqlm.protocol.view_results import NamedTensor, Network
from workbench.panes.inspect.move import tensor_at, tensor_unit_at
from workbench.panes.inspect.view_model import InspectViewModel


def explain_tensor(model: InspectViewModel) -> str:
    """Return how the selected number was computed, in one sentence."""
    tensor, unit = tensor_at(model), tensor_unit_at(model)
    value = tensor.values[unit] if tensor.values else 0.0
    head = f"{tensor.name}[{_index(tensor, unit)}] = {value:.4g}: "
    return head + _sentence(model, tensor, unit)


def _index(tensor: NamedTensor, unit: int) -> str:
    """Return the index of a value in the dimensions after the time."""
    found: list[str] = []
    for size in reversed(tensor.shape[1:]):
        unit, index = divmod(unit, size)
        found.insert(0, str(index))
    return ", ".join(found)


def _sentence(model: InspectViewModel, tensor: NamedTensor, unit: int) -> str:
    name = tensor.name
    last = name.rpartition(".")[2]
    special = _SPECIAL.get((model.kind, last))
    if special is not None:
        return special(model, tensor, unit)
    if ".gate." in name:
        return _gate(last)
    general = _GENERAL.get(last)
    return general(model, tensor, unit) if general else "an activation of the model."


def _read_token(model: InspectViewModel) -> str:
    """Return the token that was read at this position."""
    result: Network = model.result
    return model.glyphs()[result.position]


def _one_hot(model: InspectViewModel, _: NamedTensor, unit: int) -> str:
    token = _read_token(model)
    token_id = model.result.ids[model.result.position]
    if unit == token_id:
        return f"the token read here is {token} with the id {token_id}, so this entry is 1."
    return f"the token read here is {token} with the id {token_id}; every other entry is 0."


def _embedding(model: InspectViewModel, tensor: NamedTensor, unit: int) -> str:
    column = unit % tensor.shape[-1]
    if len(tensor.shape) == 3:
        place, n = unit // tensor.shape[-1], tensor.shape[1]
        at = model.result.position - (n - 1 - place)
        token = model.glyphs()[at] if at >= 0 else "an empty place"
        return f"column {column} of the embedding of {token}, {_place(place, n)} of the context."
    return f"column {column} of the row of {_read_token(model)} in the embedding table."


def _place(place: int, n: int) -> str:
    return "the last token" if place == n - 1 else f"token {place + 1} of {n}"


def _concatenation(model: InspectViewModel, tensor: NamedTensor, unit: int) -> str:
    return "the embeddings of the context one after another; this is the input of the hidden layer."


def _weighted_sum(model: InspectViewModel, tensor: NamedTensor, unit: int) -> str:
    return f"the inputs times row {unit % tensor.shape[-1]} of the weights, summed, plus the bias."


def _recurrent_sum(model: InspectViewModel, tensor: NamedTensor, unit: int) -> str:
    return "W_ih x_t + b_ih + W_hh h_(t-1) + b_hh: the token read now and the state before it."


def _activated(model: InspectViewModel, tensor: NamedTensor, unit: int) -> str:
    function = str(getattr(model.family, "activation", "tanh"))
    before = _value(model, tensor.name.replace("hidden", "preactivation"), unit)
    return f"{function} of the preactivation" + (f" {before:.4g}." if before is not None else ".")


def _tanh(model: InspectViewModel, tensor: NamedTensor, unit: int) -> str:
    before = _value(model, tensor.name.replace("hidden", "preactivation"), unit)
    return (
        f"h_t = tanh({before:.4g}), the state after the token read now."
        if before is not None
        else ""
    )


def _lstm_hidden(model: InspectViewModel, tensor: NamedTensor, unit: int) -> str:
    layer = tensor.name.rpartition(".")[0]
    gate, cell = _value(model, f"{layer}.gate.output", unit), _value(model, f"{layer}.cell", unit)
    if gate is None or cell is None:
        return "h_t = output gate * tanh(cell)."
    return f"h_t = output gate * tanh(cell) = {gate:.3f} * tanh({cell:.3f})."


def _lstm_cell(model: InspectViewModel, tensor: NamedTensor, unit: int) -> str:
    layer = tensor.name.rpartition(".")[0]
    names = ("gate.forget", "gate.input", "candidate")
    f, i, g = (_value(model, f"{layer}.{name}", unit) for name in names)
    if f is None or i is None or g is None:
        return "c_t = forget gate * c_(t-1) + input gate * candidate."
    text = f"c_t = forget gate * c_(t-1) + input gate * candidate = {f:.3f} * c_(t-1) "
    return text + f"{'+' if i * g >= 0 else '-'} {abs(i * g):.3f}."


def _candidate(model: InspectViewModel, tensor: NamedTensor, unit: int) -> str:
    return "tanh of a weighted sum of the input and the state before: the new content on offer."


def _gru_hidden(model: InspectViewModel, tensor: NamedTensor, unit: int) -> str:
    layer = tensor.name.rpartition(".")[0]
    z, n = _value(model, f"{layer}.gate.update", unit), _value(model, f"{layer}.candidate", unit)
    if z is None or n is None:
        return "h_t = (1 - update gate) * candidate + update gate * h_(t-1)."
    return f"h_t = (1 - z) * candidate + z * h_(t-1) = {(1 - z) * n:+.3f} {z:+.3f} * h_(t-1)."


def _gate(name: str) -> str:
    what = {
        "forget": "the share of the cell before that is kept",
        "input": "the share of the candidate that is added to the cell",
        "output": "the share of tanh(cell) that becomes the hidden state",
        "reset": "the share of the state before that the candidate sees",
        "update": "the share of the state before that is kept",
    }.get(name, "a gate")
    return f"sigmoid of a weighted sum, from 0 to 1: {what}."


def _pattern(model: InspectViewModel, tensor: NamedTensor, unit: int) -> str:
    here, there = _read_token(model), model.glyphs()[unit]
    if unit > model.result.position:
        return f"{here} cannot attend to a later token."
    return (
        f"the attention of {here} to {there}: softmax over the earlier tokens of query * key / "
        "sqrt(head size)."
    )


def _head_output(model: InspectViewModel, tensor: NamedTensor, unit: int) -> str:
    return "the values of the tokens, each times its weight in the pattern, summed."


def _plain(text: str) -> Callable[[InspectViewModel, NamedTensor, int], str]:
    return lambda model, tensor, unit: text


def _logits(model: InspectViewModel, _: NamedTensor, unit: int) -> str:
    token = model.glyph(unit)
    if model.kind == "bigram":
        return f"row {_read_token(model)}, column {token} of the table: the logit of {token}."
    if model.kind == "ngram":
        return f"the logarithm of the smoothed share of {token} after this context in the counts."
    return f"the logit of {token}: hidden vector times the output row of {token}, plus its bias."


def _value(model: InspectViewModel, name: str, unit: int) -> float | None:
    """Return an entry of another tensor at the same position."""
    result: Network = model.result
    values: list[float] = next((t.values for t in result.tensors if t.name == name), [])
    return values[unit] if unit < len(values) else None


_Sentence = Callable[[InspectViewModel, NamedTensor, int], str]
_SPECIAL: Mapping[tuple[str, str], _Sentence] = {
    **{(kind, "hidden"): _tanh for kind in ("elman", "rnn")},
    **{(kind, "preactivation"): _recurrent_sum for kind in ("elman", "rnn")},
    ("lstm", "hidden"): _lstm_hidden,
    ("lstm", "cell"): _lstm_cell,
    ("gru", "hidden"): _gru_hidden,
    ("transformer", "hidden"): _plain(
        "the activation function of a weighted sum of the normalized residual stream."
    ),
}
_GENERAL: Mapping[str, _Sentence] = {
    "one_hot": _one_hot,
    "embedding": _embedding,
    "concatenation": _concatenation,
    "mean": _plain("the mean of the embeddings of all tokens so far."),
    "preactivation": _weighted_sum,
    "hidden": _activated,
    "candidate": _candidate,
    "pattern": _pattern,
    "output": _head_output,
    "position": _plain("an entry of the position embedding of this place, added to the embedding."),
    "attention": _plain("the outputs of all heads times the output matrix of the attention."),
    "residual": _plain("the residual stream: input + attention output + MLP output."),
    "norm": _plain("the last residual stream, normalized to mean 0 and variance 1, then scaled."),
    "logits": _logits,
}
