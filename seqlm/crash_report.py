"""Report of an unexpected exception: one line and a file with the traceback."""

import os
import tempfile
from traceback import format_exception

from seqlm.sanitize import one_line


def format_crash_report(program: str, error: BaseException, note: str = "") -> str:
    """Return the last line of a crashed program; with ``SEQLM_DEBUG=1`` after the traceback.

    Args:
        program: Name of the program.
        error: The unhandled exception.
        note: A reassuring remark, e.g. that training continues.
    """
    traceback = "".join(format_exception(error))
    line = f"{program}: error: {type(error).__name__}: {one_line(error)}"
    if os.environ.get("SEQLM_DEBUG") == "1":
        return f"{traceback}{line}\n"
    remarks = "; ".join(filter(None, (note, _save_traceback(program, traceback))))
    return f"{line} ({remarks})\n"


def _save_traceback(program: str, traceback: str) -> str:
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix=f"{program}-", suffix=".log", delete=False, errors="backslashreplace"
        ) as file:
            file.write(traceback)
    except OSError as error:
        return f"no file for the traceback: {one_line(error)}"
    return f"traceback: {file.name}"
