"""Frame diff: a terminal that gets only the changes shows the same as one that gets everything."""

from typing import TypeAlias

import pyte
from hypothesis import given
from hypothesis import strategies as st

from workbench.terminal.frame_diff import FrameDiff

Piece: TypeAlias = tuple[int, int, str, list[str]]
COLUMNS, ROWS = 12, 4
STYLES = ["", "1", "38;2;1;2;3", "1;38;5;7;48;2;9;9;9", "31", "4;44", "7", "38;2;1;2;3;48;2;9;9;9"]
# Every item is two cells wide, so that none overwrites half of a wide character.
PAIRS = ("ab", "a ", "  ", "│é", "漢", "🙂", "b\u0301c", "──")
PIECES = st.tuples(
    st.sampled_from(range(0, COLUMNS, 2)),
    st.integers(0, ROWS - 1),
    st.sampled_from(STYLES),
    st.lists(st.sampled_from(PAIRS), min_size=1, max_size=COLUMNS // 2),
)
FRAMES = st.lists(st.lists(PIECES, max_size=6), max_size=6)


def frame(pieces: list[Piece]) -> str:
    """Return what Textual would write for some pieces of text that fit on the screen."""
    drawn = ""
    for x, y, style, pairs in pieces:
        text = "".join(pairs)
        if x + 2 * len(pairs) <= COLUMNS:
            drawn += f"\x1b[{y + 1};{x + 1}H" + (f"\x1b[{style}m{text}\x1b[0m" if style else text)
    return f"{drawn}\x1b[1;1H"


def terminal() -> tuple[pyte.Screen, pyte.Stream]:
    screen = pyte.Screen(COLUMNS, ROWS)
    screen.reset_mode(pyte.modes.DECAWM)
    return screen, pyte.Stream(screen)


def shown(screen: pyte.Screen) -> list[list[pyte.screens.Char]]:
    return [[screen.buffer[y][x] for x in range(COLUMNS)] for y in range(ROWS)]


@given(FRAMES)
def test_the_changes_alone_show_the_same_screen(frames: list[list[Piece]]) -> None:
    (whole, all_of_it), (parts, changes) = terminal(), terminal()
    frame_diff = FrameDiff()
    blank = "".join(f"\x1b[{y + 1};1H{' ' * COLUMNS}" for y in range(ROWS)) + "\x1b[1;1H"
    for drawn in (blank, *map(frame, frames)):
        all_of_it.feed(drawn)
        changes.feed(frame_diff.diff(drawn))
        assert frame_diff.diff(drawn) == ""
        assert [[c.data for c in row] for row in shown(parts)] == [
            [c.data for c in row] for row in shown(whole)
        ]
        assert (parts.cursor.x, parts.cursor.y) == (whole.cursor.x, whole.cursor.y)
        assert not parts.cursor.attrs.bold
    assert shown(parts) == shown(whole)


def test_one_changed_cell_costs_a_few_bytes() -> None:
    frame_diff = FrameDiff()
    row = "\x1b[1;1H\x1b[38;2;1;2;3;48;2;9;9;9mstep 1,000 of 2,000\x1b[0m\x1b[1;1H"
    assert frame_diff.diff(row) == "\x1b[1;1H" + row[6:]
    assert frame_diff.diff(row.replace("1,000", "1,001")) == (
        "\x1b[1;10H\x1b[38;2;1;2;3;48;2;9;9;9m1\x1b[0m\x1b[1;1H"
    )


def test_only_the_changed_color_is_sent() -> None:
    drawn = "\x1b[1;1H\x1b[31;40ma\x1b[0m\x1b[32;40mb\x1b[0m\x1b[1;32;40mc\x1b[0md\x1b[1;1H"
    assert FrameDiff().diff(drawn) == "\x1b[1;1H\x1b[31;40ma\x1b[32mb\x1b[1mc\x1b[0md\x1b[1;1H"


def test_a_row_with_characters_of_uncertain_width_is_sent_whole() -> None:
    frame_diff = FrameDiff()
    frame_diff.diff("\x1b[1;1H漢字ab\x1b[1;1H")
    assert frame_diff.diff("\x1b[1;6Hc\x1b[1;1H") == "\x1b[1;1H漢字ac\x1b[1;1H"


def test_half_of_a_wide_character_becomes_a_space() -> None:
    frame_diff = FrameDiff()
    frame_diff.diff("\x1b[1;1H漢字\x1b[1;1H")
    assert frame_diff.diff("\x1b[1;2Hab\x1b[1;1H") == "\x1b[1;1H ab \x1b[1;1H"


def test_output_that_is_not_drawing_is_passed_on() -> None:
    frame_diff = FrameDiff()
    drawn = "\x1b[1;1Hab\x1b[1;1H"
    assert frame_diff.diff(drawn) == drawn
    for control in ("\x1b[?25l", "\x1b[?2026h", "\x1b[>25u", "\x1b]52;c;YQ==\x07"):
        assert frame_diff.diff(control) == control
        assert frame_diff.diff(drawn) == ""
    for other in ("\x1b[2J", "\x1b[?1049h"):
        assert frame_diff.diff(other) == other
        assert frame_diff.diff(drawn) == drawn


def test_everything_is_sent_after_invalidate() -> None:
    frame_diff = FrameDiff()
    drawn = "\x1b[2;3Hab\x1b[1;1H"
    frame_diff.diff(drawn)
    frame_diff.invalidate()
    assert frame_diff.diff(drawn) == drawn
