"""Makes the README's picture: a real training of the bundled names, seen after some thousand steps.

Run it with ``python tests/tools/screenshot.py assets/screenshot.svg``; it takes about a minute.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from seqlm.runspec import recipe
from workbench.application.app import Workbench
from workbench.application.startup import StartupOptions
from workbench.corpus.preview import make_preview

RECIPE = "names-mlp model.init=scaled train.steps=40000"
HALVED_AT, TAKEN_AT = 20_000, 30_000


async def take(path: Path) -> None:
    """Train, halve the learning rate, draw four letters, and write the screen as SVG."""
    config = recipe.parse_recipe(RECIPE)
    preview = make_preview(config.data)
    app = Workbench(StartupOptions(config=config, preview=preview))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("space")
        while app.state.run.step < HALVED_AT:
            await pilot.pause(0.2)
        await pilot.press("2", "left_square_bracket", "4")
        while app.state.run.step < TAKEN_AT:
            await pilot.pause(0.2)
        for _ in range(4):
            await pilot.press("right")
            await pilot.pause(0.5)
        path.write_text(app.export_screenshot(title="seqlm-tui"))
        await pilot.press("X")
        await pilot.pause(1.0)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ["SEQLM_HOME"] = home
        asyncio.run(take(Path(sys.argv[1])))
