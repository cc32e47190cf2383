"""Tests of the preview of a corpus: what the pair counts predict before there is a model."""

import pytest

from seqlm.presets import preset_config
from workbench.corpus.preview import make_preview


def test_pair_counts_of_hello_are_the_counts() -> None:
    preview = make_preview(preset_config("hello").data)
    ids = preview.text.tokenizer.ids
    assert preview.probabilities(["H"])[ids["e"]] == pytest.approx(1, abs=1e-3)
    assert preview.probabilities(["l"])[ids["o"]] == pytest.approx(0.5, abs=1e-3)
    assert preview.bigram < 0.28


def test_pair_counts_can_count() -> None:
    preview = make_preview(preset_config("counting").data)
    assert preview.bigram < 0.001
    assert all(chance > 0.99 for chance in preview.chances(0))


def test_shares_are_relative_frequencies_without_a_pseudocount() -> None:
    preview = make_preview(preset_config("words").data)
    ids, table = preview.text.tokenizer.ids, preview.probabilities(["the"])
    before = chr(ids["the"])
    followers = {ord(g[1]): n for g, n in preview.counts.grams.items() if g[0] == before}
    shares, n = preview.shares("the"), sum(followers.values())
    assert shares == [followers.get(i, 0) / n for i in range(len(ids))]
    assert min(shares) == 0 < min(table)


def test_shares_of_a_token_that_nothing_follows() -> None:
    preview = make_preview(preset_config("hello").data)
    assert not any(preview.shares("!"))
    assert set(preview.probabilities(["!"])) == {1 / 9}
