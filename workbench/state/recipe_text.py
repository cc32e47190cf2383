"""The one line that gives a run again, with what was changed by hand while it went."""

from functools import lru_cache

from seqlm.configuration.run_config import Change, RunConfig
from seqlm.errors import SeqlmError
from seqlm.runs.run_state import AppliedChange
from seqlm.runspec import recipe
from workbench.render.sanitize import sanitize
from workbench.run.state import RunState
from workbench.state.app_state import AppState


def recipe_text(situation: AppState) -> str:
    """``PRESET KEY=VALUE... KEY=VALUE@STEP...`` of what is on the screen, harmless to show and copy."""
    run = situation.run
    return _line(situation.config, tuple(map(_said, run.changes))) or run.recipe


def recipe_text_kind(run: RunState) -> str:
    """What :func:`recipe_text` gives, in words: of very many changes it holds the latest alone."""
    n_missing = run.n_changes - len(run.changes)
    if not n_missing:
        return "the line of this run"
    return f"the line without its first {n_missing:,} changes (seqlm show {run.run} has all)"


def _said(changed: AppliedChange) -> Change:
    return Change(key=changed.key, value=changed.new, step=changed.step)


@lru_cache(maxsize=2)
def _line(config: RunConfig, changes: tuple[Change, ...]) -> str:
    """Empty where a log of another version names what this one does not know."""
    try:
        return sanitize(recipe.as_run(config, changes))
    except SeqlmError:
        return ""
