"""Write the generated parts of the documentation: module trees, preset table, settings table.

Run it with ``python tests/tools/write_docs.py``; the tests check that the files are up to date.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from seqlm.configuration import dotted_keys
from seqlm.configuration.model_configs import FAMILIES
from seqlm.configuration.run_config import RunConfig
from seqlm.configuration.schema import Setting
from seqlm.presets import PRESETS

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "contracts"))

from light_modules import light_modules  # noqa: E402  (found through the line above)

WIDTH = 105


def tree(package: str) -> str:
    """Return the modules of a package, each with the first sentence of its docstring."""
    light = light_modules() if package == "seqlm" else frozenset()
    return "\n".join(["```", *_tree_rows(ROOT / package, 0, light), "```"])


def _tree_rows(folder: Path, depth: int, light: frozenset[str]) -> Iterator[str]:
    indent = "  " * depth
    yield _row(f"{indent}{folder.name}/", _summary(folder / "__init__.py"))
    for path in sorted(folder.glob("*.py")):
        if path.name not in ("__init__.py", "__main__.py"):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            mark = "[light] " if name in light else ""
            yield _row(f"{indent}  {path.name}", mark + _summary(path))
    for path in sorted(folder.iterdir()):
        if (path / "__init__.py").exists():
            yield from _tree_rows(path, depth + 1, light)


def _row(name: str, summary: str) -> str:
    row = f"{name:<27} {summary}"
    return row if len(row) <= WIDTH else f"{row[: WIDTH - 2].rsplit(' ', 1)[0]} …"


def _summary(path: Path) -> str:
    paragraph = (ast.get_docstring(ast.parse(path.read_text())) or "").partition("\n\n")[0]
    return " ".join(paragraph.replace("``", "").split()).removesuffix(".")


def preset_table() -> str:
    """Return all presets with their measured loss and processor time as a Markdown table."""
    rows = ["| preset | model | loss | processor | what it teaches |"]
    rows.append("| --- | --- | ---: | ---: | --- |")
    for preset in PRESETS.values():
        kind = dotted_keys.kind_of(preset.config.model)
        loss = "—" if preset.expected_loss is None else f"{preset.expected_loss:.3f}"
        seconds = "—" if preset.expected_cpu_s is None else f"{preset.expected_cpu_s:g} s"
        rows.append(f"| `{preset.name}` | {kind} | {loss} | {seconds} | {preset.teaches} |")
    return "\n".join(rows)


def settings_page() -> str:
    """Return the page of all settings: default, allowed values, meaning."""
    shared, families = _settings_by_family()
    parts = [
        "# Settings",
        "Generated from the declarations in `seqlm/configuration` by `tests/tools/write_docs.py`."
        " Set one with `KEY=VALUE`, or at a given step with `KEY=VALUE@STEP` where *live* is yes:"
        " these can be changed while the model trains. Defaults are those of the configuration; a"
        " preset may set others (`seqlm presets NAME`).",
        "## Data, training, sampling",
        _settings_table(shared),
    ]
    for kind, settings in families.items():
        parts += [f"## Model family `{kind}`", _settings_table(settings)]
    return "\n\n".join(parts) + "\n"


def _settings_by_family() -> tuple[list[Setting], dict[str, list[Setting]]]:
    shared: dict[str, Setting] = {}
    families: dict[str, list[Setting]] = {}
    for kind, model in FAMILIES.items():
        settings = dotted_keys.settings_of(RunConfig(preset="names-mlp", model=model()))
        families[kind] = [each for each in settings if each.key.startswith("model.")]
        shared |= {each.key: each for each in settings if not each.key.startswith("model.")}
    return list(shared.values()), families


def _settings_table(settings: list[Setting]) -> str:
    rows = ["| setting | default | allowed | live | meaning |", "| --- | --- | --- | --- | --- |"]
    for each in settings:
        unit = f" [{each.unit}]" if each.unit else ""
        cells = (
            f"`{each.key}`",
            f"`{each.format(each.default)}`",
            _allowed(each),
            "yes" if each.is_live else "",
            f"{each.help}{unit}".replace("|", "\\|"),
        )
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def _allowed(setting: Setting) -> str:
    if setting.kind == "text":
        return "text"
    return setting.format_bounds().replace("|", "\\|")


def pages() -> dict[Path, str]:
    """Return the path and the up-to-date text of every page with generated parts."""
    docs = ROOT / "assets" / "docs"
    found = {docs / "settings.md": settings_page()}
    for package in ("seqlm", "workbench"):
        path = ROOT / package / "README.md"
        found[path] = _replace(path.read_text(), "tree", tree(package))
    presets = docs / "presets.md"
    found[presets] = _replace(presets.read_text(), "presets", preset_table())
    return found


def _replace(text: str, name: str, part: str) -> str:
    before, _, rest = text.partition(f"<!-- {name} -->\n")
    _, _, after = rest.partition(f"<!-- /{name} -->")
    return f"{before}<!-- {name} -->\n{part}\n<!-- /{name} -->{after}"


def main() -> None:
    """Write every page."""
    for path, text in pages().items():
        path.write_text(text)


if __name__ == "__main__":
    main()
