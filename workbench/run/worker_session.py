"""The one place that knows a worker process exists.

A session has one link to a worker and follows at most one run. It turns what a person asks into
commands, what the log and the worker tell into messages, and tells a worker that died from one that
finished. It waits for nobody: sockets are watched by the event loop, logs are read in slices.
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
from seqlm.worker import client
from workbench.render.sanitize import sanitize
from workbench.run.exit_reason import WITHOUT_A_WORD
from workbench.run.log_reader import LogReader
from workbench.run.messages import QueryAnswered, RequestRejected, RunOpened, RunStateChanged
from workbench.run.reducer import mark_died
from workbench.run.state import RunState
from workbench.run.worker_connection import Spawn, WorkerConnection

_LONGEST_MESSAGE = 300


class WorkerSession:
    """Speaks with a worker and follows a run.

    Args:
        post: Takes the messages.
        spawn: Starts a worker where there is none; None: as usual.

    Attributes:
        state: The run as it was last told.
        is_linked: Whether a worker has the run open and can be asked about it.
    """

    def __init__(self, post: Callable[[Message], Any], spawn: Spawn | None = None) -> None:
        self.state, self.is_linked, self._post = RunState(), False, post
        self._link = WorkerConnection(
            spawn or client.spawn, self._take, self.read_log, self._lose, self._not_sent
        )
        self._followed: LogReader | None = None
        self._before: LogReader | None = None
        self._asked, self._opening, self._asking_who = "", "", ""
        self._overlay: Status | None = None
        self._waited_at: tuple[Status, int] = ("untrained", 0)
        self._ending = ""

    # What a person asks for

    def prepare(self) -> None:
        """Have a worker at hand: it loads torch, which takes a second, while a person reads."""
        self._link.prepare()

    def open(self, run: RunDirectory) -> None:
        """Show a run: attach to its worker if it has one, else let a worker read it."""
        self._follow(run)
        if not self._attach(run):
            self._ending = WITHOUT_A_WORD
            self._read(run)
        self.read_log()

    def put_down(self) -> None:
        """Show no run any more; one that trains goes on by itself."""
        self._let_go()
        self._drop()
        self._before = self._overlay = None
        self._asked = self._opening = self._asking_who = self._ending = ""
        self._show()

    def look_again(self) -> None:
        """Look after a run that nobody trained when it was looked at last; once a second will do."""
        if self._followed is None or self._overlay is not None or self._is_behind:
            return
        self.read_log()
        if self.state.is_live or self._attach(self._followed.run):
            self.read_log()
        elif self.is_linked:
            self._ask_who_is_served()

    def start(self, recipe: str) -> bool:
        """Train a new run. One that trains now is stopped with a checkpoint first.

        Returns:
            Whether this was asked for; not while the last start has not been answered.
        """
        if self._overlay == "starting":
            return False
        if self.state.is_live:
            self.stop()
        self._before, self._followed = self._followed, None
        self._overlay, self._asked, self._opening = "starting", client.new_id(), client.new_id()
        self._show()
        is_sent = self._link.send(commands.Start(id=self._asked, recipe=recipe))
        if is_sent:
            self._link.send(queries.Describe(id=self._opening))
        return is_sent

    def resume(self, words: Sequence[str] = ()) -> None:
        """Go on from the last checkpoint, with another worker if there is none."""
        if self._followed is None or self._overlay == "starting":
            return
        self._overlay, self._asked, self._opening = "starting", client.new_id(), ""
        self._show()
        run = str(self._followed.run.path)
        self._link.send(commands.Resume(id=self._asked, run=run, words=list(words)))

    def pause(self) -> None:
        """Wait after this step."""
        self._link.send(commands.Pause(id=client.new_id()))

    def go_on(self, n_steps: int | None = None) -> None:
        """Train on: ``n_steps`` steps, or all that are left."""
        self._overlay = None
        self._link.send(commands.Continue(id=client.new_id(), n_steps=n_steps))

    def stop(self) -> None:
        """End with a checkpoint."""
        self._link.send(commands.Stop(id=client.new_id()))

    def set_value(self, key: str, value: Any) -> None:
        """Give a live setting another value from the next step on."""
        self._link.send(commands.SetValue(id=client.new_id(), key=key, value=value))

    def ask(self, query: Query) -> None:
        """Ask a question; its answer comes as a message."""
        if not self.state.is_live:
            self._ask_who_is_served()
        self._link.send(query)

    @property
    def is_reading(self) -> bool:
        """Whether there is more in the log than has been taken in."""
        return self._followed is not None and self._followed.is_busy

    @property
    def _is_behind(self) -> bool:
        """Whether the log of the run that is shown has not been read to its end once."""
        return self._followed is not None and not self._followed.has_caught_up

    @property
    def log_path(self) -> Path | None:
        """Where the worker of the run that is shown writes about itself."""
        return self._followed.run.log_path if self._followed else None

    def leave(self) -> None:
        """Let go of the worker. It ends by itself once nobody is there and nothing trains."""
        self._let_go()

    # What the log tells

    def read_log(self) -> None:
        """Take in what is new in the log, a slice at a time."""
        if self._followed is not None:
            self._followed.read()

    def _show(self) -> None:
        """Tell the state if it changed: the log's, but for what the log cannot know.

        How a run stands is told by the end of its log: before that is read, nothing is said of it.
        """
        state = self._followed.state if self._followed else RunState()
        if self._overlay == "paused" and (state.status, state.step) != self._waited_at:
            self._overlay = None  # the log tells itself how it stands
        if self._overlay is not None:
            state = replace(state, status=self._overlay, message="", clock=())
        elif self._followed is not None and self._is_behind:
            name = self._followed.run.name
            state = replace(state, run=name, status="reading", message="", clock=())
        elif self._ending and state.is_live:
            state = mark_died(state, self._ending)
        if state != self.state:
            self.state = state
            self._post(RunStateChanged(state))

    # What the worker tells

    def _take(self, reply: client.Reply) -> None:
        match reply:
            case queries.Rejected():
                self._refused(reply)
            case DescribeAnswer(id=id, run=str(name)) if id == self._opening:
                self._opening = ""
                self._opened(name)
            case DescribeAnswer(id=id, run=name) if id == self._asking_who:
                self._serves(name)
            case DescribeAnswer():
                pass
            case Continued(command_id=command_id) if command_id == self._asked:
                self._overlay, self._ending = None, ""
                if self._followed is not None:
                    self._linked_to(self._followed.run)
            case Continued() if self._overlay == "paused":
                self._overlay = None
            case _ if isinstance(reply, Answer):
                self._post(QueryAnswered(reply))

    def _opened(self, name: str) -> None:
        if self._followed is None:
            self._follow(RunDirectory(runs_dir() / name))
        if self._followed is not None:
            self._linked_to(self._followed.run)

    def _refused(self, refused: queries.Rejected) -> None:
        if not refused.id and self._followed is not None:  # the worker says why it waits
            state = self._followed.state
            self._overlay, self._waited_at = "paused", (state.status, state.step)
            self._show()
        self._not_sent(refused.id, refused.message)

    def _not_sent(self, message_id: str, words: str) -> None:
        """What was asked for comes to nothing; what is shown goes back before it is said why."""
        if message_id and message_id == self._asked:
            self._overlay, self._asked, self._opening = None, "", ""
            self._restore()
            self._show()
        self._decline(message_id, words)

    def _restore(self) -> None:
        """Nothing was begun: the run that was shown before is shown again."""
        if self._followed is None and self._before is not None:
            self._followed = self._before
            self._post(RunOpened(self._followed.run, self.is_linked))

    def _decline(self, message_id: str, words: str, remedy: str = "") -> None:
        self._post(RequestRejected(message_id, sanitize(words, _LONGEST_MESSAGE), remedy))

    def _ask_who_is_served(self) -> None:
        """Other screens share the worker: once this run has ended, they may open another there."""
        if self.is_linked and self._followed is not None:
            self._asking_who = client.new_id()
            self._link.send(queries.Describe(id=self._asking_who))

    def _serves(self, name: str | None) -> None:
        """The worker has this run open. Where it is another one, a worker of our own reads ours."""
        if self._followed is not None and name != self._followed.run.name:
            run = self._followed.run
            self._let_go()
            self._post(RunOpened(run, is_linked=False))
            self._read(run)

    def _attach(self, run: RunDirectory) -> bool:
        """Speak with the worker that holds a run, if one does."""
        is_found = self._link.attach(run)
        if is_found:
            self._ending = ""
            self._linked_to(run)
        return is_found

    def _read(self, run: RunDirectory) -> None:
        """Let a worker that has nothing else to do read a run."""
        self._opening = client.new_id()
        self._link.send(commands.Read(id=self._opening, run=str(run.path)))

    def _follow(self, run: RunDirectory) -> None:
        self._drop()
        self._followed = LogReader(run, self._show, partial(self._decline, ""))
        self._ending, self.is_linked = "", False
        self._post(RunOpened(run, is_linked=False))

    def _drop(self) -> None:
        if self._followed is not None:
            self._followed.drop()
        self._followed = None

    def _linked_to(self, run: RunDirectory) -> None:
        self.is_linked = True
        self._post(RunOpened(run, is_linked=True))

    def _lose(self, ending: str) -> None:
        """The connection ended. Unless the log says how the run ended, its worker died."""
        self._ending, was_linked = ending, self.is_linked
        was_starting, self._overlay, self.is_linked = self._overlay == "starting", None, False
        if was_starting:
            self._restore()
        self.read_log()
        self._show()
        if was_starting:
            self._decline("", f"The trainer {ending}.", "<run.space> tries again.")
        elif was_linked and self._followed is not None and not self.state.is_live:
            self._reopen(self._followed.run)

    def _reopen(self, run: RunDirectory) -> None:
        """Whoever answered for a run that has ended is gone: another worker reads it."""
        self._post(RunOpened(run, is_linked=False))
        if self.state.status != "died":
            self._read(run)

    def _let_go(self) -> None:
        self._link.let_go()
        self.is_linked = False
