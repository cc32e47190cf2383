"""The one place that knows a worker process exists.

A session has one link to a worker and follows at most one run. It turns what a person asks into
commands, what the log and the worker tell into messages, and tells a worker that died from one that
finished. It does not wait for a worker: sockets are watched by the event loop, logs are read in slices.
Only the exit status of a worker that is gone is waited for, a fifth of a second at most.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from msgspec.structs import replace
from textual.message import Message

from seqlm.errors import SeqlmError
from seqlm.home import runs_dir
from seqlm.protocol import commands, queries
from seqlm.protocol.events import Continued
from seqlm.protocol.queries import Answer, DescribeAnswer, Query
from seqlm.runs import client
from seqlm.runs.client import Connection
from seqlm.runs.directory import RunDirectory
from workbench.render.text import clean
from workbench.run.endings import WITHOUT_A_WORD
from workbench.run.fold import died
from workbench.run.follow import Follower
from workbench.run.link import Spawn, WorkerLink
from workbench.run.state import RunState, Status
from workbench.run.told import Answered, Declined, RunOpened, RunProgressed

_SLICE_S = 0.02
_BETWEEN_SLICES_S = 0.01
_LONGEST_MESSAGE = 300


class _Followed(NamedTuple):
    """A run and what its log has told."""

    run: RunDirectory
    log: Follower


Post: TypeAlias = Callable[[Message], Any]


class Session:
    """Speaks with a worker and follows a run.

    Args:
        post: Takes the messages.
        connection: A worker that is there already.
        spawn: Starts one where there is none.

    Attributes:
        state: The run as it was last told.
        is_linked: Whether a worker has the run open and can be asked about it.
    """

    def __init__(
        self, post: Post, connection: Connection | None = None, spawn: Spawn = client.spawn
    ) -> None:
        self.state = RunState()
        self.is_linked = False
        self._post = post
        self._link = WorkerLink(
            spawn, connection, self._take, self.read_log, self._lose, self._decline
        )
        self._followed: _Followed | None = None
        self._before: _Followed | None = None
        self._asked, self._opening, self._asking_who = "", "", ""
        self._overlay: Status | None = None
        self._ending = ""
        self._will_read = False

    # What a person asks for

    def listen(self) -> None:
        """Begin to watch the worker; call it once the event loop runs."""
        self._link.listen()

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
        self._followed = self._before = self._overlay = None
        self._asked = self._opening = self._asking_who = self._ending = ""
        self._will_read = False
        self._show()

    def look_again(self) -> None:
        """Look after a run that nobody trained when it was looked at last; once a second will do."""
        if self._followed is None or self._overlay is not None:
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
        if self._link.send(commands.Start(id=self._asked, recipe=recipe)):
            self._link.send(queries.Describe(id=self._opening))
        self._show()
        return True

    def resume(self, words: Sequence[str] = ()) -> None:
        """Go on from the last checkpoint, with another worker if there is none."""
        if self._followed is None or self._overlay == "starting":
            return
        self._overlay, self._asked, self._opening = "starting", client.new_id(), ""
        path = str(self._followed.run.path)
        self._link.send(commands.Resume(id=self._asked, run=path, words=list(words)))
        self._show()

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

    def leave(self) -> None:
        """Let go of the worker. It ends by itself once nobody is there and nothing trains."""
        self._let_go()

    # What the log tells

    def read_log(self) -> None:
        """Take in what is new in the log, a slice at a time."""
        if self._followed is None or self._will_read:
            return
        until, more = time.monotonic() + _SLICE_S, True
        try:
            while more and time.monotonic() < until:
                more = self._followed.log.read()
        except (SeqlmError, OSError) as error:  # what was read before stays
            self._will_read = True
            self._decline("", str(error))
            return
        if more:
            self._will_read = True
            asyncio.get_running_loop().call_later(_BETWEEN_SLICES_S, self._read_on)
        self._show()

    def _read_on(self) -> None:
        self._will_read = False
        self.read_log()

    def _show(self) -> None:
        """Tell the state if it changed: the log's, but for what the log cannot know."""
        state = self._followed.log.state if self._followed else RunState()
        if self._overlay is not None:
            state = replace(state, status=self._overlay, message="", clock=())
        elif self._ending and state.is_live:
            state = died(state, self._ending)
        if state != self.state:
            self.state = state
            self._post(RunProgressed(state))

    # What the worker tells

    def _take(self, reply: client.Reply) -> None:
        match reply:
            case queries.Refused():
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
                self._post(Answered(reply))

    def _opened(self, name: str) -> None:
        if self._followed is None:
            self._follow(RunDirectory(runs_dir() / name))
        if self._followed is not None:
            self._linked_to(self._followed.run)

    def _refused(self, refused: queries.Refused) -> None:
        if refused.id == self._asked:
            self._overlay, self._asked, self._opening = None, "", ""
            self._restore()
        elif not refused.id:  # nobody's question: the worker says why it waits
            self._overlay = "paused"
        self._show()
        self._decline(refused.id, refused.message)

    def _restore(self) -> None:
        """Nothing was begun: the run that was shown before is shown again."""
        if self._followed is None and self._before is not None:
            self._followed = self._before
            self._post(RunOpened(self._followed.run, self.is_linked))

    def _decline(self, message_id: str, words: str) -> None:
        self._post(Declined(message_id, clean(words, _LONGEST_MESSAGE)))

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

    # The connection

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
        self._followed = _Followed(run, Follower(run.events_path))
        self._ending, self._will_read, self.is_linked = "", False, False
        self._post(RunOpened(run, is_linked=False))

    def _linked_to(self, run: RunDirectory) -> None:
        self.is_linked = True
        self._post(RunOpened(run, is_linked=True))

    def _lose(self, ending: str) -> None:
        """The connection ended. Unless the log says how the run ended, its worker died."""
        self._ending = ending
        self.is_linked = False
        if self._overlay == "starting":
            self._decline("", f"The trainer {self._ending}. space tries again.")
            self._restore()
        self._overlay = None
        self.read_log()
        self._show()

    def _let_go(self) -> None:
        self._link.let_go()
        self.is_linked = False
