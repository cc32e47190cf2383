"""Who may import what. The screen must be drawn before torch is loaded, by a process without it."""

import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import seqlm

ROOT = Path(seqlm.__file__).parents[1]
LIGHT = [
    "seqlm",
    "seqlm.configuration.run_config",
    "seqlm.data.corpus",
    "seqlm.data.download",
    "seqlm.data.grammar",
    "seqlm.data.ngrams",
    "seqlm.data.prepared_text",
    "seqlm.data.baselines",
    "seqlm.data.corpus_registry",
    "seqlm.data.split",
    "seqlm.data.synthetic_tasks",
    "seqlm.data.tokenizer",
    "seqlm.runspec.relevance",
    "seqlm.errors",
    "seqlm.configuration.model_configs",
    "seqlm.configuration.model_base",
    "seqlm.generation.sampler",
    "seqlm.paths",
    "seqlm.configuration.model_base",
    "seqlm.presets",
    "seqlm.protocol.codec",
    "seqlm.protocol.commands",
    "seqlm.protocol.events",
    "seqlm.protocol.queries",
    "seqlm.runspec.recipe",
    "seqlm.worker.client",
    "seqlm.runs.directory",
    "seqlm.worker.follow_run",
    "seqlm.runs.event_log",
    "seqlm.runs.log_spaced",
    "seqlm.worker.transport",
    "seqlm.runs.summary",
    "seqlm.runs.resolve_target",
    "seqlm.configuration.schema",
    "seqlm.configuration.schema",
    "seqlm.configuration.dotted_keys",
    "seqlm.training.live_settings",
    "seqlm.training.trainer_state",
    "seqlm.training.schedule",
    "seqlm.training.lr_sweep",
]
HEAVY = {"torch", "numpy", "safetensors"}


def modules_of(package: str) -> list[str]:
    """A package and everything in it, by name."""
    found = pkgutil.walk_packages([str(ROOT / package)], f"{package}.")
    return [package, *(module.name for module in found if not module.name.endswith("__main__"))]


def loaded_by(modules: list[str]) -> set[str]:
    """The top-level packages in memory after importing ``modules``, all in one new process."""
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
    program += "".join(f"import {module}\n" for module in modules)
    program += "print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def guilty(modules: list[str], forbidden: set[str]) -> list[str]:
    """Which of the modules load something forbidden."""
    if not loaded_by(modules) & forbidden:
        return []
    return [module for module in modules if loaded_by([module]) & forbidden]


def test_the_light_modules_load_neither_torch_nor_numpy() -> None:
    assert guilty(LIGHT, HEAVY | {"textual"}) == []


def test_the_command_line_loads_neither_torch_nor_numpy() -> None:
    assert guilty([name for name in modules_of("seqlm") if ".cli" in name], HEAVY) == []


def test_no_module_of_the_screen_loads_torch_or_numpy() -> None:
    assert guilty(modules_of("workbench"), HEAVY) == []


def test_no_module_of_the_core_loads_a_screen() -> None:
    assert guilty(modules_of("seqlm"), {"textual", "workbench"}) == []


def test_no_arrow_between_the_rooms_runs_back_up() -> None:
    command = shutil.which("lint-imports") or str(Path(sys.executable).with_name("lint-imports"))
    if not Path(command).exists():
        pytest.skip("import-linter is not installed")
    done = subprocess.run(
        [command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout
