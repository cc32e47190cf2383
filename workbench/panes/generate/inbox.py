"""Input of the Generate pane from the app: sources, settings and answers."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual.widget import Widget

from seqlm.configuration.run_config import SampleConfig
from workbench.panes.generate.background_work import BackgroundWork
from workbench.panes.generate.presenter import GeneratePresenter
from workbench.panes.generate.requests import LocalAnswerer
from workbench.panes.generate.view_model import PredictionSource
from workbench.sampling.prediction import Prediction

if TYPE_CHECKING:  # the first frame does not need this module
    from seqlm.protocol.queries import SampleResult


class GenerateInbox:
    """Interface of the Generate pane for the app.

    Args:
        widget: Pane, for calls after the current event.
        presenter: Presenter that receives the input.
        work: Background work, which some input stops.
        on_change: Function that sends pending requests and redraws the pane.
    """

    def __init__(
        self,
        widget: Widget,
        presenter: GeneratePresenter,
        work: BackgroundWork,
        on_change: Callable[[], None],
    ) -> None:
        self._widget, self._presenter, self._work = widget, presenter, work
        self._on_change = on_change
        self._is_startup = False

    def set_source(self, source: PredictionSource) -> None:
        """Set the model or the counts that answer, or newer weights of the same model."""
        self._presenter.requests.set_source(source)
        if source.step is None and self._presenter.view.samples is None:
            # Textual does not deliver a message to the app that is posted in the app's own turn.
            self._widget.call_after_refresh(self._widget.call_later, self._request_first_samples)
        self._on_change()

    def set_local_answerer(self, answerer: LocalAnswerer | None) -> None:
        """Answer predictions by this function; without a function request them from the app."""
        self._presenter.local_answerer = answerer

    def set_sampling(self, sampling: SampleConfig) -> None:
        """Sample with these settings from now on."""
        self._presenter.requests.update_view(sampling=sampling)
        self._on_change()

    def set_fixed_seed_samples(self, samples: tuple[tuple[int, str], ...]) -> None:
        """Show the fixed-seed samples of some steps, oldest first."""
        self._presenter.requests.update_view(fixed_seed_samples=samples)
        self._on_change()

    def clear_corpus(self) -> None:
        """Clear the text of the previous corpus, unless the next corpus is loaded already."""
        if self._presenter.preview is None:
            self._work.stop_auto()
            self._presenter.local_answerer = None
            self._presenter.requests.clear_corpus()
            self._on_change()

    def set_startup(self, is_startup: bool) -> None:
        """Request no samples during startup, so that the first frame appears sooner."""
        self._is_startup = is_startup
        self._request_first_samples()

    def _request_first_samples(self) -> None:
        """Request samples from the counts, which are shown beside the table before training."""
        has_counts = self._presenter.view.source.step is None and bool(
            self._presenter.view.source.vocabulary
        )
        if has_counts and self._presenter.view.samples is None and not self._is_startup:
            self._presenter.request_samples(is_quiet=True)
            self._on_change()

    def receive_prediction(self, prediction: Prediction) -> None:
        """Apply the answer to a prediction request; ignore answers to older requests."""
        self._presenter.receive_prediction(prediction)
        self._on_change()

    def receive_samples(
        self, request_id: str, samples: Sequence["SampleResult"], step: int | None = None
    ) -> None:
        """Apply the answer to a samples request.

        Args:
            request_id: Id of the answered request.
            samples: Sampled texts.
            step: Step of the weights that produced the samples; None for counts.
        """
        self._presenter.requests.receive_samples(request_id, samples, step)
        self._on_change()

    def handle_rejection(self, message: str, request_id: str = "") -> None:
        """Show why a request was rejected; ignore the rejection of a request that is not pending."""
        if not request_id or self._presenter.is_pending(request_id):
            self._work.stop_auto()
            self._presenter.handle_rejection(message, request_id)
            self._on_change()
