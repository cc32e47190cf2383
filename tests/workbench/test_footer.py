"""Which keys the last row shows."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from workbench.widgets.footer import ALWAYS, Key, fitting

KEPT = (Key("?", "help", "d", ALWAYS), Key("q", "quit", "e", ALWAYS))
RANKS = st.integers(ALWAYS + 1, ALWAYS + 9)
OTHERS = st.lists(
    st.builds(Key, st.sampled_from("abcX"), st.text("wxyz ", max_size=9), st.just("a"), RANKS)
)


@given(OTHERS, st.integers(8, 200))
def test_help_and_quit_stay_at_every_width(others: list[Key], width: int) -> None:
    shown = fitting([*others, *KEPT], width)
    assert [key.key for key in shown][-2:] == ["?", "q"]
    assert sum(cell_len(key.text) for key in shown) <= width


@given(OTHERS, st.integers(8, 200))
def test_what_is_left_out_mattered_less(others: list[Key], width: int) -> None:
    """No key goes while one of a higher rank stays, and the order is kept."""
    shown = [key.action + key.key + str(key.rank) for key in fitting([*others, *KEPT], width)]
    ranks = sorted(key.rank for key in [*others, *KEPT])
    kept = sorted(int(name[2:]) for name in shown)
    assert kept == ranks[: len(kept)]


def test_words_go_before_the_last_key() -> None:
    keys = (Key("space", "pause", "a", ALWAYS + 1), *KEPT)
    assert [key.label for key in fitting(keys, 22)] == ["pause", "", ""]
