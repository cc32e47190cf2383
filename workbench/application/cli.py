"""The ``seqlm-tui`` command: reads its arguments, then opens the screen.

Importing Textual takes longest. Arguments are checked before that, and the corpus is read in another
process meanwhile. The worker, which needs a second to import torch, starts after the first frame.
"""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from seqlm.configuration.run_config import RunConfig
from seqlm.errors import SeqlmError
from seqlm.runs.directory import RunDirectory
from seqlm.sanitize import one_line
from workbench.run.open_target import DEFAULT_PRESET, CliOptions, resolve_cli_target
from workbench.terminal.capabilities import (
    check_terminal,
    drop_stale_size_env,
    needs_ascii,
    palette_name,
)

INTERRUPTED = 130
_QUICK_CORPUS = "names"
# Textual reads from these variables how many colors it may use.
_TEXTUAL_ENVIRONMENT = {"16": {"TEXTUAL_COLOR_SYSTEM": "standard"}, "none": {"NO_COLOR": "1"}}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the workbench; an error is one line, with ``SEQLM_DEBUG=1`` a traceback."""
    try:
        options = _parse(sys.argv[1:] if arguments is None else arguments)
        check_terminal(os.environ, f"seqlm train {DEFAULT_PRESET}")
        config, run = resolve_cli_target(options.what, options.settings, options.attach)
        status = _open(config, run, options)
    except (SeqlmError, OSError) as error:
        if os.environ.get("SEQLM_DEBUG") == "1":
            raise
        fail(one_line(error), getattr(error, "exit_status", 1))
    except KeyboardInterrupt:  # before a screen reads ctrl+c as a key
        status = INTERRUPTED
    sys.exit(status)


def _parse(arguments: Sequence[str]) -> CliOptions:
    if not arguments:
        return CliOptions()
    from workbench.application.arguments import parse_arguments

    return parse_arguments(arguments)


def fail(message: str, exit_status: int = 2) -> NoReturn:
    """Print an error in one line and exit."""
    sys.stderr.write(f"seqlm-tui: error: {message}\n")
    sys.exit(exit_status)


def _open(config: RunConfig, run: RunDirectory | None, options: CliOptions) -> int:
    from workbench.corpus.preload import PreviewPreload

    drop_stale_size_env(os.environ)
    palette = options.palette or palette_name(os.environ)
    os.environ.update(_TEXTUAL_ENVIRONMENT.get(palette, {}))
    preload = PreviewPreload(config.data) if config.data.corpus == _QUICK_CORPUS else None
    from workbench.application.app import Workbench
    from workbench.application.startup import StartupOptions
    from workbench.render.palette import PALETTES

    startup = StartupOptions(
        config=config,
        run=run,
        preview=preload.wait() if preload else None,
        palette=PALETTES[palette],
        ascii_only=options.ascii_only or needs_ascii(os.environ),
        fps=options.fps,
    )
    app = Workbench(startup)
    app.run()
    return app.return_code or 0
