"""Written-out forward passes of the recurrent networks, one time step after another."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor, sigmoid, tanh

from seqlm.insight.activations import Recorder
from seqlm.models.base import State
from seqlm.models.elman import Elman
from seqlm.models.recurrent import Gru, Lstm, Recurrent, Rnn

StepFunction: TypeAlias = Callable[[Tensor, Tensor, Sequence[Tensor], Recorder, str], list[Tensor]]
"""``(input part, recurrent part, state, record, layer name) -> next state``, h first."""


def run_elman(
    model: Elman, tokens: Tensor, state: State | None, record: Recorder
) -> tuple[Tensor, State]:
    """Compute ``h_t = tanh(x_t W_ih^T + b_ih + h_{t-1} W_hh^T + b_hh)`` and the output of each h."""
    layer = model.layer
    weights = (layer.w_ih, layer.w_hh, layer.b_ih, layer.b_hh)
    embedding = record("embedding", model.embedding(tokens))  # (B, T, E)
    before = [embedding.new_zeros(len(tokens), model.n_hidden) if state is None else state[0]]
    hidden, after = _run_layer(embedding, before, weights, simple_step, record, "layer.0")
    return model.output(hidden), tuple(after)  # (B, T, V)


def run_rnn(
    model: Rnn, tokens: Tensor, state: State | None, record: Recorder
) -> tuple[Tensor, State]:
    """Run the layers of an RNN with :func:`simple_step`."""
    return _run_layers(model, tokens, state, record, simple_step)


def run_gru(
    model: Gru, tokens: Tensor, state: State | None, record: Recorder
) -> tuple[Tensor, State]:
    """Run the layers of a GRU with :func:`gru_step`."""
    return _run_layers(model, tokens, state, record, gru_step)


def run_lstm(
    model: Lstm, tokens: Tensor, state: State | None, record: Recorder
) -> tuple[Tensor, State]:
    """Run the layers of an LSTM with :func:`lstm_step`."""
    return _run_layers(model, tokens, state, record, lstm_step)


def simple_step(
    from_input: Tensor, from_hidden: Tensor, state: Sequence[Tensor], record: Recorder, layer: str
) -> list[Tensor]:
    """Return the next hidden state of a simple recurrent network (Elman 1990).

    Args:
        from_input: (B, H), the input times its weights plus bias.
        from_hidden: (B, H), the previous hidden state times its weights plus bias.
        state: The previous hidden state (B, H).
        record: Records and ablates activations.
        layer: Name of the layer, e.g. ``layer.0``.
    """
    preactivation = record.step(f"{layer}.preactivation", from_input + from_hidden)  # (B, H)
    return [record.step(f"{layer}.hidden", tanh(preactivation))]  # (B, H)


def gru_step(
    from_input: Tensor, from_hidden: Tensor, state: Sequence[Tensor], record: Recorder, layer: str
) -> list[Tensor]:
    """Return the next hidden state of a GRU (Cho et al. 2014); arguments as :func:`simple_step`.

    The parts of the reset gate, the update gate and the candidate stand side by side, (B, 3H).
    """
    input_r, input_z, input_n = from_input.chunk(3, dim=-1)  # (B, H) each
    hidden_r, hidden_z, hidden_n = from_hidden.chunk(3, dim=-1)  # (B, H) each
    reset = record.step(f"{layer}.gate.reset", sigmoid(input_r + hidden_r))  # (B, H)
    update = record.step(f"{layer}.gate.update", sigmoid(input_z + hidden_z))  # (B, H)
    candidate = record.step(f"{layer}.candidate", tanh(input_n + reset * hidden_n))  # (B, H)
    h = (1 - update) * candidate + update * state[0]  # (B, H)
    return [record.step(f"{layer}.hidden", h)]


def lstm_step(
    from_input: Tensor, from_hidden: Tensor, state: Sequence[Tensor], record: Recorder, layer: str
) -> list[Tensor]:
    """Return the next hidden state and cell of an LSTM; arguments as :func:`simple_step`.

    The parts of the input, forget, candidate and output stand side by side, (B, 4H) (Hochreiter &
    Schmidhuber 1997, Gers et al. 2000).
    """
    i, f, g, o = (from_input + from_hidden).chunk(4, dim=-1)  # (B, H) each
    input_gate = record.step(f"{layer}.gate.input", sigmoid(i))  # (B, H)
    forget_gate = record.step(f"{layer}.gate.forget", sigmoid(f))  # (B, H)
    candidate = record.step(f"{layer}.candidate", tanh(g))  # (B, H)
    output_gate = record.step(f"{layer}.gate.output", sigmoid(o))  # (B, H)
    cell = record.step(f"{layer}.cell", forget_gate * state[1] + input_gate * candidate)  # (B, H)
    return [record.step(f"{layer}.hidden", output_gate * tanh(cell)), cell]


def _run_layers(
    model: Recurrent, tokens: Tensor, state: State | None, record: Recorder, step: StepFunction
) -> tuple[Tensor, State]:
    """Return logits (B, T, V) and the state, (B, L, H) for each of h and c."""
    vectors = record("embedding", model.embedding(tokens))  # (B, T, E)
    n_parts, n_hidden = (2 if step is lstm_step else 1), model.layers.hidden_size
    after: list[list[Tensor]] = []
    for depth in range(model.layers.num_layers):
        zeros = vectors.new_zeros(len(tokens), n_hidden)
        before = [zeros] * n_parts if state is None else [part[:, depth] for part in state]
        weights = _layer_weights(model.layers, depth)
        vectors, last = _run_layer(vectors, before, weights, step, record, f"layer.{depth}")
        after.append(last)
    parts = tuple(torch.stack(part, dim=1) for part in zip(*after, strict=True))  # (B, L, H)
    return model.output(vectors), parts


def _run_layer(
    inputs: Tensor,
    state: Sequence[Tensor],
    weights: Sequence[Tensor],
    step: StepFunction,
    record: Recorder,
    name: str,
) -> tuple[Tensor, list[Tensor]]:
    """Return the hidden states (B, T, H) of one layer, and its last state.

    Args:
        inputs: (B, T, n_in).
        state: (B, H) for each of h and c.
        weights: W_ih, W_hh, b_ih and b_hh, with the gates stacked in the first dimension.
        step: Computes the next state.
        record: Records and ablates activations.
        name: Name of the layer.
    """
    w_ih, w_hh, b_ih, b_hh = weights
    current, hidden = list(state), []
    for x in inputs.unbind(1):  # (B, n_in)
        current = step(x @ w_ih.t() + b_ih, current[0] @ w_hh.t() + b_hh, current, record, name)
        hidden.append(current[0])
    return torch.stack(hidden, dim=1), current  # (B, T, H)


def _layer_weights(layers: Any, depth: int) -> list[Tensor]:
    """Return W_ih, W_hh, b_ih and b_hh of one layer of a recurrent module of PyTorch."""
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return [getattr(layers, f"{name}_l{depth}") for name in names]
