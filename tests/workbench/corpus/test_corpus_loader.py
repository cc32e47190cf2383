"""Texts that are read while the screen goes on."""

import threading
from pathlib import Path

import pytest
from textual.message import Message

from seqlm.configuration.run_config import DataConfig
from seqlm.data.text_io import Progress
from workbench.corpus import loader as texts
from workbench.corpus.loader import CorpusLoader, TextTold
from workbench.corpus.preview import Preview


class Posted(list[Message]):
    """Messages, with a signal for each."""

    def __init__(self) -> None:
        super().__init__()
        self.came = threading.Event()

    def take(self, message: Message) -> None:
        """As an app does."""
        self.append(message)
        self.came.set()


def test_a_text_is_told_under_the_name_a_person_knows(tmp_path: Path) -> None:
    copy, posted = tmp_path / "0123.txt", Posted()
    copy.write_text("".join(f"{a}{b}\n" for a in "abcdefg" for b in "hijklmn"))
    CorpusLoader(posted.take).read(DataConfig(corpus=str(copy)), "mine.txt")
    assert posted.came.wait(30)
    [told] = posted
    assert isinstance(told, TextTold)
    assert (told.changes["reading"], told.changes["preview"].name) == ("", "mine.txt")


def test_a_text_that_cannot_be_read_is_refused_in_one_line(tmp_path: Path) -> None:
    posted = Posted()
    CorpusLoader(posted.take).read(DataConfig(corpus=str(tmp_path / "none.txt")), "none.txt")
    assert posted.came.wait(30)
    [told] = posted
    assert isinstance(told, TextTold)
    assert "none.txt" in told.changes["refusal"]


def test_a_dropped_text_is_given_up_at_its_next_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, may_go_on, given_up, posted = *(threading.Event() for _ in range(3)), Posted()

    def slowly(data: DataConfig, progress: Progress) -> Preview:
        begun.set()
        may_go_on.wait(30)
        try:
            progress(1, 2)
        finally:
            given_up.set()
        pytest.fail("it went on")

    monkeypatch.setattr(texts, "make_preview", slowly)
    reader = CorpusLoader(posted.take)
    reader.read(DataConfig(), "names")
    assert begun.wait(30)
    reader.drop()
    may_go_on.set()
    assert given_up.wait(30)
    assert posted == []
