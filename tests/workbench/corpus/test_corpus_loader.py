"""Corpus loader: messages and cancellation."""

import threading
from pathlib import Path

import pytest
from textual.message import Message

from seqlm.configuration.data_config import DataConfig
from seqlm.data.text_io import Progress
from workbench.corpus import loader as corpus_loader
from workbench.corpus.loader import CorpusLoaded, CorpusLoader, CorpusLoadFailed
from workbench.corpus.preview import Preview


class Posted(list[Message]):
    """Posted messages, with an event that is set by each."""

    def __init__(self) -> None:
        super().__init__()
        self.came = threading.Event()

    def receive(self, message: Message) -> None:
        """Store a message, as an app does."""
        self.append(message)
        self.came.set()


def test_a_loaded_corpus_has_the_given_name(tmp_path: Path) -> None:
    copy, posted = tmp_path / "0123.txt", Posted()
    copy.write_text("".join(f"{a}{b}\n" for a in "abcdefg" for b in "hijklmn"))
    CorpusLoader(posted.receive).load(DataConfig(corpus=str(copy)), "mine.txt")
    assert posted.came.wait(30)
    [message] = posted
    assert isinstance(message, CorpusLoaded)
    assert message.preview.name == "mine.txt"


def test_an_unreadable_corpus_posts_a_failure_that_names_it(tmp_path: Path) -> None:
    posted = Posted()
    CorpusLoader(posted.receive).load(DataConfig(corpus=str(tmp_path / "none.txt")), "none.txt")
    assert posted.came.wait(30)
    [message] = posted
    assert isinstance(message, CorpusLoadFailed)
    assert "none.txt" in message.error


def test_canceled_loading_stops_at_the_next_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    started, may_continue, stopped, posted = *(threading.Event() for _ in range(3)), Posted()

    def load_slowly(data: DataConfig, progress: Progress) -> Preview:
        started.set()
        may_continue.wait(30)
        try:
            progress(1, 2)
        finally:
            stopped.set()
        pytest.fail("loading continued")

    monkeypatch.setattr(corpus_loader, "make_preview", load_slowly)
    loader = CorpusLoader(posted.receive)
    loader.load(DataConfig(), "names")
    assert started.wait(30)
    loader.cancel()
    may_continue.set()
    assert stopped.wait(30)
    assert posted == []
