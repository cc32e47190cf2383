"""Which texts of the Generate pane are looked up, and the work on them in slices of time."""

import time
from collections.abc import Iterator, Mapping

from workbench.corpus.novelty import Novelty, NoveltyResult
from workbench.corpus.preview import Preview
from workbench.panes.generate.view_model import GenerateView
from workbench.sampling.branches import Branch

_SLICE_S = 0.006


class Lookups:
    """Finds out, a little at a time, whether the texts on the screen are new.

    Args:
        preview: Holds the text that they are looked up in.
    """

    def __init__(self, preview: Preview) -> None:
        self.preview = preview
        self._novelty = Novelty(preview.text)
        self._going: Iterator[None] | None = None

    def wants(self, view: GenerateView) -> bool:
        """Whether a text on the screen is not known yet."""
        return self._next(view) is not None

    def work(self, view: GenerateView) -> Mapping[tuple[str, bool], NoveltyResult] | None:
        """Works for one slice; everything known, if something was found out."""
        until = time.perf_counter() + _SLICE_S
        wanted = self._next(view)
        if self._going is None and wanted is not None:
            self._going = self._novelty.look_up(*wanted)
        if self._going is None:
            return None
        for _ in self._going:
            if time.perf_counter() >= until:
                return None
        self._going = None
        return dict(self._novelty.findings)

    def _next(self, view: GenerateView) -> tuple[str, bool] | None:
        known = self._novelty.findings
        texts = (view.lookup(branch) for branch in _told_of(view))
        return next((text for text in texts if text not in known), None)


def _told_of(view: GenerateView) -> list[Branch]:
    """The branches that are told of: those that ended, and the current one of a running text."""
    ended = [branch for branch in view.text.branches if branch.has_ended]
    current = view.text.branch
    is_running = not view.source.has_end and bool(current.drawn)
    return [current, *ended] if is_running else ended
