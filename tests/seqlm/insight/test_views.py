"""Views of a model, each compared with an independent computation."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from model_variants import V, every_config, model_of, tokens_of
from torch.nn.functional import cross_entropy

from seqlm.configuration.model_configs import (
    BigramConfig,
    ElmanConfig,
    LstmConfig,
    MlpConfig,
    RnnConfig,
    TransformerConfig,
)
from seqlm.errors import RequestError
from seqlm.insight.activations import Ablation
from seqlm.insight.attention import attention, pattern_masks
from seqlm.insight.embedding import embedding_map, embedding_table, nearest_tokens
from seqlm.insight.hidden_state import area_under_curve, describe_units, rank_correlation
from seqlm.insight.hypotheses import make_hypotheses
from seqlm.insight.network import network, softmax_table
from seqlm.insight.reach import reach
from seqlm.insight.surprisal import surprisal
from seqlm.insight.weights import parameter_summaries, parameter_values

CLOSE: dict[str, Any] = {"abs": 1e-5}
TEXT = tokens_of(1, 9, seed=5)[0].tolist()


def losses_of(model: Any, ids: Sequence[int]) -> list[float]:
    """Return the surprisal of each token but the first by one call of the model itself."""
    logits = model(torch.tensor([list(ids[:-1])]))[0][0].detach()
    return cross_entropy(logits, torch.tensor(list(ids[1:])), reduction="none").tolist()


# Surprisal


@every_config
def test_surprisal_equals_the_cross_entropy_of_the_model(config: Any) -> None:
    model = model_of(config)
    found = surprisal(model, TEXT)
    assert [token.token_id for token in found] == TEXT[1:]
    assert [token.surprisal for token in found] == pytest.approx(losses_of(model, TEXT), **CLOSE)


def test_surprisal_names_the_expected_tokens_with_their_probabilities() -> None:
    model = model_of(MlpConfig(embedding=5, hidden=9))
    p = model(torch.tensor([TEXT[:-1]]))[0][0].double().softmax(-1).detach()
    for t, token in enumerate(surprisal(model, TEXT, n_expected=3)):
        by_size = sorted(range(V), key=lambda i, t=t: -float(p[t, i]))
        assert [i for i, _ in token.expected] == by_size[:3]
        assert [q for _, q in token.expected] == pytest.approx(
            [float(p[t, i]) for i in by_size[:3]], **CLOSE
        )
        assert token.rank == by_size.index(TEXT[t + 1])
        entropy = -sum(float(q) * math.log(float(q)) for q in p[t])
        assert token.entropy == pytest.approx(entropy, **CLOSE)


def test_surprisal_of_a_model_without_hidden_layer_is_that_of_its_output_bias() -> None:
    model: Any = model_of(ElmanConfig(embedding=5, hidden=9))
    bias = model.output.bias.detach().log_softmax(-1)
    found = surprisal(model, TEXT, [Ablation("layer.0.hidden")])
    expected = [-float(bias[i]) for i in TEXT[1:]]
    assert [token.surprisal for token in found] == pytest.approx(expected, **CLOSE)


# Attention


def previous_token_head(n_tokens: int) -> Any:
    """Return a Transformer whose only head attends to the position before, by its positions alone."""
    model: Any = model_of(TransformerConfig(width=n_tokens, heads=1, layers=1, max_tokens=n_tokens))
    block, shift = model.blocks[0], torch.eye(n_tokens).roll(1, 0)
    with torch.no_grad():
        model.embedding.weight.zero_()
        model.positions.weight.copy_(torch.eye(n_tokens))
        block.attention.qkv_proj.bias.zero_()
        query, key, _ = block.attention.qkv_proj.weight.chunk(3)
        query.copy_(30 * shift.t())
        key.copy_(torch.eye(n_tokens))
    return model


def test_a_hand_set_previous_token_head_is_found() -> None:
    n_tokens = 12
    (head,) = attention(previous_token_head(n_tokens), tokens_of(1, n_tokens)[0].tolist())
    assert head.name == "layer.0.head.0"
    assert head.previous_token is not None
    assert head.previous_token >= 0.99


def test_pattern_scores_equal_loops_over_positions() -> None:
    ids = [0, 1, 2, 0, 1, 2, 2]
    model = model_of(TransformerConfig(width=8, heads=2, layers=2, max_tokens=16))
    n = len(ids)
    for head in attention(model, ids):
        p = head.pattern
        assert head.previous_token == pytest.approx(
            sum(p[t][t - 1] for t in range(1, n)) / (n - 1), **CLOSE
        )
        assert head.first_token == pytest.approx(
            sum(p[t][0] for t in range(1, n)) / (n - 1), **CLOSE
        )
        same = [
            [p[t][s] for s in range(t) if ids[s] == ids[t]] for t in range(n) if ids[t] in ids[:t]
        ]
        assert head.same_token == pytest.approx(sum(map(sum, same)) / len(same), **CLOSE)
        after = [
            [p[t][s + 1] for s in range(t) if ids[s] == ids[t]]
            for t in range(n)
            if ids[t] in ids[:t]
        ]
        assert head.induction == pytest.approx(sum(map(sum, after)) / len(after), **CLOSE)


def test_no_position_repeats_a_token_in_a_text_without_repetition() -> None:
    model = model_of(TransformerConfig(width=8, heads=2, layers=1, max_tokens=16))
    head = attention(model, [0, 1, 2])[0]
    assert (head.same_token, head.induction) == (None, None)
    assert not pattern_masks([0, 1, 2])["same_token"].any()


# Embedding


def test_two_dimensional_embeddings_are_their_own_map() -> None:
    table = torch.tensor([[0.0, 1.0], [2.0, 1.0], [4.0, 1.5]])
    found = embedding_map(table)
    assert not found.is_projected
    assert found.points == [(0.0, 1.0), (2.0, 1.0), (4.0, 1.5)]
    assert sum(found.variance_shares) == pytest.approx(1)


def test_the_map_of_wider_embeddings_is_their_principal_components() -> None:
    table = torch.randn(V, 5, generator=torch.Generator().manual_seed(0))
    found = embedding_map(table)
    centered = table.double().numpy() - table.double().numpy().mean(0)
    values, vectors = np.linalg.eigh(centered.T @ centered)
    for axis in (0, 1):
        direction = vectors[:, -1 - axis]
        ours = np.array([point[axis] for point in found.points])
        expected = centered @ direction
        assert np.allclose(ours, expected) or np.allclose(ours, -expected)
        share = values[-1 - axis] / values.sum()
        assert found.variance_shares[axis] == pytest.approx(share)


def test_the_map_does_not_flip_between_steps() -> None:
    table = torch.randn(V, 5, generator=torch.Generator().manual_seed(0))
    before = np.array(embedding_map(table).points)
    after = np.array(embedding_map(table + 0.001).points)
    assert np.allclose(before, after, atol=0.05)


@pytest.mark.parametrize("width", [1, 2, 3])
def test_equal_embeddings_have_a_map(width: int) -> None:
    found = embedding_map(torch.ones(4, width))
    assert found.variance_shares == (0, 0)
    assert len(found.points) == 4


def test_nearest_tokens_equal_a_search_over_all_tokens() -> None:
    table = torch.randn(V, 5, generator=torch.Generator().manual_seed(1))
    rows = table.double().numpy()
    for token in range(V):
        cosines = {
            other: rows[token]
            @ rows[other]
            / np.linalg.norm(rows[token])
            / np.linalg.norm(rows[other])
            for other in range(V)
            if other != token
        }
        best = sorted(cosines, key=lambda i, c=cosines: -c[i])[:3]
        found = nearest_tokens(table, token, 3)
        assert [i for i, _ in found] == best
        assert [c for _, c in found] == pytest.approx([cosines[i] for i in best])


def test_models_without_embedding_have_no_table() -> None:
    assert embedding_table(model_of(BigramConfig())) is None
    assert embedding_table(model_of(MlpConfig(input="one_hot", hidden=9))) is None
    table = embedding_table(model_of(MlpConfig(embedding=5, hidden=9), fill_id=V))
    assert table is not None
    assert table.shape == (V, 5)  # without the row of the start id


# Reach


@every_config
@torch.no_grad()
def test_reach_equals_a_loop_over_targets(config: Any) -> None:
    model = model_of(config)
    texts = [TEXT, TEXT[:4], TEXT[2:8]]
    *_, points = reach(model, texts)
    assert [point.n_visible for point in points] == [1, 2, 4, None]
    for point in points:
        nats = []
        targets = [(ids, t) for ids in texts for t in range(1, len(ids))]
        for ids, t in targets:
            seen = ids[:t] if point.n_visible is None else ids[:t][-point.n_visible :]
            log_p = model(torch.tensor([seen]))[0][0, -1].log_softmax(-1)
            nats.append(-float(log_p[ids[t]]))
        assert point.loss == pytest.approx(sum(nats) / len(nats), **CLOSE)


def test_reach_of_a_limited_context_is_flat_beyond_it() -> None:
    *_, points = reach(model_of(MlpConfig(context=2, embedding=5, hidden=9)), [TEXT])
    assert points[1].loss == pytest.approx(points[2].loss, abs=1e-6)
    assert points[1].loss == pytest.approx(points[3].loss, abs=1e-6)
    assert points[0].loss != pytest.approx(points[1].loss, abs=1e-6)


# Network


@every_config
def test_the_worked_out_prediction_equals_the_model(config: Any) -> None:
    model = model_of(config)
    found = network(model, TEXT, position=3)
    logits = model(torch.tensor([TEXT]))[0][0, 3].detach()
    assert found.softmax.logits == pytest.approx(logits.tolist(), **CLOSE)
    assert found.softmax.probabilities == pytest.approx(logits.softmax(-1).tolist(), **CLOSE)
    assert found.softmax.loss == pytest.approx(losses_of(model, TEXT)[3], **CLOSE)
    assert found.softmax.target_id == TEXT[4]
    for tensor in found.tensors:
        assert math.prod(tensor.shape[1:]) == len(tensor.values)
        assert tensor.shape[0] == len(TEXT)


def test_one_hot_vectors_times_the_table_are_the_embeddings() -> None:
    model: Any = model_of(ElmanConfig(embedding=5, hidden=9))
    for position, token in enumerate(TEXT):
        tensors = {
            part.name: part.values for part in network(model, TEXT, position=position).tensors
        }
        assert [i for i, value in enumerate(tensors["one_hot"]) if value] == [token]
        expected = torch.tensor(tensors["one_hot"]) @ model.embedding.weight.detach()
        assert tensors["embedding"] == pytest.approx(expected.tolist(), **CLOSE)


def test_the_last_position_has_no_target() -> None:
    softmax = network(model_of(BigramConfig()), TEXT).softmax
    assert (softmax.target_id, softmax.loss) == (None, None)


def test_a_constant_changes_logits_but_not_probabilities() -> None:
    logits = torch.tensor([1.0, 2.0, -1.0])
    plain, moved = softmax_table(logits, 1, True), softmax_table(logits + 50, 1, True)
    assert moved.probabilities == pytest.approx(plain.probabilities, **CLOSE)
    assert moved.shift == pytest.approx(plain.shift + 50)


def test_large_logits_overflow_without_the_shift_and_not_with_it() -> None:
    logits = torch.tensor([101.0, 102.0, 99.0])
    naive, stable = softmax_table(logits, 0, False), softmax_table(logits, 0, True)
    assert math.inf in naive.exponentials
    assert naive.loss is not None
    assert math.isnan(naive.loss)
    assert naive.stable_loss == pytest.approx(stable.loss, **CLOSE)
    total = sum(math.exp(x - 102) for x in (101, 102, 99))
    assert stable.total == pytest.approx(total, **CLOSE)


def test_a_probability_that_underflows_has_an_infinite_loss_by_hand_only() -> None:
    found = softmax_table(torch.tensor([0.0, 200.0]), 0, True)
    assert (found.loss, found.stable_loss) == (math.inf, pytest.approx(200.0))


# Weights


@every_config
def test_every_parameter_has_a_summary(config: Any) -> None:
    model = model_of(config)
    named = dict(model.named_parameters())
    for summary in parameter_summaries(model):
        values = named[summary.name].detach()
        assert summary.shape == list(values.shape)
        assert summary.mean == pytest.approx(float(values.mean()), **CLOSE)
        assert summary.largest == float(values.max())


def test_gradients_equal_finite_differences() -> None:
    model: Any = model_of(MlpConfig(embedding=3, hidden=4)).double()
    found = parameter_values(model, "hidden.0.bias", TEXT)
    assert found.gradients is not None
    for unit in range(4):
        losses = []
        for move in (1e-5, -1e-5):
            with torch.no_grad():
                model.hidden[0].bias[unit] += move
                losses.append(sum(losses_of(model, TEXT)) / (len(TEXT) - 1))
                model.hidden[0].bias[unit] -= move
        expected = (losses[0] - losses[1]) / 2e-5
        assert found.gradients[0][unit] == pytest.approx(expected, abs=1e-6)


def test_reading_a_gradient_leaves_stored_gradients_alone() -> None:
    model = model_of(RnnConfig(embedding=5, hidden=9))
    parameter_values(model, "output.weight", TEXT)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_histogram_counts_every_value() -> None:
    found = parameter_values(model_of(RnnConfig(embedding=5, hidden=9)), "output.weight")
    assert found.gradients is None
    assert sum(found.counts) == 9 * V
    assert len(found.bin_edges) == len(found.counts) + 1


def test_an_unknown_parameter_is_rejected_by_name() -> None:
    with pytest.raises(RequestError, match=r"Nearest: output\.weight"):
        parameter_values(model_of(RnnConfig(embedding=5, hidden=9)), "output.wieght")


# Hidden state


def test_areas_under_the_curve_equal_a_count_of_all_pairs() -> None:
    generator = torch.Generator().manual_seed(2)
    values = torch.randint(0, 6, (40, 3), generator=generator).float()  # with ties
    targets = torch.rand(40, 2, generator=generator) < 0.4
    areas = area_under_curve(values, targets)
    for unit, target in itertools.product(range(3), range(2)):
        positive = values[targets[:, target], unit].tolist()
        negative = values[~targets[:, target], unit].tolist()
        wins = [1.0 if p > n else 0.5 if p == n else 0.0 for p in positive for n in negative]
        assert float(areas[unit, target]) == pytest.approx(sum(wins) / len(wins))


def test_rank_correlations_equal_their_definition_without_ties() -> None:
    generator = torch.Generator().manual_seed(3)
    values, quantities = (
        torch.randn(20, 2, generator=generator),
        torch.randn(20, 1, generator=generator),
    )
    found = rank_correlation(values, quantities)
    for unit in range(2):
        ranks = [
            column.argsort().argsort().double() for column in (values[:, unit], quantities[:, 0])
        ]
        squares = float((ranks[0] - ranks[1]).pow(2).sum())
        assert float(found[unit, 0]) == pytest.approx(1 - 6 * squares / (20 * (400 - 1)))


def test_a_constant_unit_has_no_rank_correlation() -> None:
    assert rank_correlation(torch.ones(20, 1), torch.arange(20.0)[:, None]).tolist() == [[0]]


def test_a_rare_property_is_not_scored() -> None:
    values = torch.arange(30.0)[:, None]
    targets = torch.arange(30)[:, None] > 24
    assert area_under_curve(values, targets).tolist() == [[0.5]]


def counting_cell() -> tuple[Any, list[str]]:
    """Return an LSTM whose first cell counts the tokens since a newline, and its vocabulary."""
    tokens = ["a", "b", "\n"]
    torch.manual_seed(0)
    model: Any = model_of(LstmConfig(embedding=3, hidden=2))
    layers = model.layers
    with torch.no_grad():
        model.embedding.weight.zero_()
        model.embedding.weight[:3].copy_(torch.eye(3))
        for parameter in layers.parameters():
            parameter.zero_()
        w_i, w_f, _, _ = layers.weight_ih_l0.chunk(4)
        b_i, b_f, b_g, b_o = layers.bias_ih_l0.chunk(4)
        b_o.fill_(20)  # always output
        b_g.fill_(0.02)  # add tanh(0.02) for each token
        b_i[0], w_i[0, 2] = 200, -400  # unless the token is a newline
        b_f[0], w_f[0, 2] = 200, -400  # which also empties the cell
    return model, tokens


def test_a_hand_set_counting_cell_is_described_as_counting() -> None:
    model, tokens = counting_cell()
    texts = [[0, 1, 0, 0, 2, 1, 1, 2, 0, 0, 0, 1, 1, 0, 2, 0]] * 4
    *_, units = describe_units(model, "layer.0.cell", texts, tokens)
    first = next(unit for unit in units if unit.unit == 0)
    assert first.description == "tokens since a newline"
    assert first.score == pytest.approx(1.0)


def test_a_constant_unit_has_no_plain_description() -> None:
    model, tokens = counting_cell()
    texts = [[0, 1, 0, 0, 2, 1, 1, 2, 0, 0, 0, 1, 1, 0, 2, 0]] * 4
    *_, units = describe_units(model, "layer.0.gate.output", texts, tokens)
    assert {unit.description for unit in units} == {""}


def test_the_state_after_the_first_end_token_is_not_scored() -> None:
    model = model_of(RnnConfig(embedding=5, hidden=20))
    texts = [[6, *tokens_of(1, 12, seed=s)[0].clamp(max=5).tolist()] for s in range(30)]
    *_, units = describe_units(model, "layer.0.hidden", texts, [*"abcdef", "∎"])
    assert {unit.description for unit in units}.isdisjoint({"after the end token"})
    first = sum(unit.description == "the first token" and unit.score > 0.999 for unit in units)
    assert first < len(units) / 2


def test_the_first_token_is_the_first_letter_after_the_end_token() -> None:
    texts = [["∎", *"abcd"], ["∎", *"ba"]]
    (first,) = [h for h in make_hypotheses(texts) if h.name == "the first token"]
    assert [first.values(text) for text in texts] == [[0, 1, 0, 0, 0], [0, 1, 0]]
    assert first.values([*"abc"]) == [1, 0, 0]


def test_descriptions_come_in_pieces_best_first() -> None:
    model = model_of(RnnConfig(embedding=5, hidden=20))
    texts = [tokens_of(1, 30, seed=s)[0].tolist() for s in range(3)]
    pieces = list(describe_units(model, "layer.0.hidden", texts, [*"abcdef", "\n"]))
    assert [len(piece) for piece in pieces] == [0, 0, 0, 0, 8, 16, 20]
    areas = [unit.score for unit in pieces[-1]]
    assert areas == sorted(areas, reverse=True)
