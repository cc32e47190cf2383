"""Fake worker in the event loop of the test: records every message and answers from bigram counts."""

import asyncio
import contextlib
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from seqlm.configuration.run_config import RunConfig, SampleConfig
from seqlm.protocol import codec, queries
from seqlm.protocol.commands import Command, Continue, Pause, Read, Resume, Start
from seqlm.protocol.events import Continued, Event, Paused
from seqlm.protocol.queries import Answer, Query, Rejected
from seqlm.runs.directory import CorpusRecord, Manifest, RunDirectory
from seqlm.worker.client import Connection
from workbench.corpus.preview import Preview
from workbench.sampling.from_worker import from_counts

_READER = codec.decoder(Command | Query)
Kind = TypeVar("Heard")


class FakeWorker:
    """Worker end of the connection of a session.

    Attributes:
        connection: End of the connection that the session uses.
        received: All commands and queries, in order.
        rejection: Error message with which every Start and Resume is rejected; empty to accept them.
        run: Name of the open run.
        views: Recorded answer for each view of the model; another view is rejected.
        is_slow: True to leave queries for views unanswered.
        log: Event log to which replies are written, or None.
        next_run: Name of the run that the next Start creates.
    """

    def __init__(self, preview: Preview, run: str = "names-mlp-1", step: int = 0) -> None:
        here, there = socket.socketpair()
        self.connection = Connection(there)
        self.received: list[Command | Query] = []
        self.rejection = ""
        self.run, self.next_run = run, run
        self.log: Path | None = None
        self.views: dict[str, queries.InspectAnswer] = {}
        self.is_slow = False
        self._preview, self._step, self._socket = preview, step, here
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(here, self._receive)

    def die(self) -> None:
        """End without an error message."""
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()

    def messages_of(self, kind: type[Kind]) -> list[Kind]:
        """Return the received messages of one kind."""
        return [message for message in self.received if isinstance(message, kind)]

    def kinds(self) -> list[str]:
        """Return the kind of each received message."""
        return [type(message).__name__ for message in self.received]

    def _receive(self) -> None:
        try:
            data = self._socket.recv(1 << 20)
        except ConnectionResetError:  # the screen disconnected with unread answers
            data = b""
        if not data:
            self.die()
            return
        for line in data.splitlines():
            message = codec.decode(line, _READER)
            self.received.append(message)
            reply = self._reply(message)
            if self.log is not None and isinstance(reply, Event):
                with self.log.open("ab") as log:
                    log.write(codec.encode(reply))
            if reply is not None:
                with contextlib.suppress(BrokenPipeError):
                    self._socket.sendall(codec.encode(reply))

    def _reply(self, message: Command | Query) -> Answer | Event | None:
        match message:
            case Start() | Resume() if self.rejection:
                return Rejected(id=message.id, message=self.rejection)
            case Start() | Resume() | Continue():
                self.run = self.next_run
                return Continued(step=self._step, command_id=message.id)
            case Pause():
                return Paused(step=self._step, command_id=message.id)
            case Read() | queries.Describe():
                return queries.DescribeAnswer(
                    id=message.id, step=self._step, status="reading", run=self.run
                )
            case queries.Score():
                surprisal = [
                    *self._preview.surprisal([*message.text, self._preview.vocabulary[-1]])
                ]
                tokens = [*message.text, self._preview.vocabulary[-1]]
                return queries.ScoreAnswer(
                    id=message.id,
                    step=self._step_of(message),
                    tokens=tokens,
                    surprisal=surprisal,
                    loss=0.0,
                )
            case queries.Inspect() if self.is_slow:
                return None
            case queries.Inspect() if message.view in self.views:
                answer = self.views[message.view]
                step = self._step_of(message)
                return replace(answer, id=message.id, step=step, without=message.without)
            case queries.Inspect():
                return Rejected(id=message.id, message=f"{message.view} is not a view")
            case queries.NextToken():
                return self._next_token(message)
            case queries.Sample():
                samples = self._preview.draw(
                    message.prompt, message.count, SampleConfig(seed=message.seed)
                )
                return queries.SampleAnswer(
                    id=message.id, step=self._step_of(message), samples=samples
                )
        return None

    def _step_of(self, query: Query) -> int:
        """Return the step of the weights that a query names."""
        return int(query.weights) if query.weights.isdigit() else self._step

    def _next_token(self, query: queries.NextToken) -> Answer:
        found = from_counts(self._preview, query.id, query.tokens)
        return queries.NextTokenAnswer(
            id=query.id,
            step=self._step_of(query),
            tokens=[found.vocabulary[token_id] for token_id in found.ids],
            ids=list(found.ids),
            probabilities=list(found.probabilities),
            entropy=found.entropy_nats,
            n_vocab=len(found.vocabulary),
            sees=list(query.tokens[-3:]),
            surprisal=list(found.surprisal),
        )


NAMES = CorpusRecord(name="names", n_bytes=0, sha256="")


def write_run(
    path: Path, config: RunConfig, events: Sequence[Event], corpus: CorpusRecord = NAMES
) -> RunDirectory:
    """Write a run directory with these events as its log."""
    path.mkdir(parents=True)
    run = RunDirectory(path)
    run.write_manifest(
        Manifest(run=run.name, recipe="", config=config, corpus=corpus, created_t=0.0, versions={})
    )
    run.events_path.write_bytes(b"".join(map(codec.encode, events)))
    return run
