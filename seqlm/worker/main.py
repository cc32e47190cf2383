"""Entry point of the worker process, which trains or reads a run and answers its clients.

The worker is started with ``python -P -m seqlm.worker.main --socket-fd N --socket-path P`` in a
session of its own, so that it survives the end of its clients. ``-P`` keeps the working folder out of
the import path. The worker listens before torch is imported: commands wait in the socket until the
worker is ready. Importing torch keeps a core and the disk busy for a second, so the import starts with
the first message of a client, and does not start for a client that leaves without a message.
"""

import argparse
import contextlib
import signal
import socket
import sys
import traceback
from pathlib import Path

from seqlm.worker.transport import SocketServer

_FIRST_MESSAGE_TIMEOUT_S = 1.0


def main() -> None:
    """Run a worker until it has nothing more to do."""
    arguments = _parse_arguments()
    listener = SocketServer(socket.socket(fileno=arguments.socket_fd))
    path = Path(arguments.socket_path)
    _ignore_terminal_signals()
    try:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # nothing to save yet
        signal.pthread_sigmask(signal.SIG_SETMASK, ())  # the parent process may block signals
        if not listener.wait_for_input(_FIRST_MESSAGE_TIMEOUT_S):
            return
        from seqlm.worker.server import WorkerServer  # imports torch, about a second

        server = WorkerServer(listener, path)
        signal.signal(signal.SIGTERM, lambda *_: server.terminate())
        server.serve()
    except Exception:
        with contextlib.suppress(OSError):  # the log may be on a full disk
            traceback.print_exc()
        sys.exit(1)
    finally:
        path.unlink(missing_ok=True)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="seqlm.worker.main")
    parser.add_argument("--socket-fd", type=int, required=True)
    parser.add_argument("--socket-path", required=True)
    return parser.parse_args()


def _ignore_terminal_signals() -> None:
    """Ignore the signals that the end of a terminal or a lost client sends."""
    for name in ("SIGHUP", "SIGINT", "SIGPIPE"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)


if __name__ == "__main__":
    main()
