"""The process that trains a run, or reads one, and answers its screens.

It is started with ``python -P -m seqlm.worker.main --socket-fd N --socket-path P`` in a session of
its own, so that no screen's end is its end. It listens before torch is imported: commands wait in the
socket until it is ready. Importing torch keeps a core and the disk busy for a second, so it begins with
the first word of a screen, and not at all for one that left without a word.
"""

import argparse
import signal
import socket
import sys
import traceback
from pathlib import Path

from seqlm.worker.transport import SocketServer

_LONGEST_SILENCE_S = 1.0


def main() -> None:
    """Serve until there is nothing more to do."""
    arguments = _arguments()
    listener = SocketServer(socket.socket(fileno=arguments.socket_fd))
    path = Path(arguments.socket_path)
    _let_go_of_terminal()
    try:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # nothing has begun yet
        if not listener.wait_for_a_word(_LONGEST_SILENCE_S):
            return
        from seqlm.worker.server import WorkerServer  # a second of torch

        desk = WorkerServer(listener, path)
        signal.signal(signal.SIGTERM, lambda *_: desk.terminate())
        desk.serve()
    except Exception:
        traceback.print_exc()
        sys.exit(1)
    finally:
        path.unlink(missing_ok=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="seqlm.worker.main")
    parser.add_argument("--socket-fd", type=int, required=True)
    parser.add_argument("--socket-path", required=True)
    return parser.parse_args()


def _let_go_of_terminal() -> None:
    """Nothing that happens to the terminal it was started from may reach it."""
    for name in ("SIGHUP", "SIGINT", "SIGPIPE"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)


if __name__ == "__main__":
    main()
