"""Directory of a run: its files, its name, and the lock of its worker."""

import fcntl
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from seqlm import errors
from seqlm.atomic_write import write_atomically
from seqlm.configuration.data_config import AUTO, LEGACY, DataConfig, is_encoding
from seqlm.configuration.run_config import RunConfig
from seqlm.data.corpus import find_corpus_copy
from seqlm.data.corpus_registry import CORPORA
from seqlm.error_text import cause_of
from seqlm.paths import create_runs_dir, runs_dir, unusable_home
from seqlm.presets import PRESETS
from seqlm.protocol.codec import describe_problem
from seqlm.regular_file import find_link, open_regular, read_regular

_LOCK_BYTES = 4096
_MAX_MANIFEST_BYTES, _MAX_TEST_LOOKS_BYTES = 4_000_000, 4_000_000
_LOCK_TIMEOUT_S = 0.1
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}")


class CorpusRecord(Struct, frozen=True, kw_only=True):
    """The corpus that a run was trained on, with the data to find and verify it.

    ``encoding`` is the encoding of the original file; the stored copy of a run that names one is
    UTF-8. It is empty in runs of the first version, which read each text as UTF-8.
    ``n_undecodable`` counts the bytes that could not be decoded, and ``val_in_train`` is the share of
    the validation split that also occurs in the training split.
    """

    name: str
    n_bytes: int
    sha256: str
    stored_at: str | None = None
    encoding: str = ""
    n_undecodable: int = 0
    val_in_train: float = 0.0


def describe_corpus(corpus: CorpusRecord) -> str:
    """Return the name, size and encoding of a corpus, and the bytes that could not be decoded."""
    encoding = f", {corpus.encoding}" if corpus.encoding not in ("", "utf-8") else ""
    bad = f", {corpus.n_undecodable:,} bytes not decoded" if corpus.n_undecodable else ""
    return f"{corpus.name}, {corpus.n_bytes:,} bytes{encoding}{bad}"


class Manifest(Struct, frozen=True, kw_only=True):
    """Content of ``run.json``: the start configuration of a run. It is written once."""

    v: int = 1
    run: str
    recipe: str
    config: RunConfig
    corpus: CorpusRecord
    created_t: float
    versions: dict[str, str]


def text_config(manifest: Manifest) -> DataConfig:
    """Return the data settings of a run, with the stored copy of its corpus if there is one."""
    data, corpus = manifest.config.data, manifest.corpus
    if data.corpus in CORPORA:
        return data
    copy = find_corpus_copy(corpus.stored_at) if corpus.stored_at is not None else None
    if not corpus.encoding:
        data = replace(data, encoding=LEGACY)
    elif copy is not None:
        data = replace(data, encoding="utf-8", field=None)
    elif data.encoding == AUTO and is_encoding(corpus.encoding):
        data = replace(data, encoding=corpus.encoding)  # another version might find another one
    return data if copy is None else replace(data, corpus=str(copy))


class RunLock(Struct, frozen=True, kw_only=True):
    """Content of a lock file: the process that owns the lock, and its socket."""

    pid: int
    socket: str


class RunDirectory:
    """One run on disk. Creating the object reads and writes nothing.

    Args:
        path: The directory; its last part is the run's name.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name
        self.manifest_path = path / "run.json"
        self.events_path = path / "events.jsonl"
        self.checkpoints_path = path / "checkpoints"
        self.log_path = path / "worker.log"
        self.lock_path = path / "lock"
        self._test_looks_path = path / "test-looks.jsonl"

    def manifest(self) -> Manifest:
        """Read ``run.json``.

        Raises:
            SeqlmError: The file does not exist or is damaged.
        """
        try:
            content = read_regular(self.manifest_path, _MAX_MANIFEST_BYTES)
            return msgspec.json.decode(content, type=Manifest)
        except OSError as error:
            raise self._unreadable(self.manifest_path, error) from error
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            problem = describe_problem(error)
            raise errors.SeqlmError(f"{self.name}: run.json is damaged: {problem}") from error

    def write_manifest(self, manifest: Manifest) -> None:
        """Write ``run.json`` atomically."""
        pretty = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
        write_atomically(self.manifest_path, pretty + b"\n")

    def note_test_look(self, step: int) -> None:
        """Record that the weights of a step are evaluated on the test split.

        Raises:
            SeqlmError: The file of these records is not a regular file, or cannot be opened.
        """
        line = msgspec.json.encode({"t": time.time(), "step": step}) + b"\n"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT  # two workers may append at once
        try:
            fd = open_regular(self._test_looks_path, flags, _MAX_TEST_LOOKS_BYTES)
        except OSError as error:
            raise self._unreadable(self._test_looks_path, error) from error
        try:
            os.write(fd, line)
        finally:
            os.close(fd)

    @property
    def n_test_looks(self) -> int:
        """The number of times that the test split was evaluated.

        Raises:
            SeqlmError: The file of these records cannot be read.
        """
        try:
            return read_regular(self._test_looks_path, _MAX_TEST_LOOKS_BYTES).count(b"\n")
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise self._unreadable(self._test_looks_path, error) from error

    def append_to_worker_log(self) -> int:
        """Open the log file of the worker for appending, and return its descriptor.

        Raises:
            SeqlmError: The log file is not a regular file, or cannot be opened.
        """
        try:
            return open_regular(self.log_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        except OSError as error:
            raise self._unreadable(self.log_path, error) from error

    def _unreadable(self, path: Path, error: OSError) -> errors.SeqlmError:
        cause = cause_of(error)
        return errors.SeqlmError(f"{self.name}: {path.name} cannot be opened: {cause}")

    def holder(self) -> RunLock | None:
        """Return the lock of the process that owns the run; None if no process does."""
        try:
            with os.fdopen(open_regular(self.lock_path), "rb") as file:
                if _try_lock(file.fileno(), fcntl.LOCK_SH):
                    return None
                return msgspec.json.decode(file.read(_LOCK_BYTES), type=RunLock)
        except (OSError, msgspec.MsgspecError):
            return None

    def acquire_lock(self, lock: RunLock) -> int:
        """Lock the run until the returned file descriptor is closed or this process ends.

        Only the owner of the lock writes to the run. A directory that contains a link is not locked,
        because a link may lead outside.

        Raises:
            RequestError: Another process has locked the run.
            SeqlmError: The directory contains a link, or the lock cannot be opened.
        """
        try:
            self._raise_if_linked()
            fd = open_regular(self.lock_path, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise self._unreadable(self.lock_path, error) from error
        until = time.monotonic() + _LOCK_TIMEOUT_S
        while not _try_lock(fd, fcntl.LOCK_EX):  # holder() locks the file for a moment
            if time.monotonic() >= until:
                os.close(fd)
                raise errors.RequestError(
                    f"{self.name} is open in another worker; stop that worker first", self.name
                )
            time.sleep(0.005)
        # One write of fixed length over the old content: no reader sees a part.
        os.pwrite(fd, msgspec.json.encode(lock).ljust(_LOCK_BYTES), 0)
        return fd

    def _raise_if_linked(self) -> None:
        link = find_link(self.path)
        if link is not None:
            raise errors.SeqlmError(
                f"{self.name}: {link.relative_to(self.path)} is a link; a run directory with links"
                " is not written to: replace the link by the file it names"
            )


def create(stem: str, name: str | None = None) -> RunDirectory:
    """Create a run directory, named ``name``, or else ``stem`` with the next free number.

    Raises:
        RequestError: The name exists or is not valid, or the data folder cannot be used.
    """
    root = create_runs_dir()
    if name is not None:
        check_name(name)
        if not _make_folder(root / name):
            raise _name_taken(name)
        return RunDirectory(root / name)
    numbers = [
        int(n) for run in list_runs() if (n := run.name.removeprefix(f"{stem}-")).isdecimal()
    ]
    number = max(numbers, default=0) + 1
    while not _make_folder(root / f"{stem}-{number}"):  # another process was faster
        number += 1
    return RunDirectory(root / f"{stem}-{number}")


def _make_folder(path: Path) -> bool:
    """Create a folder; return False if it exists."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        return False
    except OSError as error:
        raise unusable_home(error) from error
    return True


def check_new_name(name: str) -> None:
    """Check that a new run can have this name.

    Raises:
        RequestError: The name is not valid, or there is a run with this name.
    """
    check_name(name)
    try:
        is_taken = (runs_dir() / name).exists()
    except OSError as error:
        raise unusable_home(error) from error
    if is_taken:
        raise _name_taken(name)


def _name_taken(name: str) -> errors.RequestError:
    return errors.RequestError(f"there is already a run named {name}; choose another name", name)


def check_name(name: str) -> None:
    """Check that a name is a plain directory name.

    Raises:
        RequestError: The name is not valid, or it is the name of a preset or ``latest``.
    """
    if not _NAME.fullmatch(name):
        raise errors.RequestError(
            f"{name!r} is not a valid run name; allowed: 1 to 80 of the characters A-Z, a-z, 0-9, '_'"
            " and '-', not starting with '-'",
            name,
        )
    if name == "latest" or name in PRESETS:
        meaning = "the newest run" if name == "latest" else "a preset"
        raise errors.RequestError(f"{name} is the name of {meaning}; choose another name", name)


def list_runs() -> list[RunDirectory]:
    """Return all runs, oldest first.

    Raises:
        RequestError: The data folder cannot be read.
    """
    try:
        found = [RunDirectory(path) for path in runs_dir().iterdir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise unusable_home(error) from error
    dated = [(created, run.name, run) for run in found if (created := _created_ns(run)) is not None]
    return [run for *_, run in sorted(dated, key=lambda entry: entry[:2])]


def _created_ns(run: RunDirectory) -> int | None:
    """Return when ``run.json`` was written, whatever it is; None for a directory without one."""
    try:
        return run.manifest_path.lstat().st_mtime_ns
    except OSError:
        return None


def find_run(word: str) -> RunDirectory:
    """Return the run with a path, a name, a unique prefix of a name, or ``latest``.

    Raises:
        RequestError: No run matches, or several match.
    """
    if "/" in word:
        run = RunDirectory(Path(word).expanduser().absolute())
        if _created_ns(run) is not None:
            return run
        raise errors.RequestError(f"{word} is not a run directory: it contains no run.json", word)
    runs = list_runs()
    if not runs:
        raise errors.RequestError(f"there is no run named {word}: there are no runs yet", word)
    if word == "latest":
        return runs[-1]
    by_name = {run.name: run for run in runs}
    if word in by_name:
        return by_name[word]
    matching = [name for name in by_name if word and name.startswith(word)]
    if len(matching) > 1:
        raise errors.RequestError(
            f"{word!r} matches several runs; one of: {', '.join(sorted(matching)[:8])}", word
        )
    if not matching:
        raise errors.unknown("a run", word, by_name)
    return by_name[matching[0]]


def live_runs() -> Iterator[tuple[RunDirectory, RunLock]]:
    """Yield the runs that a worker has locked now, newest first."""
    for run in reversed(list_runs()):
        if (lock := run.holder()) is not None:
            yield run, lock


def _try_lock(fd: int, kind: int) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
