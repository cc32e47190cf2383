"""Versions of a hint text: the longest one that fits is shown whole."""

import math

from hypothesis import given
from hypothesis import strategies as st

from workbench.hints.hint_text import make_hint, split_clauses, split_sentences

PARTS = st.lists(
    st.lists(st.text("ab", min_size=1, max_size=9), min_size=1, max_size=4), max_size=4
)


@given(PARTS, st.integers(0, 40))
def test_the_longest_version_that_fits_is_shown_whole(parts: list[list[str]], width: int) -> None:
    hint = make_hint("", "plain", *parts)
    versions = [hint.words, *hint.shorter]
    assert len(versions) == math.prod(map(len, parts))
    whole = [words for words in versions if words and len(words) <= width]
    shown = hint.fitting(width)
    assert shown == (whole[0] if whole else shown)
    assert len(shown) <= width


def test_shorter_versions_end_with_a_sentence_or_a_clause() -> None:
    assert split_sentences("One. Two.") == ("One. Two.", "One.")
    assert split_clauses("at 1,000, killed (9, memory): why") == (
        "at 1,000, killed (9, memory): why.",
        "at 1,000, killed (9, memory).",
        "at 1,000.",
    )
