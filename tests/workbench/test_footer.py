"""Which keys the last row shows."""

import pytest

from workbench.widgets.footer import Key, fitting

KEYS = (Key("space", "pause", "a"), Key("s", "one step", "b"), Key("X", "stop", "c"))
KEPT = (Key("?", "help", "d"), Key("q", "quit", "e"))


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (80, "space s X ? q"),
        (42, "space s ? q"),
        (25, "space ? q"),
        (10, "? q"),
    ],
)
def test_help_and_quit_stay_at_every_width(width: int, shown: str) -> None:
    assert " ".join(key.key for key in fitting(KEYS, KEPT, width)) == shown


def test_words_go_before_keys() -> None:
    shown = fitting(KEYS, KEPT, 22)
    assert [key.key for key in shown] == ["space", "?", "q"]
    assert [key.label for key in shown] == ["pause", "", ""]
