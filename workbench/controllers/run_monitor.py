"""How often a run is looked after."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.message_pump import MessagePump

if TYPE_CHECKING:  # what the first frame does not need is imported when it is needed
    from workbench.run.worker_session import WorkerSession

_LOOK_AGAIN_S = _BEAT_S = 1.0


class PollTimers:
    """Looks into the log of a run that goes, and whether another terminal takes one up that does not.

    Args:
        owner: Its timers.
        session: Gives what follows the run; it is made when it is first needed.
        fps: How often a second the log of a run that goes is read.
        beat: Called once a second while a run goes.
    """

    def __init__(
        self,
        owner: MessagePump,
        session: Callable[[], "WorkerSession"],
        fps: float,
        beat: Callable[[], None],
    ) -> None:
        self._often = owner.set_interval(1 / fps, lambda: session().read_log(), pause=True)
        self._beat = owner.set_interval(_BEAT_S, beat, pause=True)
        self._seldom = owner.set_interval(_LOOK_AGAIN_S, lambda: session().look_again(), pause=True)

    def show(self, is_live: bool) -> None:
        """The run goes, or it does not."""
        for timer, is_wanted in ((self._often, is_live), (self._beat, is_live)):
            timer.resume() if is_wanted else timer.pause()
        self._seldom.pause() if is_live else self._seldom.resume()
