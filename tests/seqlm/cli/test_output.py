"""Printed output: terminals with different encodings, and multi-line texts."""

import io
import json
import math
import sys
from argparse import Namespace
from typing import Any

import pytest

from seqlm.cli.models import _format_sample
from seqlm.cli.output import print_json, print_lines, print_table, print_text
from seqlm.cli.training import _report
from seqlm.data.baselines import perplexity
from seqlm.protocol.queries import SampleResult
from seqlm.runs.summary import RunProgress, RunSummary

encodings = pytest.mark.parametrize("encoding", ["latin-1", "ascii", "utf-8"])


def terminal(encoding: str, monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    """Replace standard output by a terminal of this encoding; return the bytes that it receives."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding, write_through=True))
    return raw


@encodings
def test_json_is_utf_8_in_any_terminal(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = terminal(encoding, monkeypatch)
    print_json({"token": "∎"})
    assert raw.getvalue() == '{"token":"∎"}\n'.encode()


def test_json_works_without_a_byte_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    text = io.StringIO()
    monkeypatch.setattr(sys, "stdout", text)
    print_json({"token": "∎"})
    assert json.loads(text.getvalue()) == {"token": "∎"}


@encodings
def test_unencodable_character_is_replaced(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = terminal(encoding, monkeypatch)
    print_lines("the end ∎")
    print_table(["token"], [["a∎b"]])
    shown = raw.getvalue().decode("utf-8")
    assert shown.startswith(("the end ∎", "the end ?"))
    assert "a∎b" in shown or "a?b" in shown


def test_multiline_sample_is_printed_as_lines(capsys: pytest.CaptureFixture[str]) -> None:
    sample = SampleResult(text="if x:\n    y\n", tokens=[" ", "x", ":", "\n    y\n"], surprisal=[])
    print_text(_format_sample(sample))
    assert capsys.readouterr().out == "if x:\n    y\n\n"


def test_a_text_keeps_its_tabs_and_nothing_else_does(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "a\tb\x1b[2J" + "e" + "\u0301" * 9
    print_text(f"if x:\n{hostile}")
    print_lines(hostile)
    print_table(["name"], [[hostile]])
    text, line, table = "a\tb␛[2Je" + "\u0301" * 3, "a␉b␛[2Je" + "\u0301" * 3, "␉b␛[2Je"
    out = capsys.readouterr().out
    assert out.startswith(f"if x:\n{text}\n{line}\n")
    assert table in out
    assert out.count("\t") == 1
    assert "\u0301" * 4 not in out


def test_only_items_are_marked_with_their_split() -> None:
    def line(tokens: list[str], seen_in: Any = None, is_item: bool = True) -> str:
        sample = SampleResult(
            text="mar", tokens=tokens, surprisal=[], seen_in=seen_in, is_item=is_item
        )
        return _format_sample(sample)

    assert line(["a", "r"], is_item=False) == "mar"
    assert line(["a", "r", "∎"]) == "mar  (new)"
    assert line(["a", "r", "∎"], "val") == "mar  (in val)"
    assert line(["a", "r"]) == "mar  (not a line of the data)"
    assert line(["a", "r"], "train") == "mar  (in train)"


def test_loss_of_a_partial_evaluation_is_noted(capsys: pytest.CaptureFixture[str]) -> None:
    whole = RunProgress(summary=RunSummary(run="r", status="finished", train_loss=2.0))
    _report(whole, Namespace(json=False))
    assert capsys.readouterr().out.count("\n") == 1
    part = RunProgress(summary=whole.summary, sampled={"train": "a sample of 9 tokens"})
    _report(part, Namespace(json=False))
    assert "the train loss was computed on a sample of 9 tokens" in capsys.readouterr().out
    _report(part, Namespace(json=True))
    assert "sample" not in capsys.readouterr().out


def test_perplexity_overflow_is_infinite() -> None:
    assert perplexity(2.0) == math.exp(2)
    assert perplexity(1000.0) == math.inf
    assert math.isnan(perplexity(math.nan))
