"""Session of the screen with a worker process.

A session has one connection to a worker and follows at most one run. It sends commands and queries,
posts a message for each change of the run and each answer, and distinguishes a worker that died from
one that finished. It never blocks: the event loop watches the socket, and logs are read in slices.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from textual.message import Message

from seqlm.paths import runs_dir
from seqlm.protocol import commands, queries
from seqlm.protocol.events import Continued
from seqlm.protocol.queries import Answer, DescribeAnswer, Query
from seqlm.runs.directory import RunDirectory
from seqlm.runs.run_state import Status
from seqlm.sanitize import sanitize
from seqlm.worker import client
from workbench.run.log_follower import LOST, LogReader
from workbench.run.messages import QueryAnswered, RequestRejected, RunOpened, RunStateChanged
from workbench.run.reducer import mark_died, mark_lost
from workbench.run.state import RunState
from workbench.run.worker_connection import UNKNOWN_EXIT, Spawn, WorkerConnection

_LONGEST_MESSAGE = 300


class WorkerSession:
    """Sends requests to a worker and follows the log of a run.

    Args:
        post: Called with each message.
        spawn: Starts a worker where there is none; None for the usual process.

    Attributes:
        state: The state of the run that was posted last.
        can_query: Whether a worker has the run open and can be asked about it.
    """

    def __init__(self, post: Callable[[Message], Any], spawn: Spawn | None = None) -> None:
        self.state, self.can_query, self._post = RunState(), False, post
        self._connection = WorkerConnection(
            spawn or client.spawn,
            self._handle_reply,
            self.read_log,
            self._on_worker_lost,
            self._on_request_failed,
        )
        self._followed: LogReader | None = None
        self._previous: LogReader | None = None
        self._start_id, self._open_id, self._served_run_id = "", "", ""
        self._pending_status: Status | None = None
        self._paused_at: tuple[Status, int] = ("untrained", 0)
        self._exit_reason = self._end_notice = ""

    # Requests of the user

    def prepare(self) -> None:
        """Start a worker ahead of time: loading torch takes a second."""
        self._connection.prepare()

    def open(self, run: RunDirectory) -> None:
        """Show a run: connect to its worker if it has one, else let a worker load it."""
        self._follow(run)
        if not self._attach(run):
            self._exit_reason = UNKNOWN_EXIT
            self._request_read(run)
        self.read_log()

    def close_run(self) -> None:
        """Close the run; a run in training continues in its worker."""
        self.disconnect()
        self._unfollow()
        self._previous = self._pending_status = None
        self._start_id = self._open_id = self._served_run_id = self._exit_reason = ""
        self._emit_state()

    def poll_for_worker(self) -> None:
        """Check whether a worker has taken up the run in the meantime; call this once a second."""
        if (
            self._followed is None
            or self._pending_status is not None
            or not self._followed.has_caught_up
        ):
            return
        self.read_log()
        if self._followed.is_lost:  # its place may have another run
            return
        if self.state.is_live or self._attach(self._followed.run):
            self.read_log()
        elif self.can_query:
            self._query_served_run()

    def start(self, recipe: str, n_steps: int | None = None) -> bool:
        """Train a new run. A run in training is stopped with a checkpoint first.

        Args:
            recipe: Recipe of the run.
            n_steps: Pause after this many steps; None to train to the end.

        Returns:
            Whether the request was sent; False while the last start has not been answered.
        """
        if self._pending_status == "starting":
            return False
        if self.state.is_live:
            self.stop()
        self._previous, self._followed = self._followed, None
        self._pending_status, self._start_id, self._open_id = (
            "starting",
            client.new_id(),
            client.new_id(),
        )
        self._emit_state()
        start = commands.Start(id=self._start_id, recipe=recipe, n_steps=n_steps)
        is_sent = self._connection.send(start)
        if is_sent:
            self._connection.send(queries.Describe(id=self._open_id))
        return is_sent

    def resume(self, words: Sequence[str] = (), n_steps: int | None = None) -> None:
        """Resume from the last checkpoint, with a new worker if there is none.

        Args:
            words: Live settings to change, as ``KEY=VALUE``.
            n_steps: Pause after this many steps; None to train to the end.
        """
        if self._followed is None or self._pending_status == "starting":
            return
        if self._followed.is_lost:
            self._emit_rejection("", LOST, "<run.new> starts a new run.")
            return
        self._pending_status, self._start_id, self._open_id = "starting", client.new_id(), ""
        self._emit_state()
        run = str(self._followed.run.path)
        self._connection.send(
            commands.Resume(id=self._start_id, run=run, words=list(words), n_steps=n_steps)
        )

    def pause(self) -> None:
        """Pause after this step."""
        self._connection.send(commands.Pause(id=client.new_id()))

    def continue_training(self, n_steps: int | None = None) -> None:
        """Continue a paused run for ``n_steps`` steps, or to its end."""
        self._connection.send(commands.Continue(id=client.new_id(), n_steps=n_steps))

    def stop(self) -> None:
        """Stop the run with a checkpoint."""
        self._connection.send(commands.Stop(id=client.new_id()))

    def set_value(self, key: str, value: Any) -> None:
        """Set a live setting from the next step on."""
        self._connection.send(commands.SetValue(id=client.new_id(), key=key, value=value))

    def send_query(self, query: Query) -> None:
        """Send a query; its answer arrives as a message."""
        if not self.state.is_live:
            self._query_served_run()
        self._connection.send(query)

    @property
    def is_reading(self) -> bool:
        """Return whether more of the log is waiting to be read."""
        return self._followed is not None and self._followed.is_busy

    @property
    def log_path(self) -> Path | None:
        """The file to which the worker of the run writes its errors."""
        return self._followed.run.log_path if self._followed else None

    def disconnect(self) -> None:
        """Disconnect from the worker. It ends by itself once it has no screen and nothing to train."""
        self._connection.disconnect()
        self.can_query = False

    # The event log

    def read_log(self) -> None:
        """Read what is new in the log, one slice at a time."""
        if self._followed is not None:
            self._followed.read()

    def _emit_state(self) -> None:
        """Post the state of the run if it changed.

        The status comes from the end of the log; until that is read, the status is ``reading``.
        """
        state = self._followed.state if self._followed else RunState()
        if self._pending_status == "paused" and (state.status, state.step) != self._paused_at:
            self._pending_status = None  # the log has a newer status
        if self._pending_status is not None:
            state = replace(state, status=self._pending_status, message="", clock=())
        elif self._followed is not None and not self._followed.has_caught_up:
            name = self._followed.run.name
            state = replace(state, run=name, status="reading", message="", clock=())
        elif self._followed is not None and self._followed.is_lost:
            state = mark_lost(state)
        elif self._exit_reason and state.is_live:
            state = mark_died(state, self._exit_reason)
        if state != self.state:
            self.state = state
            self._post(RunStateChanged(state))

    # Replies of the worker

    def _handle_reply(self, reply: client.Reply) -> None:
        match reply:
            case queries.Rejected():
                self._on_rejected(reply)
            case DescribeAnswer(id=id, run=str(name)) if id == self._open_id:
                self._open_id = ""
                if self._followed is None:
                    self._follow(RunDirectory(runs_dir() / name))
                if self._followed is not None:
                    self._set_connected(self._followed.run)
            case DescribeAnswer(id=id, run=name) if id == self._served_run_id:
                self._on_served_run(name)
            case DescribeAnswer():
                pass
            case Continued(command_id=command_id) if command_id == self._start_id:
                self._pending_status, self._exit_reason = None, ""
                if self._followed is not None:
                    self._set_connected(self._followed.run)
            case Continued() if self._pending_status == "paused":
                self._pending_status = None
            case _ if isinstance(reply, Answer):
                self._post(QueryAnswered(reply))

    def _on_rejected(self, refused: queries.Rejected) -> None:
        if refused.is_end:  # the worker ends without an end in the log
            self._end_notice = refused.message
            return
        if not refused.id and self._followed is not None:  # the worker says why it waits
            state = self._followed.state
            self._pending_status, self._paused_at = "paused", (state.status, state.step)
            self._emit_state()
        self._on_request_failed(refused.id, refused.message)

    def _on_request_failed(self, message_id: str, words: str) -> None:
        """Restore what was shown before a request that failed, then report the reason."""
        if message_id and message_id == self._start_id:
            self._pending_status, self._start_id, self._open_id = None, "", ""
            self._restore()
            self._emit_state()
        self._emit_rejection(message_id, words)

    def _restore(self) -> None:
        """Show the run again that was shown before a start that failed."""
        if self._followed is None and self._previous is not None:
            self._followed = self._previous
            self._post(RunOpened(self._followed.run, self.can_query))

    def _emit_rejection(self, message_id: str, words: str, remedy: str = "") -> None:
        self._post(RequestRejected(message_id, sanitize(words, _LONGEST_MESSAGE), remedy))

    def _query_served_run(self) -> None:
        """Ask which run the worker has open: another screen may have opened another one there."""
        if self.can_query and self._followed is not None:
            self._served_run_id = client.new_id()
            self._connection.send(queries.Describe(id=self._served_run_id))

    def _on_served_run(self, name: str | None) -> None:
        """Let a worker of this session load the run if its worker now has another run open."""
        if self._followed is not None and name != self._followed.run.name:
            run = self._followed.run
            self.disconnect()
            self._post(RunOpened(run, can_query=False))
            self._request_read(run)

    def _attach(self, run: RunDirectory) -> bool:
        """Connect to the worker that holds a run; return False if there is none."""
        is_found = self._connection.attach(run)
        if is_found:
            self._exit_reason = ""
            self._set_connected(run)
        return is_found

    def _request_read(self, run: RunDirectory) -> None:
        """Let an idle worker load a run for queries."""
        self._open_id = client.new_id()
        self._connection.send(commands.Read(id=self._open_id, run=str(run.path)))

    def _follow(self, run: RunDirectory) -> None:
        self._unfollow()
        if self._previous is not None:
            self._previous.close()
        self._followed = LogReader(run, self._emit_state, partial(self._emit_rejection, ""))
        self._exit_reason, self.can_query = "", False
        self._post(RunOpened(run, can_query=False))

    def _unfollow(self) -> None:
        if self._followed is not None:
            self._followed.close()
        self._followed = None

    def _set_connected(self, run: RunDirectory) -> None:
        self.can_query = True
        self._post(RunOpened(run, can_query=True))

    def _on_worker_lost(self, ending: str) -> None:
        """Handle the end of the connection. Unless the log holds an end, the worker died."""
        self._exit_reason, could_query = ending, self.can_query
        was_starting, self._pending_status, self.can_query = (
            self._pending_status == "starting",
            None,
            False,
        )
        if was_starting:
            self._restore()
        self.read_log()
        self._emit_state()
        if self._end_notice:
            self._emit_rejection("", self._end_notice)
            self._end_notice = ""
        elif was_starting:
            self._emit_rejection("", f"The trainer {ending}.", "<run.space> tries again.")
        elif could_query and self._followed is not None and not self.state.is_live:
            self._post(RunOpened(self._followed.run, can_query=False))
            if (
                self.state.status != "died" and not self._followed.is_lost
            ):  # another worker loads the run that has ended
                self._request_read(self._followed.run)
