"""The ``seqlm`` command."""

from seqlm.cli.main import main

__all__ = ["main"]
