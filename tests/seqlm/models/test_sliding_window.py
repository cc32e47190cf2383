"""The sliding window satisfies the model law for any number of tokens."""

import pytest
import torch

from seqlm.configuration.model_configs import GruConfig, TransformerConfig
from seqlm.models.base import SequenceModel
from seqlm.models.registry import build
from seqlm.models.sliding_window import (
    SlidingWindowModel,
    window_length,
    window_stride,
    with_sliding_window,
)

V, N_TOKENS = 7, 23
TOKENS = torch.randint(V, (2, N_TOKENS), generator=torch.Generator().manual_seed(0))
every_size = pytest.mark.parametrize("size", [1, 2, 3, 5, 8, N_TOKENS, 30])


def model_of(size: int) -> SequenceModel:
    config = TransformerConfig(max_tokens=size, width=8, heads=2, hidden=12, init="library")
    return build(config, V, V - 1, seed=0).eval()


@every_size
@torch.inference_mode()
def test_each_token_is_predicted_from_its_window(size: int) -> None:
    model, begin, rows = model_of(size), 0, []
    for end in range(1, N_TOKENS + 1):
        if end - begin > size:
            begin += window_stride(size)
        assert window_length(end, size) == end - begin
        rows.append(model(TOKENS[:, begin:end])[0][:, -1])
    whole, _ = with_sliding_window(model)(TOKENS, None)
    torch.testing.assert_close(whole, torch.stack(rows, 1), atol=1e-5, rtol=0)


@every_size
@torch.inference_mode()
def test_carried_state_equals_one_call_at_every_split(size: int) -> None:
    read = SlidingWindowModel(model_of(size), size)
    whole, end = read(TOKENS)
    for cut in range(1, N_TOKENS):
        first, state = read(TOKENS[:, :cut])
        second, last = read(TOKENS[:, cut:], state)
        torch.testing.assert_close(torch.cat([first, second], 1), whole, atol=1e-5, rtol=0)
        for mine, wanted in zip(last, end, strict=True):
            torch.testing.assert_close(mine, wanted, atol=1e-5, rtol=0)


def test_new_token_has_at_least_half_a_window_of_context() -> None:
    for size in range(1, 40):
        n_before = [window_length(n, size) - 1 for n in range(size + 1, 5 * size + 2)]
        assert min(n_before) == size // 2
        assert max(n_before) == size - 1


def test_model_without_max_tokens_is_not_wrapped() -> None:
    model = build(GruConfig(), V, V - 1, seed=0)
    assert with_sliding_window(model) is model
