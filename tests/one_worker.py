"""One worker for many commands: importing torch takes longer than most commands."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seqlm.worker import client


@contextmanager
def one_worker(folder: Path) -> Iterator[None]:
    """Set a data folder in which every command of this process uses the same worker."""
    (folder / "rt").mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SEQLM_HOME", str(folder / "home"))
        patched.setenv("SEQLM_SOCKETS", str(folder / "rt"))
        first = client.spawn()
        (path,) = (folder / "rt" / "seqlm").glob("*.sock")
        process = first.process
        assert process is not None
        patched.setattr(client, "spawn", lambda: client.Connection(client._connect(path), process))
        try:
            yield
        finally:
            first.close()
            process.kill()
            process.wait()
