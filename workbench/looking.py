"""How often a run is looked after."""

from textual.message_pump import MessagePump

from workbench.session import Session

_LOOK_AGAIN_S = 1.0


class Looking:
    """Looks into the log of a run that goes, and whether another terminal takes one up that does not.

    Args:
        owner: Its timers.
        session: Follows the run.
        fps: How often a second the log of a run that goes is read.
    """

    def __init__(self, owner: MessagePump, session: Session, fps: float) -> None:
        self._often = owner.set_interval(1 / fps, session.read_log, pause=True)
        self._seldom = owner.set_interval(_LOOK_AGAIN_S, session.look_again, pause=True)

    def show(self, is_live: bool) -> None:
        """The run goes, or it does not."""
        now, other = (self._often, self._seldom) if is_live else (self._seldom, self._often)
        now.resume()
        other.pause()
