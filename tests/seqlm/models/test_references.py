"""Model families, compared with PyTorch or with their equations."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from seqlm.configuration.model_configs import (
    BigramConfig,
    BowConfig,
    ElmanConfig,
    GruConfig,
    LstmConfig,
    MlpConfig,
    RnnConfig,
)
from seqlm.models.base import SequenceModel
from seqlm.models.bigram import Bigram
from seqlm.models.bow import BagOfWords
from seqlm.models.elman import Elman, ElmanLayer
from seqlm.models.mlp import Mlp
from seqlm.models.recurrent import Gru, Lstm, Recurrent, Rnn

V = 6
CLOSE: dict[str, Any] = {"atol": 1e-5, "rtol": 0.0}


def gradients(model: nn.Module, logits: Tensor) -> dict[str, Tensor]:
    """Return gradients of a loss with distinct weights, so that errors do not cancel out."""
    weights = torch.arange(logits.numel()).view_as(logits).sin()
    model.zero_grad()
    (logits * weights).sum().backward()  # type: ignore[no-untyped-call]
    return {name: part.grad for name, part in model.named_parameters() if part.grad is not None}


def assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    for name in one:
        torch.testing.assert_close(one[name], other[name], **CLOSE)


def agrees(model: SequenceModel, tokens: Tensor, expected: Tensor) -> None:
    """Assert that logits and gradients equal those of ``expected``, computed from the same weights."""
    logits, _ = model(tokens)
    torch.testing.assert_close(logits, expected, **CLOSE)
    assert_same(gradients(model, logits), gradients(model, expected))


@pytest.mark.parametrize("n_steps", [1, 7])
def test_elman_layer_equals_torch_rnn(n_steps: int) -> None:
    torch.manual_seed(0)
    ours, theirs = ElmanLayer(4, 5), nn.RNN(4, 5, batch_first=True)
    with torch.no_grad():
        for name, parameter in ours.named_parameters():
            getattr(theirs, f"{name.replace('w_', 'weight_').replace('b_', 'bias_')}_l0").copy_(
                parameter
            )
    inputs, h0 = torch.randn(3, n_steps, 4), torch.randn(3, 5)
    our_inputs, our_h0 = inputs.clone().requires_grad_(), h0.clone().requires_grad_()
    their_inputs, their_h0 = inputs.clone().requires_grad_(), h0.clone().requires_grad_()

    hidden, last = ours(our_inputs, our_h0)
    their_hidden, their_last = theirs(their_inputs, their_h0[None])
    torch.testing.assert_close(hidden, their_hidden, **CLOSE)
    torch.testing.assert_close(last, their_last[0], **CLOSE)

    weights = torch.randn_like(hidden)
    ((hidden * weights).sum() + last.pow(2).sum()).backward()
    ((their_hidden * weights).sum() + their_last.pow(2).sum()).backward()
    torch.testing.assert_close(our_inputs.grad, their_inputs.grad, **CLOSE)
    torch.testing.assert_close(our_h0.grad, their_h0.grad, **CLOSE)
    torch.testing.assert_close(ours.w_ih.grad, theirs.weight_ih_l0.grad, **CLOSE)
    torch.testing.assert_close(ours.w_hh.grad, theirs.weight_hh_l0.grad, **CLOSE)
    torch.testing.assert_close(ours.b_ih.grad, theirs.bias_ih_l0.grad, **CLOSE)
    torch.testing.assert_close(ours.b_hh.grad, theirs.bias_hh_l0.grad, **CLOSE)


@pytest.mark.parametrize("n_tokens", [2, 9])  # fewer tokens than rows of the table, and more
@pytest.mark.parametrize("fed", ["embedding", "one_hot", "scalar"])
def test_elman_equals_rnn_with_the_same_weights(fed: Any, n_tokens: int) -> None:
    torch.manual_seed(0)
    model = Elman(ElmanConfig(embedding=3, hidden=4, input=fed), V)
    theirs = Rnn(RnnConfig(embedding=3, hidden=4, input=fed), V)
    their_name = {"w": "weight", "b": "bias"}

    def renamed(name: str) -> str:
        if not name.startswith("layer."):
            return name
        kind, _, place = name.removeprefix("layer.").partition("_")
        return f"layers.{their_name[kind]}_{place}_l0"

    theirs.load_state_dict({renamed(k): v for k, v in model.state_dict().items()})
    tokens = torch.randint(V, (1, n_tokens))
    logits, state = model(tokens)
    expected, their_state = theirs(tokens)
    torch.testing.assert_close(logits, expected, **CLOSE)
    torch.testing.assert_close(state[0], their_state[0][:, 0], **CLOSE)
    ours = {renamed(k): v for k, v in gradients(model, logits).items()}
    assert_same(ours, gradients(theirs, expected))


def test_elman_is_embedding_recurrence_output() -> None:
    torch.manual_seed(0)
    model = Elman(ElmanConfig(embedding=3, hidden=4), V).eval()
    tokens, h = torch.tensor([[1, 5, 2]]), torch.randn(1, 4)
    logits, state = model(tokens, (h,))
    for t in range(3):
        x = model.embedding.weight[tokens[:, t]]
        driven = x @ model.layer.w_ih.T + model.layer.b_ih
        h = torch.tanh(driven + h @ model.layer.w_hh.T + model.layer.b_hh)
        expected = h @ model.output.weight.T + model.output.bias
        torch.testing.assert_close(logits[:, t], expected, **CLOSE)
    torch.testing.assert_close(state[0], h, **CLOSE)


Cell = tuple[Tensor, ...]


def rnn_cell(x: Tensor, state: Cell, w: Any, b: Any) -> Cell:
    return (torch.tanh(x @ w[0].T + b[0] + state[0] @ w[1].T + b[1]),)


def gru_cell(x: Tensor, state: Cell, w: Any, b: Any) -> Cell:
    (h,) = state
    r_in, z_in, n_in = (x @ w[0].T + b[0]).chunk(3, dim=1)
    r_h, z_h, n_h = (h @ w[1].T + b[1]).chunk(3, dim=1)
    z = torch.sigmoid(z_in + z_h)
    new = torch.tanh(n_in + torch.sigmoid(r_in + r_h) * n_h)
    return ((1 - z) * new + z * h,)


def lstm_cell(x: Tensor, state: Cell, w: Any, b: Any) -> Cell:
    h, c = state
    i, f, g, o = (x @ w[0].T + b[0] + h @ w[1].T + b[1]).chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


RECURRENT: list[Any] = [
    (Rnn, RnnConfig, rnn_cell, 1),
    (Gru, GruConfig, gru_cell, 1),
    (Lstm, LstmConfig, lstm_cell, 2),
]


@pytest.mark.parametrize(("family", "config", "cell", "n_parts"), RECURRENT)
@pytest.mark.parametrize("n_layers", [1, 2])
def test_recurrent_layers_equal_their_equations(
    family: type[Recurrent], config: Any, cell: Any, n_parts: int, n_layers: int
) -> None:
    torch.manual_seed(0)
    model = family(config(embedding=3, hidden=4, layers=n_layers), V)
    tokens = torch.tensor([[1, 5, 2], [0, 0, 4]])
    begin = tuple(torch.randn(2, n_layers, 4) for _ in range(n_parts))
    states = [tuple(part[:, layer] for part in begin) for layer in range(n_layers)]
    rows = []
    for t in range(3):
        x = model.embedding.weight[tokens[:, t]]
        for layer in range(n_layers):
            w, b = (
                [getattr(model.layers, f"{kind}_{source}_l{layer}") for source in ("ih", "hh")]
                for kind in ("weight", "bias")
            )
            states[layer] = cell(x, states[layer], w, b)
            x = states[layer][0]
        rows.append(x @ model.output.weight.T + model.output.bias)
    expected = torch.stack(rows, dim=1)
    logits, after = model(tokens, begin)
    torch.testing.assert_close(logits, expected, **CLOSE)
    for part, wanted in zip(after, zip(*states, strict=True), strict=True):
        torch.testing.assert_close(part, torch.stack(wanted, dim=1), **CLOSE)
    assert_same(gradients(model, logits), gradients(model, expected))


@pytest.mark.parametrize("fill_id", [V - 1, V])
@pytest.mark.parametrize("activation", ["tanh", "gelu", "relu"])
def test_mlp_equals_its_equations(fill_id: int, activation: Any) -> None:
    torch.manual_seed(0)
    config = MlpConfig(context=3, embedding=2, hidden=4, activation=activation, init="library")
    model = Mlp(config, V, fill_id)
    tokens = [1, 5, 2, 0]
    curve = {"tanh": torch.tanh, "gelu": nn.functional.gelu, "relu": torch.relu}[activation]
    table: Any = model.embedding.weight
    first, last = model.hidden[0], model.output
    rows = []
    for t in range(4):
        window = [fill_id, fill_id, *tokens][t : t + 3]
        x = torch.cat([table[i] for i in window])
        rows.append(last.weight @ curve(first.weight @ x + first.bias) + last.bias)
    agrees(model, torch.tensor([tokens]), torch.stack(rows)[None])
    assert model(torch.tensor([tokens]))[1][0].tolist() == [[2, 0]]


def test_start_id_has_its_own_embedding() -> None:
    def n_rows(fill_id: int) -> Any:
        return Mlp(MlpConfig(), V, fill_id).embedding.num_embeddings

    assert n_rows(V) == V + 1
    assert n_rows(V - 1) == V


def test_bigram_is_a_linear_layer_on_one_hot_tokens() -> None:
    torch.manual_seed(0)
    model = Bigram(BigramConfig(init="lecture"), V, V)
    tokens = torch.tensor([[1, 5, 2, 2], [0, 3, 1, 4]])
    agrees(model, tokens, one_hot(tokens, V).float() @ model.table)


def test_trained_bigram_converges_to_the_counts() -> None:
    model = Bigram(BigramConfig(), 3, 2)
    tokens = torch.tensor([[0, 1, 0, 2, 0, 1, 1, 2, 0, 0, 2, 1, 0, 1]])
    before, after = tokens[:, :-1], tokens[:, 1:].flatten()
    for _ in range(300):
        loss = cross_entropy(model(before)[0].flatten(0, 1), after)
        (gradient,) = torch.autograd.grad(loss, model.table)
        model.table.data -= 5 * gradient
    counts = torch.zeros(3, 3)
    for one, other in zip(before.flatten(), after, strict=True):
        counts[one, other] += 1
    shares = counts / counts.sum(1, keepdim=True)
    torch.testing.assert_close(model.table.softmax(1), shares, atol=0.01, rtol=0)


def test_bag_of_words_equals_its_equations() -> None:
    torch.manual_seed(0)
    model = BagOfWords(BowConfig(embedding=3, hidden=4, init="library"), V)
    tokens = torch.tensor([[1, 5, 2, 2]])
    table: Any = model.embedding.weight
    first, last = model.hidden[0], model.output
    rows = []
    for t in range(4):
        vectors = [table[int(token)] for token in tokens[0, : t + 1]]
        mean = sum(vectors) / (t + 1)
        hidden = nn.functional.gelu(first.weight @ torch.cat([mean, vectors[-1]]) + first.bias)
        rows.append(last.weight @ hidden + last.bias)
    agrees(model, tokens, torch.stack(rows)[None])


def test_bag_of_words_ignores_the_order_of_earlier_tokens() -> None:
    model = BagOfWords(BowConfig(), V)
    with torch.inference_mode():
        one, _ = model(torch.tensor([[1, 2, 3, 0]]))
        other, _ = model(torch.tensor([[3, 1, 2, 0]]))
    torch.testing.assert_close(one[:, -1], other[:, -1])


def test_lecture_network_has_11_897_parameters_and_a_high_initial_loss() -> None:
    torch.manual_seed(0)
    model = Mlp(MlpConfig(context=3, embedding=10, hidden=200, init="lecture"), 27, 26)
    assert sum(parameter.numel() for parameter in model.parameters()) == 11_897
    tokens = torch.randint(27, (500, 4))
    logits, _ = model(tokens[:, :-1])
    loss = nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
    assert 15 < float(loss.detach()) < 35
