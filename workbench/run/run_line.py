"""The one line that gives a run again, with what was changed by hand while it went."""

from functools import lru_cache

from seqlm import recipe
from seqlm.config import Change, RunConfig
from seqlm.errors import SeqlmError
from workbench.render.text import clean
from workbench.run.state import Changed
from workbench.situation import Situation


def run_line(situation: Situation) -> str:
    """``PRESET KEY=VALUE... KEY=VALUE@STEP...`` of what is on the screen, harmless to show and copy."""
    run = situation.run
    return _line(situation.config, tuple(map(_said, run.changes))) or run.recipe


def _said(changed: Changed) -> Change:
    return Change(key=changed.key, value=changed.new, step=changed.step)


@lru_cache(maxsize=2)
def _line(config: RunConfig, changes: tuple[Change, ...]) -> str:
    """Empty where a log of another version names what this one does not know."""
    try:
        # A planned change is told when it takes force too: the same key at the same step, once.
        for change in changes:
            config = recipe.with_change(config, change)
        return clean(recipe.write(config))
    except SeqlmError:
        return ""
