"""Baseline losses of a prepared text: uniform, bigram counts, and exact entropy."""

import math
from collections import Counter
from itertools import chain, pairwise

from seqlm.data.ngrams import NgramCounts, NgramTable
from seqlm.data.prepared_text import PreparedText
from seqlm.data.split import Split


def reference_losses(prepared: PreparedText, tokenizer: str) -> dict[str, float]:
    """Return the baseline losses of a text in nats per token, computed without training a model.

    Args:
        prepared: The text.
        tokenizer: Name of its tokenizer.

    Returns:
        ``uniform``: ln V, the loss of equally probable tokens. ``bigram``: the validation loss of
        bigram counts of the training split with add-one smoothing (the training loss if there is no
        validation split). ``perfect``: the entropy of the text, only for texts from a known grammar.
    """
    train = bigram_counts(prepared, "train")
    scored = bigram_counts(prepared, "val") if prepared.items["val"] else train
    perfect = perfect_loss(prepared, tokenizer)
    return {
        "uniform": math.log(prepared.tokenizer.n_vocab),
        "bigram": NgramTable(train).loss_of(scored),
        **({} if perfect is None else {"perfect": perfect}),
    }


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
