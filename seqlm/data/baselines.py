"""Baseline losses of a prepared text: uniform, bigram counts, and exact entropy."""

import math
from collections import Counter
from collections.abc import Iterator
from itertools import chain, pairwise

from msgspec import Struct

from seqlm.data.ngrams import NgramCounts, NgramTable
from seqlm.data.prepared_text import PreparedText
from seqlm.data.split import Split

_MAX_COUNTED, _MAX_ORDER = 1_000_000, 8
_COUNTED: tuple[Split, Split] = ("train", "val")
_ADD_K = tuple(digit * 10.0**power for power in range(-6, 2) for digit in (1, 2, 5))
"""Pseudocounts that are tried, within the bounds of ``model.add_k``."""


class BigramBaseline(Struct, frozen=True):
    """Bigram counts of train with the pseudocount that suits the text they are scored on.

    Attributes:
        counts: Bigram counts of the training split.
        add_k: Pseudocount added to every count.
        loss: Loss of the smoothed counts in nats per token.
    """

    counts: NgramCounts
    add_k: float
    loss: float


def bigram_baseline(prepared: PreparedText) -> BigramBaseline:
    """Return the bigram counts of train and their loss on val.

    Without a validation split the training split is scored, and the counts themselves predict it
    best: the smallest pseudocount is chosen.
    """
    train = bigram_counts(prepared, "train")
    scored = bigram_counts(prepared, "val") if prepared.items["val"] else train
    return BigramBaseline(train, *best_add_k(train, scored))


def best_add_k(train: NgramCounts, scored: NgramCounts) -> tuple[float, float]:
    """Return the pseudocount with the lowest loss on other counts, and that loss in nats per token.

    Each loss is the :meth:`~seqlm.data.ngrams.NgramTable.loss_of` of add-k smoothing. It depends only
    on how often the scored tokens and their contexts occur in train, so trying one more pseudocount
    costs almost nothing.

    Args:
        train: Counts to smooth.
        scored: Counts of the same order, of the text to predict.
    """
    totals: Counter[str] = Counter()
    for gram, count in train.grams.items():
        totals[gram[:-1]] += count
    hits, contexts = Counter[int](), Counter[int]()
    for gram, count in scored.grams.items():
        hits[train.grams.get(gram, 0)] += count
        contexts[totals[gram[:-1]]] += count
    n_targets = sum(hits.values())
    if not n_targets:
        return 1.0, math.nan

    def loss(k: float) -> float:
        denominators = math.fsum(
            n * math.log(total + k * train.n_vocab) for total, n in contexts.items()
        )
        return (denominators - math.fsum(n * math.log(c + k) for c, n in hits.items())) / n_targets

    return min(((k, loss(k)) for k in _ADD_K), key=lambda found: found[1])


def reference_losses(prepared: PreparedText, tokenizer: str) -> dict[str, float]:
    """Return the baseline losses of a text in nats per token, computed without training a model.

    Args:
        prepared: The text.
        tokenizer: Name of its tokenizer.

    Returns:
        ``uniform``: ln V, the loss of equally probable tokens. ``bigram``: the validation loss of
        :func:`bigram_baseline` (the training loss if there is no validation split). ``perfect``:
        the entropy of the text, only for texts from a known grammar.
    """
    perfect = perfect_loss(prepared, tokenizer)
    return {
        "uniform": math.log(prepared.tokenizer.n_vocab),
        "bigram": bigram_baseline(prepared).loss,
        **({} if perfect is None else {"perfect": perfect}),
    }


def count_losses(prepared: PreparedText) -> Iterator[float]:
    """Yield the validation loss of n-gram counts of growing order, as long as it falls.

    The counts are those of the training split, with Kneser-Ney smoothing. The last loss is that of
    the best counts. Nothing is yielded without validation targets, or for a text of more than a
    million tokens, which takes long to count.
    """
    if prepared.n_targets("val") <= 0 or prepared.n_targets("train") > _MAX_COUNTED:
        return
    best = math.inf
    for order in range(1, _MAX_ORDER + 1):
        train, val = (_count(prepared, split, order) for split in _COUNTED)
        loss = NgramTable(train, "kneser-ney").loss_of(val)
        if not loss < best:
            return
        best = loss
        yield best


def _count(prepared: PreparedText, split: Split, order: int) -> NgramCounts:
    n_vocab, only_last = prepared.tokenizer.n_vocab, prepared.only_last
    sequences = [sequence for sequence in prepared.sequences(split) if len(sequence) > 1]
    return NgramCounts.fit(sequences, order, n_vocab, prepared.fill_id, only_last=only_last)


def perfect_loss(prepared: PreparedText, tokenizer: str) -> float | None:
    """Return the exact entropy of a text in nats per token, or None if it is unknown.

    No model has a lower expected loss. The entropy is unknown if any word is replaced by the unknown
    token, because the grammar then distinguishes more words than the tokens do.
    """
    corpus = prepared.corpus
    if corpus.path is not None or corpus.name != "grammar" or corpus.mode != "stream":
        return None
    if prepared.has_unknown:
        return None
    from seqlm.data.grammar import exact_entropy  # only one corpus needs it

    return exact_entropy(corpus.name, tokenizer)


def bigram_counts(prepared: PreparedText, split: Split) -> NgramCounts:
    """Return the bigram counts of a split: equal to ``NgramCounts.fit``, but several times faster.

    Pairs of tokens are counted as strings; only the distinct pairs are converted to ids.
    """
    items, tokenizer = prepared.items[split], prepared.tokenizer
    if prepared.only_last:
        sequences, n_vocab = prepared.sequences(split), tokenizer.n_vocab
        return NgramCounts.fit(sequences, 2, n_vocab, prepared.fill_id, only_last=True)
    # One end token both ends an item and starts the next.
    has_end = tokenizer.end_id is not None and bool(items)
    rows = [tokenizer.split_items(items)] if has_end else map(tokenizer.split, items)
    pairs = Counter(chain.from_iterable(map(pairwise, rows)))
    packed = {token: chr(i) for token, i in tokenizer.ids.items()}
    unknown = "" if tokenizer.unknown_id is None else chr(tokenizer.unknown_id)
    grams: Counter[str] = Counter()
    for (a, b), count in pairs.items():
        grams[packed.get(a, unknown) + packed.get(b, unknown)] += count
    return NgramCounts(2, tokenizer.n_vocab, prepared.fill_id, grams)


def perplexity(loss: float) -> float:
    """Return the exponential of a loss in nats; infinite where that exceeds the largest float."""
    try:
        return math.exp(loss)
    except OverflowError:
        return math.inf
