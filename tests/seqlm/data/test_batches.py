import tracemalloc

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqlm.data import batches as batches_module
from seqlm.data.batches import (
    IGNORED,
    Batches,
    ChunkBatches,
    ItemBatches,
    WindowBatches,
    concatenate_items,
    make_generator,
    pad_sequences,
)
from seqlm.errors import RequestError

END, NOTHING_YET = 9, 10
ITEM = st.lists(st.integers(0, 8), min_size=0, max_size=6).map(lambda item: [END, *item, END])
ITEMS = st.lists(ITEM, min_size=1, max_size=12)
BATCH, SEED = st.integers(1, 7), st.integers(0, 2**31 - 1)
STREAM = list(range(100))


def windows_of(sequences: list[list[int]], context: int, fill_id: int) -> list[tuple[int, ...]]:
    """Return every context with its target, by a simple reference implementation."""
    found = []
    for sequence in sequences:
        for target in range(1, len(sequence)):
            before = [fill_id] * context + sequence[:target]
            found.append((*before[-context:], sequence[target]))
    return found


def window_rows(batches: Batches, step: int) -> list[tuple[int, ...]]:
    batch = batches.at(step)
    assert batch.is_windowed
    rows = torch.cat([batch.tokens, batch.targets], dim=1)
    return [tuple(row) for row in rows.tolist()]


def epoch_of(batches: Batches, epoch: int = 0) -> range:
    return range(epoch * batches.steps_per_epoch, (epoch + 1) * batches.steps_per_epoch)


@given(ITEMS, st.integers(1, 4), BATCH, SEED, st.integers(0, 2))
def test_windows_cover_every_context_once_per_epoch(
    sequences: list[list[int]], context: int, batch: int, seed: int, epoch: int
) -> None:
    batches = WindowBatches(sequences, context, END, batch, seed, replacement=False)
    rows = [row for step in epoch_of(batches, epoch) for row in window_rows(batches, step)]
    assert sorted(rows) == sorted(windows_of(sequences, context, END))
    assert batches.n_examples == len(rows)


def test_window_without_end_token_is_filled_with_start_id() -> None:
    stream = [3, 1, 4, 1, 5]
    batches = WindowBatches([stream], 3, NOTHING_YET, 4, 0, replacement=False)
    assert sorted(window_rows(batches, 0)) == sorted(
        [(10, 10, 3, 1), (10, 3, 1, 4), (3, 1, 4, 1), (1, 4, 1, 5)]
    )


@given(ITEMS, BATCH, SEED)
def test_items_occur_once_per_epoch_and_padding_is_not_a_target(
    sequences: list[list[int]], batch: int, seed: int
) -> None:
    batches = ItemBatches(sequences, batch, seed, replacement=False)
    found = []
    for step in epoch_of(batches):
        tokens, targets, windows, continues = batches.at(step)
        assert not windows
        assert not continues
        assert tokens.shape == targets.shape
        assert tokens.min() >= 0
        for row, wanted in zip(tokens.tolist(), targets.tolist(), strict=True):
            n_targets = sum(target != IGNORED for target in wanted)
            assert wanted[n_targets:] == [IGNORED] * (len(wanted) - n_targets)
            found.append([*row[:n_targets], wanted[n_targets - 1]])
            assert row[1:n_targets] == wanted[: n_targets - 1]
    assert sorted(found) == sorted(sequences)


def test_items_of_similar_length_are_batched_together() -> None:
    sequences = [[END, *[1] * (index % 10), END] for index in range(640)]
    batches = ItemBatches(sequences, 32, 0, replacement=False)
    shares = [(batches.at(step).targets == IGNORED).float().mean() for step in epoch_of(batches)]
    assert float(torch.stack(shares).mean()) < 0.1


def all_kinds(batch: int, seed: int, *, replacement: bool) -> list[Batches]:
    items = [[END, *range(index % 6), END] for index in range(20)]
    return [
        WindowBatches(items, 3, END, batch, seed, replacement=replacement),
        ItemBatches(items, batch, seed, replacement=replacement),
        ChunkBatches([STREAM], batch, 7, seed, carry=True, replacement=replacement),
        ChunkBatches([STREAM], batch, 7, seed, carry=False, replacement=replacement),
    ]


@settings(max_examples=25)
@given(BATCH, SEED, st.booleans(), st.lists(st.integers(0, 3000), min_size=1, max_size=6))
def test_batch_depends_only_on_seed_and_step(
    batch: int, seed: int, replacement: bool, steps: list[int]
) -> None:
    asked_in_order = all_kinds(batch, seed, replacement=replacement)
    in_order = {step: [b.at(step) for b in asked_in_order] for step in sorted(steps)}
    torch.manual_seed(steps[0])
    for step in steps:
        for one, other in zip(
            all_kinds(batch, seed, replacement=replacement), in_order[step], strict=True
        ):
            again = one.at(step)
            assert torch.equal(again.tokens, other.tokens)
            assert torch.equal(again.targets, other.targets)
            assert again.continues_previous == other.continues_previous


def test_batches_do_not_use_the_global_torch_generator() -> None:
    before = torch.get_rng_state()
    for batches in all_kinds(3, 1, replacement=True) + all_kinds(3, 1, replacement=False):
        batches.at(5)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("replacement", [True, False])
def test_order_differs_between_seeds_and_epochs(replacement: bool) -> None:
    def tokens(batches: Batches, steps: range) -> list[list[tuple[int, ...]]]:
        return [window_rows(batches, step) for step in steps]

    one, other = (
        WindowBatches([[END, *range(9), END] * 3], 3, END, 4, seed, replacement=replacement)
        for seed in (0, 1)
    )
    steps = range(one.steps_per_epoch)
    assert tokens(one, steps) != tokens(other, steps)
    assert tokens(one, steps) != tokens(one, epoch_of(one, 1))


def test_sampling_with_replacement_is_uniform() -> None:
    batches = WindowBatches([list(range(8))], 1, NOTHING_YET, 50, 3, replacement=True)
    drawn = torch.cat([batches.at(step).tokens for step in range(100)]).flatten()
    counts = drawn.bincount(minlength=7).double()
    expected = 5000 / 7
    assert float(((counts - expected) ** 2 / expected).sum()) < 22.5  # chi-square, 6 df, p = 0.001


@given(st.integers(10, 99), BATCH, st.integers(1, 9))
def test_carried_rows_are_contiguous_and_continue(n_tokens: int, batch: int, chunk: int) -> None:
    stream = list(range(n_tokens))
    if n_tokens - 1 < batch * chunk:
        with pytest.raises(RequestError, match=r"Use train\.(batch|chunk)="):
            ChunkBatches([stream], batch, chunk, 0, carry=True, replacement=False)
        return
    batches = ChunkBatches([stream], batch, chunk, 0, carry=True, replacement=False)
    ends: list[int] | None = None
    for step in range(2 * batches.steps_per_epoch):
        tokens, targets, _, continues = batches.at(step)
        assert tokens.shape == (batch, chunk)
        assert torch.equal(targets, tokens + 1)  # the stream counts up
        assert continues == (step % batches.steps_per_epoch > 0)
        if continues:
            assert tokens[:, 0].tolist() == ends
        ends = targets[:, -1].tolist()


@given(st.integers(30, 99), st.integers(1, 3), st.integers(1, 9), SEED)
def test_uncarried_chunks_cover_the_stream_once(
    n_tokens: int, batch: int, chunk: int, seed: int
) -> None:
    stream = list(range(n_tokens))
    batches = ChunkBatches([stream], batch, chunk, seed, carry=False, replacement=False)
    parts = [batches.at(step) for step in epoch_of(batches)]
    assert not any(part.continues_previous for part in parts)
    targets = sorted(torch.cat([part.targets.flatten() for part in parts]).tolist())
    assert targets == list(range(1, (n_tokens - 1) // chunk * chunk + 1))


def test_concatenated_items_share_the_end_token() -> None:
    assert concatenate_items([[9, 1, 9], [9, 2, 3, 9]]) == [9, 1, 9, 2, 3, 9]
    assert concatenate_items([]) == []


def test_padding_keeps_ids_in_the_vocabulary() -> None:
    batch = pad_sequences([torch.tensor([9, 9]), torch.tensor([9, 4, 5, 9])])
    assert batch.tokens.tolist() == [[9, 9, 0], [9, 4, 5]]
    assert batch.targets.tolist() == [[9, IGNORED, IGNORED], [4, 5, 9]]


def test_each_seed_and_index_has_its_own_generator() -> None:
    states = [
        make_generator(seed, index).get_state()
        for seed in (0, 1, 2**31 - 1)
        for index in (-1, 0, 1)
    ]
    assert len({tuple(state.tolist()) for state in states}) == len(states)


def test_large_batch_does_not_sample_a_large_block(monkeypatch: pytest.MonkeyPatch) -> None:
    windows = WindowBatches([[END, 1, END]] * 10, 1, END, 10**6, 0, replacement=True)
    assert len(windows.at(0).tokens) == 10**6
    assert len(windows._sampler._block) <= 1 << 20
    monkeypatch.setattr(batches_module, "_MAX_DRAWS_PER_BLOCK", 1 << 12)
    items = ItemBatches([[END, 1, END]] * 10, 4000, 0, replacement=True)
    assert len(items.at(0).tokens) == 4000
    assert len(items._sampler._block) <= 1 << 12


@pytest.mark.parametrize("batch", [32, 1024])
def test_indexes_are_sampled_for_1024_steps_at_once(batch: int) -> None:
    batches = WindowBatches([list(range(50))], 1, NOTHING_YET, batch, 5, replacement=True)
    drawn = torch.randint(49, (1024 * batch,), generator=make_generator(5, 1))
    assert torch.equal(batches.at(1024 + 3).tokens[:, 0], drawn[3 * batch : 4 * batch])


@given(ITEMS, st.integers(1, 4))
def test_window_order_equals_the_reference_order(sequences: list[list[int]], context: int) -> None:
    batches = WindowBatches(sequences, context, END, 1, 0, replacement=False)
    rows = batches._flat[batches._positions[:, None] + batches._offsets]
    assert [tuple(row) for row in rows.tolist()] == windows_of(sequences, context, END)


def test_windows_need_few_bytes_per_token() -> None:
    stream = [1] * 1_000_000
    tracemalloc.start()
    WindowBatches([stream], 3, NOTHING_YET, 32, 0, replacement=False)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


@given(ITEMS, st.integers(1, 4), BATCH, SEED)
def test_only_last_token_of_each_item_is_a_target(
    sequences: list[list[int]], context: int, batch: int, seed: int
) -> None:
    sequences = [*sequences, [3]]  # an item of one token has no target
    windows = WindowBatches(sequences, context, END, batch, seed, replacement=False, only_last=True)
    rows = [row for step in epoch_of(windows) for row in window_rows(windows, step)]
    last = [windows_of([one], context, END)[-1] for one in sequences if len(one) > 1]
    assert sorted(rows) == sorted(last)

    items = ItemBatches(sequences[:-1], batch, seed, replacement=False, only_last=True)
    everything = ItemBatches(sequences[:-1], batch, seed, replacement=False)
    for step in epoch_of(items):
        alone, all_of_them = items.at(step), everything.at(step)
        assert torch.equal(alone.tokens, all_of_them.tokens)
        for one, full in zip(alone.targets.tolist(), all_of_them.targets.tolist(), strict=True):
            place = max(i for i, target in enumerate(full) if target != IGNORED)
            assert one == [full[i] if i == place else IGNORED for i in range(len(full))]
