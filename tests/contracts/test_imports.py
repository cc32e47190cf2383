"""Import rules: which modules load torch or Textual, and which package may import which."""

import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from light_modules import light_modules

import seqlm

ROOT = Path(seqlm.__file__).parents[1]
HEAVY = {"torch", "numpy", "safetensors"}


def modules_of(package: str) -> list[str]:
    """Return the names of a package and of all modules in it."""
    found = pkgutil.walk_packages([str(ROOT / package)], f"{package}.")
    return [package, *(module.name for module in found if not module.name.endswith("__main__"))]


def loaded_by(modules: list[str]) -> set[str]:
    """Return the top-level packages loaded after importing ``modules`` in one new process."""
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
    program += "".join(f"import {module}\n" for module in modules)
    program += "print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def modules_that_load(modules: list[str], forbidden: set[str]) -> list[str]:
    """Return the modules that load a forbidden package."""
    if not loaded_by(modules) & forbidden:
        return []
    return [module for module in modules if loaded_by([module]) & forbidden]


def test_light_modules_load_neither_torch_nor_numpy_nor_textual() -> None:
    assert modules_that_load(sorted(light_modules()), HEAVY | {"textual"}) == []


def test_the_light_modules_include_what_the_screen_needs() -> None:
    names = light_modules()
    assert {"seqlm.worker.client", "seqlm.runs.event_log", "seqlm.runspec.recipe"} <= names
    assert not {"seqlm.models.mlp", "seqlm.training.trainer"} & names


def test_the_command_line_loads_neither_torch_nor_numpy() -> None:
    assert modules_that_load([name for name in modules_of("seqlm") if ".cli" in name], HEAVY) == []


def test_workbench_loads_neither_torch_nor_numpy() -> None:
    assert modules_that_load(modules_of("workbench"), HEAVY) == []


def test_seqlm_loads_neither_textual_nor_workbench() -> None:
    assert modules_that_load(modules_of("seqlm"), {"textual", "workbench"}) == []


def test_import_contracts_hold() -> None:
    command = shutil.which("lint-imports") or str(Path(sys.executable).with_name("lint-imports"))
    if not Path(command).exists():
        pytest.skip("import-linter is not installed")
    done = subprocess.run(
        [command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout
