"""Argument parser of both programs; apart, because the screen may not import the commands."""

import argparse
from typing import NoReturn

from seqlm.errors import RequestError


class ArgumentParser(argparse.ArgumentParser):
    """Argument parser that reports errors as `RequestError`, like every other error."""

    def error(self, message: str) -> NoReturn:
        """Raise a `RequestError` that names the help option."""
        raise RequestError(f"{message} (help: {self.prog} --help)")
