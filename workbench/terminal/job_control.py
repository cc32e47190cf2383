"""Job control: whether a shell can continue this process after it has been stopped."""

import os
import subprocess
import sys
from pathlib import Path


def can_be_continued() -> bool:
    """Return whether a process above can continue this one after it has been stopped.

    A shell puts each of its jobs into a process group of its own. Without such a shell (``ssh -t HOST
    seqlm-tui``, the first process of a terminal window) the group is orphaned in the sense of POSIX,
    and nobody would continue it. A program such as ``timeout`` may stand in between, in the group.
    """
    group, session, above = os.getpgrp(), os.getsid(0), os.getppid()
    try:
        while above > 0 and os.getsid(above) == session:
            if os.getpgid(above) != group:
                return True
            above = _parent_of(above)
    except (OSError, ValueError, LookupError, subprocess.SubprocessError):
        return False
    return False


def _parent_of(pid: int) -> int:
    """Return the parent of another process."""
    if sys.platform == "linux":
        status = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        return int(status.rpartition(")")[2].split()[1])  # a name may hold spaces and brackets
    command = ["ps", "-o", "ppid=", "-p", str(pid)]
    return int(subprocess.run(command, capture_output=True, check=True, timeout=1).stdout)
