"""What is said of an error that nobody expected: one line, and where its traceback was written."""

import os
import tempfile
from traceback import format_exception

from seqlm.errors import one_line


def last_words(program: str, error: BaseException, comfort: str = "") -> str:
    """The line that a program ends with; with ``SEQLM_DEBUG=1`` after its traceback.

    Args:
        program: What it is called.
        error: What nobody handled.
        comfort: What is well in spite of it.
    """
    traceback = "".join(format_exception(error))
    words = f"{program}: error: {type(error).__name__}: {one_line(error)}"
    if os.environ.get("SEQLM_DEBUG") == "1":
        return f"{traceback}{words}\n"
    remarks = "; ".join(filter(None, (comfort, _kept(program, traceback))))
    return f"{words} ({remarks})\n"


def _kept(program: str, traceback: str) -> str:
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix=f"{program}-", suffix=".log", delete=False, errors="backslashreplace"
        ) as file:
            file.write(traceback)
    except OSError as error:
        return f"no file for the traceback: {one_line(error)}"
    return f"traceback: {file.name}"
