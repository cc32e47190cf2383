"""Input parser: keys and pastes from any bytes, in pieces of any size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual.message import Message

from workbench.terminal.input_parser import InputParser

BEGIN, END = "\x1b[200~", "\x1b[201~"
any_text = st.text(st.sampled_from("ab\x1b[0;1~mO\x9b\t\r\n漢\x00"), max_size=40)


def parse(*pieces: str) -> list[Message]:
    parser = InputParser()
    return [message for piece in pieces for message in parser.feed(piece)]


def summarize(messages: list[Message]) -> list[tuple[str, str]]:
    """Return keys by name and pastes by text."""
    return [
        ("paste", message.text) if isinstance(message, events.Paste) else ("key", message.key)
        for message in messages
        if isinstance(message, events.Paste | events.Key)
    ]


@given(any_text, st.integers(0, 60))
def test_a_paste_cut_anywhere_is_one_paste(text: str, at: int) -> None:
    typed = f"x{BEGIN}{text}{END}y"
    whole = summarize(parse(typed))
    assert whole[0] == ("key", "x")
    assert whole[-1] == ("key", "y")
    assert [kind for kind, _ in whole].count("paste") == 1
    assert len(whole) == 3
    assert summarize(parse(typed[:at], typed[at:])) == whole


@given(any_text)
def test_a_paste_has_no_control_characters(text: str) -> None:
    ((_, pasted),) = summarize(parse(f"{BEGIN}{text}{END}"))
    assert all(char.isprintable() or char == "\n" for char in pasted)


def test_lines_of_a_paste_end_with_a_newline() -> None:
    assert summarize(parse(f"{BEGIN}a\rb\r\nc\td{END}")) == [("paste", "a\nb\nc␉d")]


def test_the_length_of_a_paste_is_limited() -> None:
    pieces = [BEGIN, *["x" * 10_000] * 100, END, "q"]
    (kind, pasted), key = summarize(parse(*pieces))
    assert (kind, set(pasted), len(pasted)) == ("paste", {"x"}, 1 << 16)
    assert key == ("key", "q")


@given(st.lists(any_text, max_size=4))
def test_no_input_raises(pieces: list[str]) -> None:
    parse(*pieces)


@pytest.mark.parametrize("nonsense", ["\x1b[99999999999u", "\x1b[1114112u"])
def test_an_unknown_key_number_is_ignored(nonsense: str) -> None:
    assert summarize(parse(nonsense, "a")) == [("key", "a")]
