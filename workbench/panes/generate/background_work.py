"""Background work of the Generate pane: automatic sampling, the wait display, novelty lookups."""

import time
from collections.abc import Callable, Iterator, Mapping
from time import monotonic
from typing import TYPE_CHECKING

from textual.timer import Timer
from textual.widget import Widget

from workbench.panes.generate.presenter import GeneratePresenter
from workbench.panes.generate.view_model import GenerateView
from workbench.sampling.branches import Branch

if TYPE_CHECKING:  # the first frame does not need these modules
    from workbench.corpus.novelty import NoveltyResult
    from workbench.corpus.preview import Preview

AUTO_INTERVAL_S = 0.25
SHOW_WAIT_AFTER_S, WAIT_INTERVAL_S = 1.0, 0.2
_LOOKUP_DELAY_S, _LOOKUP_SLICE_S = 0.01, 0.006


class BackgroundWork:
    """Timers of the Generate pane; each timer runs only while there is work for it.

    Args:
        widget: Owner of the timers.
        presenter: Presenter that the timers act on.
        on_change: Function that sends pending requests and redraws the pane.

    Attributes:
        auto_timer: Timer of automatic sampling; None while it is off.
        wait_timer: Timer that measures how long a request is pending.
        lookup_timer: Timer of the next slice of a novelty lookup.
        lookups: Novelty lookups in the current corpus; None before the first text.
    """

    def __init__(
        self, widget: Widget, presenter: GeneratePresenter, on_change: Callable[[], None]
    ) -> None:
        self._widget, self._presenter, self._on_change = widget, presenter, on_change
        self.auto_timer: Timer | None = None
        self.wait_timer: Timer | None = None
        self.lookup_timer: Timer | None = None
        self.lookups: NoveltyLookups | None = None
        self._pending_id, self._pending_since = "", 0.0

    def update(self) -> None:
        """Start the timers for which there is work now."""
        self._update_wait()
        self._update_lookup()

    # Automatic sampling

    def toggle_auto(self) -> None:
        """Sample a token now and at each interval; stop if tokens are sampled already."""
        if self.auto_timer is not None:
            self.stop_auto()
            return
        self._presenter.sample_next()
        self.auto_timer = self._widget.set_interval(AUTO_INTERVAL_S, self._on_auto)
        self._presenter.requests.update_view(is_auto=True)

    def stop_auto(self) -> None:
        """Stop automatic sampling."""
        if self.auto_timer is not None:
            self.auto_timer.stop()
            self.auto_timer = None
            self._presenter.requests.update_view(is_auto=False)

    def _on_auto(self) -> None:
        if not self._presenter.can_continue_sampling():
            self.stop_auto()
        elif not self._presenter.requests.pending_id:
            self._presenter.sample_next()
        self._on_change()

    # Wait display

    def _update_wait(self) -> None:
        pending_id = self._presenter.pending_id
        if pending_id != self._pending_id:
            self._pending_id, self._pending_since = pending_id, monotonic()
            if self._presenter.view.waited_s is not None:
                self._presenter.requests.update_view(waited_s=None)
        if pending_id and self.wait_timer is None and self._widget.is_attached:
            self.wait_timer = self._widget.set_interval(WAIT_INTERVAL_S, self._on_wait)

    def _on_wait(self) -> None:
        waited_s = monotonic() - self._pending_since
        if not self._pending_id and self.wait_timer is not None:
            self.wait_timer.stop()
            self.wait_timer = None
        elif waited_s >= SHOW_WAIT_AFTER_S:
            self._presenter.requests.update_view(waited_s=round(waited_s, 1))
        self._on_change()

    # Novelty lookups

    def _update_lookup(self) -> None:
        preview, view = self._presenter.preview, self._presenter.view
        has_text = any(branch.sampled for branch in view.text.branches)
        if self.lookup_timer is not None or preview is None or not has_text:
            return
        if self.lookups is None or self.lookups.preview is not preview:
            self.lookups = NoveltyLookups(preview)
            self._presenter.requests.update_view(findings={})
        if self.lookups.has_work(self._presenter.view) and self._widget.is_attached:
            self.lookup_timer = self._widget.set_timer(_LOOKUP_DELAY_S, self._on_lookup)

    def _on_lookup(self) -> None:
        self.lookup_timer = None
        findings = self.lookups.run_slice(self._presenter.view) if self.lookups else None
        if findings is not None:
            self._presenter.requests.update_view(findings=findings)
        self._on_change()


class NoveltyLookups:
    """Search for the shown texts in the corpus, in slices of a few milliseconds.

    Args:
        preview: Corpus that is searched.
    """

    def __init__(self, preview: "Preview") -> None:
        from workbench.corpus.novelty import Novelty  # the index of a corpus takes time and memory

        self.preview = preview
        self._novelty = Novelty(preview.text)
        self._running: Iterator[None] | None = None

    def has_work(self, view: GenerateView) -> bool:
        """Return True if a shown text has no result yet."""
        return self._next_text(view) is not None

    def run_slice(self, view: GenerateView) -> "Mapping[tuple[str, bool], NoveltyResult] | None":
        """Search for one slice of time; return all results if a new result was found."""
        until = time.perf_counter() + _LOOKUP_SLICE_S
        text = self._next_text(view)
        if self._running is None and text is not None:
            self._running = self._novelty.search(*text)
        if self._running is None:
            return None
        for _ in self._running:
            if time.perf_counter() >= until:
                return None
        self._running = None
        return dict(self._novelty.findings)

    def _next_text(self, view: GenerateView) -> tuple[str, bool] | None:
        known = self._novelty.findings
        texts = (view.novelty_key(branch) for branch in _branches_to_look_up(view))
        return next((text for text in texts if text not in known), None)


def _branches_to_look_up(view: GenerateView) -> list[Branch]:
    """Return the branches that have ended, and the current branch of a text without an end."""
    ended = [branch for branch in view.text.branches if branch.has_ended]
    current = view.text.branch
    is_unending = not view.source.has_end and bool(current.sampled)
    return [current, *ended] if is_unending else ended
