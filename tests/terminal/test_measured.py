"""Latency, output bytes and memory. Run by hand on a machine without other load."""

import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from hostile_run import append, write_manifest
from workbench_program import DOWN, LEFT, RIGHT, UP, Workbench

from seqlm.protocol import events

pytestmark = pytest.mark.slow
Start = Callable[..., Workbench]

P50_MS, P95_MS = 20.0, 60.0
MAX_TRAINING_BYTES_S, MAX_SLOW_BYTES_S = 80_000, 8_000
MAX_RSS_BYTES = 120_000_000
KEYS, WATCHED_S, IDLE_S = 80, 5.0, 3.0
CURSOR, TEXT = "◂".encode(), b"[ "
"""Output at the cursor of Controls, and before the token at the cursor of Generate."""


def begin_training(start: Start, *words: str) -> Workbench:
    program = start(*words)
    program.wait_for("names-mlp", "uniform", "quit")
    program.press(" ")
    program.wait_for("● training", "steps/s", "best ")
    watch(program, 3.0)
    return program


def watch(program: Workbench, seconds: float) -> int:
    """Read for some seconds; return the number of bytes."""
    before, until = len(program.output), time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        program.read(left)
    return len(program.output) - before


def latencies_ms(program: Workbench, keys: tuple[str, str], glyph: bytes) -> list[float]:
    """Return the time from each key to the glyph that it changes, at random times in a frame."""
    draw, found = random.Random(0), []
    for i in range(KEYS):
        watch(program, draw.uniform(0.05, 0.15))
        before, began = len(program.output), time.perf_counter()
        program.press(keys[i % 2])
        program.wait_for_bytes(glyph, before)
        found.append(1000 * (time.perf_counter() - began))
    return found


def print_percentiles(name: str, found: list[float]) -> tuple[float, float]:
    """Print and return the median and the 95th percentile."""
    p50, p95 = statistics.median(found), statistics.quantiles(found, n=20)[-1]
    print(f"\n{name}: p50 {p50:.1f} ms, p95 {p95:.1f} ms (load {psutil.getloadavg()[0]:.1f})")
    return p50, p95


def test_key_latency_while_training(start: Start) -> None:
    program = begin_training(start)
    program.press("2")
    watch(program, 1.0)
    moved = print_percentiles("cursor of Controls", latencies_ms(program, (DOWN, UP), CURSOR))
    program.press("4" + RIGHT * 4)
    watch(program, 1.0)
    drawn = print_percentiles("cursor of Generate", latencies_ms(program, (LEFT, RIGHT), TEXT))
    assert moved <= (P50_MS, P95_MS)
    assert drawn <= (P50_MS, P95_MS)
    assert max(moved[1], drawn[1]) <= P95_MS


def test_training_writes_few_bytes(start: Start) -> None:
    program = begin_training(start)
    usual = watch(program, WATCHED_S) / WATCHED_S
    rss = psutil.Process(program.process.pid).memory_info().rss
    print(f"\ntraining: {usual / 1e3:.1f} kB/s, {rss / 1e6:.0f} MB")
    program.press("q")
    program.wait_for("detach")
    program.press("d")
    assert program.wait_for_end() == 0
    slow = start("--fps", "1")
    slow.wait_for("● training", "steps/s")
    watch(slow, 3.0)
    few = watch(slow, WATCHED_S) / WATCHED_S
    print(f"training at --fps 1: {few / 1e3:.1f} kB/s")
    assert usual <= MAX_TRAINING_BYTES_S
    assert few <= MAX_SLOW_BYTES_S
    assert rss <= MAX_RSS_BYTES


def test_paused_run_writes_nothing(start: Start) -> None:
    program = begin_training(start)
    program.press(" ")
    program.wait_for("paused")
    watch(program, 2.0)
    assert watch(program, IDLE_S) == 0


def write_log(folder: Path, n_steps: int) -> None:
    """Write a finished run of ``n_steps`` steps."""
    folder.mkdir(parents=True)
    write_manifest(folder, folder.name, "names")
    draw = random.Random(0)
    logged: list[events.Event] = [
        events.RunCreated(
            run=folder.name,
            recipe="names-mlp",
            preset="names-mlp",
            n_parameters=11_897,
            n_vocab=27,
            n_targets={"train": 9, "val": 9},
            steps_planned=n_steps,
        ),
        events.Continued(step=0),
    ]
    for first in range(1, n_steps + 1, 100):
        losses = [round(2 + 25 / (first + i) + draw.gauss(0, 0.2), 4) for i in range(100)]
        logged.append(
            events.StepsDone(
                first_step=first,
                losses=losses,
                learning_rate=0.1,
                train_s=first / 4000,
                cpu_s=first / 4000,
                n_tokens=32 * first,
            )
        )
        if first % 1000 == 901:
            logged.append(
                events.Evaluated(
                    step=first + 99,
                    split="val",
                    loss=losses[0],
                    n_tokens=9,
                    protocol="",
                    best=False,
                )
            )
    append(folder / "events.jsonl", [*logged, events.Ended(step=n_steps, status="finished")])


def test_cost_does_not_grow_with_the_number_of_steps(start: Start, home: Path) -> None:
    cpu_ms, rss = {}, {}
    for n_steps in (1_000, 1_000_000):
        write_log(home / "runs" / f"of-{n_steps}", n_steps)
        program = start(f"of-{n_steps}")
        program.wait_for("✓ finished", f"{n_steps:,}")
        watch(program, 3.0)
        process = psutil.Process(program.process.pid)
        assert watch(program, IDLE_S) == 0
        before = sum(process.cpu_times()[:2])
        for _ in range(20):
            program.press("x")
            watch(program, 0.1)
        cpu_ms[n_steps] = 1000 * (sum(process.cpu_times()[:2]) - before) / 20
        rss[n_steps] = process.memory_info().rss / 1e6
        assert program.leave() == 0
    print(f"\nprocessor ms a frame by steps {cpu_ms}, MB by steps {rss}")
    assert cpu_ms[1_000_000] <= 1.5 * cpu_ms[1_000] + 5
    assert rss[1_000_000] <= MAX_RSS_BYTES / 1e6
