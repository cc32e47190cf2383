import multiprocessing
import os
import threading
from pathlib import Path

import pytest

from seqlm.errors import RequestError, SeqlmError
from seqlm.paths import runs_dir
from seqlm.presets import preset_config
from seqlm.runs.directory import (
    CorpusRecord,
    Manifest,
    RunDirectory,
    RunLock,
    create,
    find_run,
    list_runs,
    live_runs,
)

LOCK = RunLock(pid=1, socket="/somewhere.sock")


def made(name: str) -> RunDirectory:
    run = create("x", name)
    run.write_manifest(manifest(name))
    return run


def manifest(name: str) -> Manifest:
    return Manifest(
        run=name,
        recipe="names-mlp",
        config=preset_config("names-mlp"),
        corpus=CorpusRecord(name="names", n_bytes=1, sha256="0" * 64),
        created_t=1.5,
        versions={},
    )


def test_a_run_is_private_and_numbered() -> None:
    first, second = create("names-mlp"), create("names-mlp")
    assert (first.name, second.name) == ("names-mlp-1", "names-mlp-2")
    assert first.path.stat().st_mode & 0o777 == 0o700
    assert runs_dir().stat().st_mode & 0o777 == 0o700


def test_a_manifest_is_read_as_written() -> None:
    run = made("mine")
    assert run.manifest() == manifest("mine")
    assert list(run.path.iterdir()) == [run.manifest_path]


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"run": 5}', b"\xff"])
def test_a_damaged_manifest_is_reported_with_the_run_name(content: bytes) -> None:
    run = made("mine")
    run.manifest_path.write_bytes(content)
    with pytest.raises(SeqlmError, match=r"mine: run\.json is damaged: (it|the) "):
        run.manifest()


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../up", "a b", "-x", "x" * 81, "é", "a\n"])
def test_an_invalid_run_name_is_rejected(name: str) -> None:
    with pytest.raises(RequestError, match="is not a valid run name"):
        create("x", name)
    assert list_runs() == []


def test_an_existing_run_name_is_rejected() -> None:
    made("mine")
    with pytest.raises(RequestError, match="there is already a run named mine"):
        create("x", "mine")


def test_runs_are_found_by_name_prefix_path_and_latest() -> None:
    one, two = made("alpha-1"), made("beta-1")
    os.utime(one.manifest_path, (1, 1))
    assert find_run("alpha-1").path == one.path
    assert find_run("be").path == two.path
    assert find_run(str(one.path)).path == one.path
    assert find_run("latest").path == two.path


def test_an_unknown_run_is_rejected_with_the_nearest_name() -> None:
    with pytest.raises(RequestError, match="no runs yet"):
        find_run("alpha")
    made("alpha-1")
    made("alpha-2")
    with pytest.raises(RequestError, match="several runs; one of: alpha-1, alpha-2"):
        find_run("alpha")
    with pytest.raises(RequestError, match="Nearest: alpha-1"):
        find_run("alhpa-1")
    with pytest.raises(RequestError, match=r"no run\.json"):
        find_run("./nowhere")
    with pytest.raises(RequestError):
        find_run("")


def test_a_run_is_locked_by_one_process_at_a_time() -> None:
    run = made("mine")
    assert run.holder() is None
    fd = run.acquire_lock(LOCK)
    assert run.holder() == LOCK
    assert [held.name for held, _ in live_runs()] == ["mine"]
    with pytest.raises(RequestError, match="open in another worker"):
        run.acquire_lock(LOCK)
    os.close(fd)
    assert run.holder() is None
    again = run.acquire_lock(RunLock(pid=2, socket="s"))
    assert run.holder() == RunLock(pid=2, socket="s")
    os.close(again)


def _lock_and_exit(path: Path) -> None:
    RunDirectory(path).acquire_lock(LOCK)
    os._exit(9)


def test_the_lock_of_a_dead_process_is_released() -> None:
    run = made("mine")
    process = multiprocessing.get_context("spawn").Process(target=_lock_and_exit, args=(run.path,))
    process.start()
    process.join()
    assert process.exitcode == 9
    assert run.lock_path.read_bytes()
    assert run.holder() is None
    os.close(run.acquire_lock(LOCK))


def test_reading_the_lock_never_prevents_locking() -> None:
    run = made("mine")
    os.close(run.acquire_lock(LOCK))
    is_over = threading.Event()

    def read_lock() -> None:
        while not is_over.is_set():
            run.holder()

    readers = [threading.Thread(target=read_lock) for _ in range(2)]
    for thread in readers:
        thread.start()
    try:
        for _ in range(50):
            os.close(run.acquire_lock(LOCK))
    finally:
        is_over.set()
        for thread in readers:
            thread.join()
