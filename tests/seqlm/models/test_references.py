"""Each family against the library, or against its equations written out."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from seqlm.families import ElmanConfig, LstmConfig, MlpConfig
from seqlm.models.elman import Elman, ElmanLayer
from seqlm.models.mlp import Mlp
from seqlm.models.recurrent import Lstm

V = 6
CLOSE: dict[str, Any] = {"atol": 1e-5, "rtol": 0.0}


@pytest.mark.parametrize("n_steps", [1, 7])
def test_the_recurrence_written_out_agrees_with_the_librarys(n_steps: int) -> None:
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


def test_lstm_is_its_equations() -> None:
    torch.manual_seed(0)
    model = Lstm(LstmConfig(embedding=3, hidden=4), V).eval()
    tokens = torch.tensor([[1, 5, 2], [0, 0, 4]])
    h, c = torch.randn(2, 4), torch.randn(2, 4)
    logits, state = model(tokens, (h[:, None], c[:, None]))
    weights: Any = model.layers
    for t in range(3):
        x = model.embedding.weight[tokens[:, t]]
        gates = x @ weights.weight_ih_l0.T + weights.bias_ih_l0
        gates = gates + h @ weights.weight_hh_l0.T + weights.bias_hh_l0
        i, f, g, o = gates.chunk(4, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        expected = h @ model.output.weight.T + model.output.bias
        torch.testing.assert_close(logits[:, t], expected, **CLOSE)
    torch.testing.assert_close(state[0][:, 0], h, **CLOSE)
    torch.testing.assert_close(state[1][:, 0], c, **CLOSE)


@pytest.mark.parametrize("fill_id", [V - 1, V])
def test_mlp_is_a_table_two_products_and_a_curve(fill_id: int) -> None:
    torch.manual_seed(0)
    model = Mlp(MlpConfig(context=3, embedding=2, hidden=4), V, fill_id).eval()
    tokens = [1, 5, 2, 0]
    logits, state = model(torch.tensor([tokens]))
    table: Tensor = model.embedding.weight
    first, last = model.hidden[0], model.output
    assert isinstance(first, nn.Linear)
    for t in range(4):
        window = [fill_id, fill_id, *tokens][t : t + 3]
        x = torch.cat([table[i] for i in window])
        h = torch.tanh(first.weight @ x + first.bias)
        torch.testing.assert_close(logits[0, t], last.weight @ h + last.bias, **CLOSE)
    assert state[0].tolist() == [[2, 0]]


def test_nothing_yet_has_a_learned_row_of_its_own() -> None:
    assert Mlp(MlpConfig(), V, fill_id=V).embedding.num_embeddings == V + 1
    assert Mlp(MlpConfig(), V, fill_id=V - 1).embedding.num_embeddings == V


def test_the_lectures_network_has_11_897_numbers_and_begins_far_too_certain() -> None:
    torch.manual_seed(0)
    model = Mlp(MlpConfig(context=3, embedding=10, hidden=200, init="lecture"), 27, 26)
    assert sum(parameter.numel() for parameter in model.parameters()) == 11_897
    tokens = torch.randint(27, (500, 4))
    logits, _ = model(tokens[:, :-1])
    loss = nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
    assert 15 < float(loss.detach()) < 35
