"""The first minute of the README in a real terminal: each step has the described result."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pty_program import ROOT
from workbench_program import DOWN, ESC, LEFT, RIGHT, UP, Workbench

SECTION = (ROOT / "README.md").read_text().partition("## The first minute")[2].partition("\n## ")[0]
STEPS = re.findall(r"^\d\. (.*?)(?=^\d\. |\n\n)", SECTION, re.M | re.S)
KEYS = {"space": " ", "→": RIGHT, "←": LEFT, "↑": UP, "↓": DOWN, "esc": ESC, "enter": "\r"}
FAST = ("train.steps=100000000", "train.evaluate_every=200")
"""Enough steps that training never ends during the test; more frequent validation saves time."""


def keys_of(step: int) -> list[str]:
    """Return the keys of a step of the README, as a terminal sends them."""
    return [KEYS.get(key, key) for key in re.findall(r"`([^`]+)`", STEPS[step - 1])]


def val_loss(screen: str) -> float:
    """Return the validation loss on the screen, infinity where there is none yet."""
    found = re.search(r"\bval (\d+\.\d+) at", screen)
    return float(found[1]) if found else float("inf")


def generate_title(screen: str) -> str:
    return next(
        row[row.index("4 Generate") :] for row in screen.splitlines() if "4 Generate" in row
    )


def step_in_generate(screen: str) -> int | None:
    """Return the step of the weights that Generate shows, by its title."""
    found = re.search(r"step (\d[\d,]*)(?![\d,/])", generate_title(screen))  # not of "step 1/5"
    return int(found[1].replace(",", "")) if found else None


def kept_step(screen: str) -> int:
    """Return the step that Generate and the hint row both show, a large number while they differ."""
    step = step_in_generate(screen)
    hint = screen.splitlines()[1]
    return step if step is not None and f"step {step:,} " in hint else 10**9


def n_sampled(screen: str) -> int:
    """Return the number of tokens after the prompt: the surprisals under the text."""
    found = re.search(r"╎((?: *\d+\.\d+)*) *nats", screen)
    return len(found[1].split()) if found else 0


def test_every_step_of_the_readme_is_parsed() -> None:
    assert len(STEPS) == 6
    assert keys_of(1) == [" "]


@pytest.fixture
def program(start: Callable[..., Workbench]) -> Workbench:
    program = start("names-mlp", *FAST)
    program.wait_for("uniform", "bigram")
    return program


def check_training(program: Workbench) -> None:
    """Press the keys of steps 1 to 3: the loss falls below the bigrams, and the rate is halved."""
    (space,) = keys_of(1)
    program.press(space)
    first = val_loss(program.wait_until(lambda seen: val_loss(seen) < 99, "a validation loss"))
    program.wait_until(lambda seen: val_loss(seen) < first, "a lower validation loss")

    (bigram,) = keys_of(2)
    screen = program.screen()
    baseline = float(re.search(rf"{bigram} +(\d+\.\d+)", screen)[1])  # type: ignore[index]
    program.wait_until(lambda seen: val_loss(seen) < baseline, "a loss below the bigram counts")

    halve, marker = keys_of(3)
    program.press(halve)
    program.wait_for(marker, "0.1 → 0.05")


def check_generation(program: Workbench) -> None:
    """Press the keys of steps 4 and 5: letters are sampled, then earlier steps are viewed."""
    generate, right, _up, down, enter = keys_of(4)
    program.press(generate)
    for count in (1, 2):
        program.press(right)
        program.wait_until(lambda seen, n=count: n_sampled(seen) == n, "a letter")
    program.press(down + enter)
    frozen = step_in_generate(program.screen())

    discard, earlier, later, live = keys_of(5)
    program.press(discard)
    program.wait_until(lambda seen: step_in_generate(seen) != frozen, "the live model")
    shown = []
    for _ in range(2):
        program.press(earlier)
        before = shown[-1] if shown else 10**9
        screen = program.wait_until(lambda seen, n=before: kept_step(seen) < n, "an earlier step")
        shown.append(kept_step(screen))
    program.press(later)
    program.wait_until(lambda seen: kept_step(seen) == shown[0], "the later step")
    program.press(live)
    program.wait_until(lambda seen: (step_in_generate(seen) or 0) > shown[0], "the live model")


def test_each_step_has_the_promised_result(
    program: Workbench, start: Callable[..., Workbench], home: Path
) -> None:
    check_training(program)
    check_generation(program)
    leave, detach, *_ = keys_of(6)
    program.press(leave)
    program.wait_for("detach")
    program.press(detach)
    assert program.wait_for_end() == 0
    again = start()
    again.wait_for("training", "names-mlp-1")
    again.leave()
