"""Tests of the sanitizer that the command line and the screen share."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from seqlm.sanitize import INVISIBLE, REPLACEMENT, one_line, sanitize

# Surrogates, controls and every plane, with the dangerous ones made frequent.
dangerous = st.sampled_from(
    [*map(chr, range(0x20)), "\x7f", *map(chr, range(0x80, 0xA0)), "\ud800", "\udfff",
     "\u061c", "\u200b", "\u200d", "\u200e", "\u202e", "\u2028", "\u2029", "\u2066", "\u2069",
     "\ufeff", "\u00ad", "\ufe0f", "\U000e0041", "\uffff", "\ufdd0", "\u0301", "\u20dd", "\u115f"]
)  # fmt: skip
any_char = st.one_of(dangerous, st.characters(exclude_categories=()), st.sampled_from("ab漢🙂"))
any_text = st.text(any_char, max_size=40)


def is_harmless(char: str) -> bool:
    code = ord(char)
    return (
        unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        and not 0xFE00 <= code <= 0xFE0F
        and code & 0xFFFE != 0xFFFE
        and not 0xFDD0 <= code <= 0xFDEF
    )


@given(any_text)
def test_no_control_character_is_left(text: str) -> None:
    assert all(map(is_harmless, sanitize(text)))
    sanitize(text).encode("utf-8")


@given(any_text, st.none() | st.integers(0, 30))
def test_sanitizing_twice_changes_nothing(text: str, max_chars: int | None) -> None:
    once = sanitize(text, max_chars)
    assert sanitize(once, max_chars) == once


@given(any_text, st.integers(0, 30))
def test_length_is_bounded(text: str, max_chars: int) -> None:
    assert len(sanitize(text, max_chars)) <= max_chars


@given(any_text)
def test_combining_marks_are_limited(text: str) -> None:
    run = 0
    for char in sanitize(text):
        run = run + 1 if unicodedata.category(char).startswith("M") else 0
        assert run <= 3


@given(any_text)
def test_widths_add_up(text: str) -> None:
    shown = sanitize(text)
    assert cell_len(shown) == sum(map(cell_len, shown))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[31m", "␛[31m"),
        ("a\tb\nc", "a␉b␊c"),
        ("\x7f\x9b", "␡▯"),
        ("abc\u202edef", "abc▯def"),
        ("e" + "\u0301" * 9, "e" + "\u0301" * 3),
        ("\u0301", "\u25cc\u0301"),
        ("naïve 漢字 🙂", "naïve 漢字 🙂"),
        ("\udcff\ufffd", "\ufffd\ufffd"),
    ],
)
def test_known_texts(text: str, shown: str) -> None:
    assert sanitize(text) == shown


@pytest.mark.parametrize(
    ("emoji", "shown"),
    [
        ("👩\u200d🚀", "👩🚀"),
        ("❤\ufe0f", "❤"),
        ("☎\ufe0e", "☎"),
        ("1\ufe0f\u20e3", "1\u20e3"),
        ("🏳\ufe0f\u200d🌈", "🏳🌈"),
        ("👩🏽\u200d❤\ufe0f\u200d👨🏿", "👩🏽❤👨🏿"),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "🏴"),
    ],
)
def test_parts_of_an_emoji_are_joined_by_nothing(emoji: str, shown: str) -> None:
    assert sanitize(emoji) == shown
    assert cell_len(sanitize(emoji)) == sum(map(cell_len, shown))


@pytest.mark.parametrize(
    "text", ["\ufe0f", "\u200d", "a\ufe0f", "a\u200db", "👩\u200d", "می\u200cخواهم", "Sau\u00adna"]
)
def test_a_valid_character_without_a_picture_is_no_undecodable_byte(text: str) -> None:
    assert INVISIBLE in sanitize(text)
    assert REPLACEMENT not in sanitize(text)


def test_allowed_characters_stay() -> None:
    assert sanitize("a\tb\nc", allowed="\t") == "a\tb␊c"


def test_an_error_is_one_line() -> None:
    assert one_line(ValueError("two\nlines\x1b[2J" + "e" + "\u0301" * 9)) == (
        "two lines␛[2Je" + "\u0301" * 3
    )
    assert one_line(ValueError("")) == "ValueError"
