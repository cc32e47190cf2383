"""Timers that watch a run, and its activity: seconds of silence and bytes sent to the terminal."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace
from textual.message_pump import MessagePump

from workbench.state.app_state import SILENT_FROM_S, AppState
from workbench.terminal.driver import ByteCounter

if TYPE_CHECKING:  # imported when first needed: the first frame does not need the session
    from workbench.run.worker_session import WorkerSession

_TICK_S = _POLL_WORKER_S = 1.0


class ActivityMeter:
    """Meter of the silence of a run and of the bytes sent to the terminal.

    Args:
        clock: Monotonic clock in seconds.
        byte_counter: Counter of the bytes sent to the terminal.
    """

    def __init__(self, clock: Callable[[], float], byte_counter: ByteCounter) -> None:
        self._clock, self._byte_counter = clock, byte_counter
        self._activity_at_s = self._measured_at_s = clock()
        self._n_bytes = 0

    def record_activity(self) -> None:
        """Record that a message of the run arrived."""
        self._activity_at_s = self._clock()

    def silent_for_s(self) -> int:
        """Return the whole seconds since the last message of the run."""
        return int(self._clock() - self._activity_at_s)

    def bytes_per_s(self) -> int:
        """Return the bytes sent per second since the last call."""
        now, n_bytes = self._clock(), self._byte_counter.n_bytes
        passed_s, sent = now - self._measured_at_s, n_bytes - self._n_bytes
        self._measured_at_s, self._n_bytes = now, n_bytes
        return round(sent / passed_s) if passed_s > 0 else 0

    def update_state(self, state: AppState) -> AppState:
        """Return the state with the measured values; a paused run sends nothing, so both are 0."""
        silent_for_s, bytes_per_s = self.silent_for_s(), self.bytes_per_s()
        if state.run.status == "paused":
            silent_for_s = bytes_per_s = 0
        is_silent = silent_for_s >= SILENT_FROM_S
        return replace(
            state, silent_for_s=silent_for_s if is_silent else 0, bytes_per_s=bytes_per_s
        )


class PollTimers:
    """Timers of the screen: read the log of a live run, or poll for a worker that took up the run.

    Args:
        owner: Owner of the timers.
        session: Returns the session, which is created when first needed.
        fps: Reads of the log per second while the run is live.
        on_tick: Called once a second while the run is live.
    """

    def __init__(
        self,
        owner: MessagePump,
        session: Callable[[], "WorkerSession"],
        fps: float,
        on_tick: Callable[[], None],
    ) -> None:
        self._read_log = owner.set_interval(1 / fps, lambda: session().read_log(), pause=True)
        self._tick = owner.set_interval(_TICK_S, on_tick, pause=True)
        self._poll_worker = owner.set_interval(
            _POLL_WORKER_S, lambda: session().poll_for_worker(), pause=True
        )

    def set_live(self, is_live: bool) -> None:
        """Run the timers of a live run, or those of a run that is not live."""
        for timer, is_wanted in ((self._read_log, is_live), (self._tick, is_live)):
            timer.resume() if is_wanted else timer.pause()
        self._poll_worker.pause() if is_live else self._poll_worker.resume()
