"""What the ``seqlm-tui`` command does: reads its words, then opens the screen.

Textual takes longest to import, so what can be refused is refused before it, and another process reads
the text meanwhile. The worker, whose torch takes a second, is started after the first frame.
"""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from seqlm.configuration.run_config import RunConfig
from seqlm.errors import SeqlmError, one_line
from seqlm.runs.directory import RunDirectory
from workbench.controllers.open_target import DEFAULT_PRESET, CliOptions, resolve_cli_target
from workbench.terminal.capabilities import (
    check_terminal,
    drop_stale_size_env,
    needs_ascii,
    palette_name,
)

INTERRUPTED = 130
_QUICK_CORPUS = "names"
# Textual mixes colours of its own; how many there may be it reads from here.
_ASKED_OF_TEXTUAL = {"16": {"TEXTUAL_COLOR_SYSTEM": "standard"}, "none": {"NO_COLOR": "1"}}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the workbench; an error is one line, with ``SEQLM_DEBUG=1`` a traceback."""
    try:
        words = _words(sys.argv[1:] if arguments is None else arguments)
        check_terminal(os.environ, f"seqlm train {DEFAULT_PRESET}")
        config, run = resolve_cli_target(words.what, words.settings, words.attach)
        status = _open(config, run, words)
    except (SeqlmError, OSError) as error:
        if os.environ.get("SEQLM_DEBUG") == "1":
            raise
        fail(one_line(error), getattr(error, "exit_status", 1))
    except KeyboardInterrupt:  # before there is a screen that takes it for a key
        status = INTERRUPTED
    sys.exit(status)


def _words(arguments: Sequence[str]) -> CliOptions:
    if not arguments:
        return CliOptions()
    from workbench.arguments import parse_arguments

    return parse_arguments(arguments)


def fail(message: str, exit_status: int = 2) -> NoReturn:
    """Say in one line what was wrong, and leave."""
    sys.stderr.write(f"seqlm-tui: error: {message}\n")
    sys.exit(exit_status)


def _open(config: RunConfig, run: RunDirectory | None, words: CliOptions) -> int:
    from workbench.corpus.preload import PreviewPreload

    drop_stale_size_env(os.environ)
    palette = words.palette or palette_name(os.environ)
    os.environ.update(_ASKED_OF_TEXTUAL.get(palette, {}))
    ahead = PreviewPreload(config.data) if config.data.corpus == _QUICK_CORPUS else None
    from workbench.application.app import Workbench
    from workbench.application.startup import StartupOptions
    from workbench.render.palette import PALETTES

    opening = StartupOptions(
        config=config,
        run=run,
        preview=ahead.wait() if ahead else None,
        palette=PALETTES[palette],
        ascii_only=words.ascii_only or needs_ascii(os.environ),
        fps=words.fps,
    )
    app = Workbench(opening)
    app.run()
    return app.return_code or 0
