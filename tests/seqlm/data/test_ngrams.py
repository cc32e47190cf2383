"""N-gram tables, compared with direct implementations of the formulas of the papers."""

import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqlm.configuration.data_config import DataConfig
from seqlm.data.baselines import (
    best_add_k,
    bigram_baseline,
    bigram_counts,
    reference_losses,
)
from seqlm.data.ngrams import NgramCounts, NgramTable, Smoothing
from seqlm.data.prepared_text import prepare
from seqlm.data.smoothing import estimated_discounts
from seqlm.data.split import SPLITS

V = 3
SEQUENCES = st.lists(st.lists(st.integers(0, V - 1), min_size=1, max_size=12), max_size=8)
ORDERS = st.integers(1, 5)
FILLS = st.sampled_from([V - 1, V])
SMOOTHINGS: tuple[Smoothing, ...] = ("add-k", "witten-bell", "kneser-ney")
Gram = tuple[int, ...]


def _grams(sequences: list[list[int]], order: int, fill: int) -> Counter[Gram]:
    padded = [[fill] * order + ids for ids in sequences]
    return Counter(
        tuple(ids[end - order : end]) for ids in padded for end in range(order + 2, len(ids) + 1)
    )


def _add_k(grams: Counter[Gram], context: Gram, token: int, k: float) -> float:
    seen = sum(grams[(*context, other)] for other in range(V))
    return (grams[(*context, token)] + k) / (seen + k * V)


def _witten_bell(grams: Counter[Gram], context: Gram | None, token: int) -> float:
    if context is None:
        return 1 / V
    after: Counter[int] = Counter()
    for gram, count in grams.items():
        if gram[len(gram) - 1 - len(context) : -1] == context:
            after[gram[-1]] += count
    lower = _witten_bell(grams, context[1:] if context else None, token)
    n, t = sum(after.values()), len(after)
    return (after[token] + t * lower) / (n + t) if n else lower


def _kneser_ney(grams: Counter[Gram], context: Gram | None, token: int) -> float:
    if context is None:
        return 1 / V
    counts = grams
    for _ in range(len(next(iter(grams))) - 1 - len(context) if grams else 0):
        counts = Counter(gram[1:] for gram in counts)
    lower = _kneser_ney(grams, context[1:] if context else None, token)
    after = {gram[-1]: count for gram, count in counts.items() if gram[:-1] == context}
    if not after:
        return lower
    taken = estimated_discounts(counts.values())
    total, count = sum(after.values()), after.get(token, 0)
    rest = sum(taken[min(c, 3)] for c in after.values()) / total
    return (count - taken[min(count, 3)]) / total + rest * lower


REFERENCES: dict[str, Callable[[Counter[Gram], Gram, int], float]] = {
    "add-k": lambda grams, context, token: _add_k(grams, context, token, 0.3),
    "witten-bell": _witten_bell,
    "kneser-ney": _kneser_ney,
}


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
@given(SEQUENCES, ORDERS, FILLS, st.lists(st.integers(0, V - 1), min_size=4, max_size=4))
def test_probabilities_equal_the_formulas_of_the_papers(
    smoothing: Smoothing, sequences: list[list[int]], order: int, fill: int, context: list[int]
) -> None:
    table = NgramTable.fit(sequences, order, V, fill, smoothing, 0.3)
    grams = _grams(sequences, order, fill)
    seen = list(grams)[:5]
    for last in [tuple(context)[len(context) - order + 1 :], *(gram[:-1] for gram in seen)]:
        expected = [REFERENCES[smoothing](grams, last, token) for token in range(V)]
        assert table.probabilities(last) == pytest.approx(expected, abs=1e-12)
        assert sum(table.probabilities(last)) == pytest.approx(1, abs=1e-9)
        assert min(table.probabilities(last)) > 0


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
@given(SEQUENCES, SEQUENCES, ORDERS, FILLS)
def test_the_loss_is_the_mean_surprisal(
    smoothing: Smoothing,
    sequences: list[list[int]],
    scored: list[list[int]],
    order: int,
    fill: int,
) -> None:
    table = NgramTable.fit(sequences, order, V, fill, smoothing)
    surprisals = [
        -math.log(table.probabilities(ids[:end])[ids[end]])
        for ids in scored
        for end in range(1, len(ids))
    ]
    loss = table.loss(scored)
    if surprisals:
        assert loss == pytest.approx(sum(surprisals) / len(surprisals))
    else:
        assert math.isnan(loss)


@given(SEQUENCES, ORDERS, FILLS)
def test_every_target_is_counted_once(sequences: list[list[int]], order: int, fill: int) -> None:
    counts = NgramCounts.fit(sequences, order, V, fill)
    assert sum(counts.grams.values()) == sum(len(ids) - 1 for ids in sequences)
    assert {tuple(map(ord, gram)): n for gram, n in counts.grams.items()} == _grams(
        sequences, order, fill
    )


def test_context_is_truncated_and_filled() -> None:
    table = NgramTable.fit([[2, 0, 1, 2]], 3, V, 2)
    assert table.probabilities([1, 1, 2, 0]) == table.probabilities([2, 0])
    assert table.probabilities([0]) == table.probabilities([2, 0])
    assert table.probabilities([]) == table.probabilities([2, 2])


def test_discounts_of_known_counts() -> None:
    # 6 grams counted once, 3 twice, 2 three times, 1 four times: Y = 6 / 12
    counts = [1] * 6 + [2] * 3 + [3] * 2 + [4]
    assert estimated_discounts(counts) == pytest.approx(
        (0, 1 - 2 * 0.5 * 3 / 6, 2 - 3 * 0.5 * 2 / 3, 3 - 4 * 0.5 * 1 / 2)
    )
    assert estimated_discounts([5, 7]) == (0, 0.5, 0.5, 0.5)


@given(st.lists(st.integers(1, 6)))
def test_discount_is_at_most_the_count(counts: list[int]) -> None:
    discounts = estimated_discounts(counts)
    assert all(0 < taken <= count for count, taken in enumerate(discounts[1:], start=1))


@pytest.mark.parametrize(
    ("order", "smoothing", "add_k", "loss", "within"),
    [
        (1, "add-k", 1.0, 2.82, 0.005),
        (2, "add-k", 1.0, 2.453, 0.001),
        (3, "add-k", 0.1, 2.223, 0.001),
        (4, "add-k", 0.1, 2.102, 0.001),
        (3, "witten-bell", 1.0, 2.221, 0.001),
        (5, "witten-bell", 1.0, 2.042, 0.001),
        (5, "kneser-ney", 1.0, 1.983, 0.001),
        (6, "kneser-ney", 1.0, 1.974, 0.001),
    ],
)
def test_losses_on_the_names_of_the_lecture(
    shared_data: Path, order: int, smoothing: Smoothing, add_k: float, loss: float, within: float
) -> None:
    data = DataConfig(corpus=str(shared_data / "names.txt"), deduplicate=False)
    prepared = prepare(data)
    table = NgramTable.fit(
        prepared.sequences("train"), order, 27, prepared.fill_id, smoothing, add_k
    )
    assert table.loss(prepared.sequences("val")) == pytest.approx(loss, abs=within)


def test_loss_on_a_stream(shared_data: Path) -> None:
    path = shared_data / "tinyshakespeare.txt"
    prepared = prepare(DataConfig(corpus=str(path), split="90/10/0"))
    table = NgramTable.fit(prepared.sequences("train"), 5, 65, prepared.fill_id, "kneser-ney")
    assert table.loss(prepared.sequences("val")) == pytest.approx(1.561, abs=0.001)


@pytest.mark.parametrize("boundary", ["end", "none"])
@pytest.mark.parametrize("mode", ["lines", "stream"])
@pytest.mark.parametrize("split", ["80/10/10", "100/0/0"])
def test_baselines_equal_the_table(tmp_path: Path, boundary: str, mode: str, split: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("".join(f"item{i * i}\n" for i in range(90)))
    prepared = prepare(
        DataConfig(corpus=str(path), boundary=boundary, mode=mode, split=split)  # type: ignore[arg-type]
    )
    n_vocab, fill = prepared.tokenizer.n_vocab, prepared.fill_id
    for part in SPLITS:
        counts = NgramCounts.fit(prepared.sequences(part), 2, n_vocab, fill)
        assert bigram_counts(prepared, part) == counts
    scored = bigram_counts(prepared, "train" if split == "100/0/0" else "val")
    baseline = bigram_baseline(prepared)
    found = NgramTable(baseline.counts, add_k=baseline.add_k).loss_of(scored)
    assert baseline.loss == pytest.approx(found)
    for add_k in (1e-6, 1e-3, 0.05, 1.0, 10.0):
        assert baseline.loss <= NgramTable(baseline.counts, add_k=add_k).loss_of(scored) + 1e-9
    losses = reference_losses(prepared, "char")
    assert losses == pytest.approx({"uniform": math.log(n_vocab), "bigram": found})


@given(SEQUENCES, SEQUENCES, ORDERS, FILLS)
def test_the_best_pseudocount(
    sequences: list[list[int]], scored: list[list[int]], order: int, fill: int
) -> None:
    train, held_out = (NgramCounts.fit(texts, order, V, fill) for texts in (sequences, scored))
    add_k, loss = best_add_k(train, held_out)
    assert loss == pytest.approx(NgramTable(train, add_k=add_k).loss_of(held_out), nan_ok=True)
    assert not loss > NgramTable(train).loss_of(held_out) + 1e-9


@pytest.mark.parametrize(
    ("corpus", "pairs", "tokenizer"),
    [
        ("hello", {("H", "e"): 1.0, ("l", "o"): 0.5}, "char"),
        ("counting", {("7", "8"): 1.0}, "word"),
    ],
)
def test_counts_that_are_scored_on_train_are_the_counts_themselves(
    corpus: str, pairs: dict[tuple[str, str], float], tokenizer: str
) -> None:
    data = DataConfig(corpus=corpus, tokenizer=tokenizer, unknown=False, split="100/0/0")  # type: ignore[arg-type]
    prepared = prepare(data)
    baseline, ids = bigram_baseline(prepared), prepared.tokenizer.ids
    table = NgramTable(baseline.counts, add_k=baseline.add_k)
    for (a, b), p in pairs.items():
        assert table.probabilities([ids[a]])[ids[b]] == pytest.approx(p, abs=1e-3)
    totals: Counter[str] = Counter()
    for gram, n in baseline.counts.grams.items():
        totals[gram[0]] += n
    nats = [n * math.log(totals[gram[0]] / n) for gram, n in baseline.counts.grams.items()]
    assert baseline.loss == pytest.approx(math.fsum(nats) / sum(totals.values()), abs=1e-3)


@given(SEQUENCES, ORDERS, FILLS)
def test_counts_of_only_the_last_token(sequences: list[list[int]], order: int, fill: int) -> None:
    found = NgramCounts.fit(sequences, order, V, fill, only_last=True)
    whole = [NgramCounts.fit([ids], order, V, fill).grams for ids in sequences]
    last = [([fill] * order + ids)[-order:] for ids in sequences if len(ids) > 1]
    assert Counter(found.grams) == Counter("".join(map(chr, gram)) for gram in last)
    assert sum(found.grams.values()) == sum(bool(grams) for grams in whole)


def test_bigram_counts_of_recall_do_not_depend_on_the_first_symbol() -> None:
    prepared = prepare(DataConfig(corpus="recall", targets="last"))
    counts = bigram_counts(prepared, "train")
    assert sum(counts.grams.values()) == prepared.n_targets("train") == 16_000
    assert {gram[0] for gram in counts.grams} == {chr(prepared.tokenizer.ids[" "])}
    losses = reference_losses(prepared, "char")
    assert losses["bigram"] == pytest.approx(math.log(8), abs=0.005)
