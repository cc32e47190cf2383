"""Recipe of the displayed run, including the changes made while it ran."""

from functools import lru_cache

from seqlm.configuration.run_config import Change, RunConfig
from seqlm.errors import SeqlmError
from seqlm.runs.run_state import AppliedChange
from seqlm.runspec import recipe
from seqlm.sanitize import sanitize
from workbench.run.state import RunState
from workbench.state.app_state import AppState


def recipe_text(state: AppState) -> str:
    """Return the recipe ``PRESET KEY=VALUE... KEY=VALUE@STEP...`` of the displayed run, sanitized."""
    run = state.run
    applied = map(_to_change, run.changes)
    later = (scheduled.change for scheduled in run.scheduled)
    return _format(state.config, (*applied, *later)) or run.recipe


def recipe_text_kind(run: RunState) -> str:
    """Return a description of :func:`recipe_text`, which holds only the latest of very many changes."""
    n_missing = run.n_changes - len(run.changes)
    if not n_missing:
        return "the recipe of this run"
    return f"the recipe without its first {n_missing:,} changes (seqlm show {run.run} has all)"


def _to_change(changed: AppliedChange) -> Change:
    return Change(key=changed.key, value=changed.new, step=changed.step)


@lru_cache(maxsize=2)
def _format(config: RunConfig, changes: tuple[Change, ...]) -> str:
    """Return the recipe; empty if the log of another version names an unknown setting."""
    try:
        return sanitize(recipe.as_run(config, changes))
    except SeqlmError:
        return ""
