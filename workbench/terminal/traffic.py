"""How much is sent to the terminal: over SSH it is what a person pays for."""

from textual.driver import Driver


class Traffic:
    """Counts the bytes that a terminal is sent."""

    def __init__(self) -> None:
        self.n_bytes = 0

    def counted(self, driver_class: type[Driver]) -> type[Driver]:
        """The same kind of driver; what it sends is counted here."""
        traffic = self

        class Counting(driver_class):  # type: ignore[valid-type, misc]
            """Sends as its parent does."""

            def send(self, data: str) -> None:
                """Count, then send."""
                traffic.n_bytes += len(data.encode("utf-8", "replace"))
                super().send(data)

        return Counting
