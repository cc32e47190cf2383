"""Tests of texts in terminal cells: widths, tokens as signs, ASCII."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from seqlm.sanitize import sanitize
from workbench.render.sanitize import END, fit, signs_to_ascii, to_ascii, token_glyph

# Surrogates, controls and every plane, with the dangerous ones made frequent.
dangerous = st.sampled_from(
    [*map(chr, range(0x20)), "\x7f", *map(chr, range(0x80, 0xA0)), "\ud800", "\udfff",
     "\u061c", "\u200b", "\u200d", "\u200e", "\u202e", "\u2028", "\u2029", "\u2066", "\u2069",
     "\ufeff", "\u00ad", "\ufe0f", "\U000e0041", "\uffff", "\ufdd0", "\u0301", "\u20dd", "\u115f"]
)  # fmt: skip
any_char = st.one_of(dangerous, st.characters(exclude_categories=()), st.sampled_from("ab漢🙂"))
any_text = st.text(any_char, max_size=40)


@given(any_text, st.integers(0, 50), st.sampled_from(["left", "right"]), st.booleans())
def test_fit_gives_the_exact_width(text: str, width: int, align: str, ascii_only: bool) -> None:
    fitted = fit(text, width, align, ascii_only)  # type: ignore[arg-type]
    assert cell_len(fitted) == width
    assert fitted.isascii() or not ascii_only


@given(any_text)
def test_ascii_is_ascii(text: str) -> None:
    for shown in (to_ascii(text), token_glyph(text, ascii_only=True)):
        assert shown.isascii()
        assert shown.isprintable()


@given(any_text)
def test_ascii_keeps_the_width(text: str) -> None:
    assert cell_len(to_ascii(text)) == cell_len(sanitize(text))


def test_escape_codes_stay_in_ascii_output() -> None:
    assert signs_to_ascii("\x1b[1m┏━┓┃╭─┤\x1b[0m漢e\u0301") == "\x1b[1m+=+|+-|\x1b[0m??e"


@pytest.mark.parametrize(
    ("token", "shown", "in_ascii"),
    [
        (END, "∎", "$"),
        (" ", "␣", "_"),
        ("\n", "␊", "\\n"),
        ("\t", "␉", "\\t"),
        ("\x1b", "␛", "\\x1b"),
        ("\x7f", "␡", "\\x7f"),
        ("a␊b␉␛", "a␊b␉␛", "a\\nb\\t\\x1b"),
        ("a\r\n", "a␍␊", "a\\r\\n"),
        (" the", "␣the", "_the"),
        ("é", "é", "\\xe9"),
        ("[/b]", "[/b]", "[/b]"),
        (f"olao{END}", "olao∎", "olao$"),
    ],
)
def test_token_glyphs(token: str, shown: str, in_ascii: str) -> None:
    assert token_glyph(token) == shown
    assert token_glyph(token, ascii_only=True) == in_ascii


def test_a_shortened_text_ends_with_an_ellipsis() -> None:
    assert fit("abcdef", 4) == "abc…"
    assert fit("abcdef", 4, ascii_only=True) == "abc~"
    assert fit("漢字漢", 4) == "漢 …"
    assert fit("ab", 4, "right") == "  ab"
    assert sanitize("abcdef", 4) == "abc…"
    assert sanitize("a" + "\u0301" * 10_000, 3) == "a\u0301…"
