"""What a preset is."""

from msgspec import Struct

from seqlm.config import RunConfig


class Preset(Struct, frozen=True, kw_only=True):
    """A configuration with a name, what it teaches, and what it reaches.

    ``expected_val_loss`` is in nats per token (of the training split, where there is no validation
    split), ``expected_cpu_s`` the processor time that took on one core; both were measured with seed
    0 on the corpus that the preset names.
    """

    config: RunConfig
    teaches: str
    expected_val_loss: float | None = None
    expected_cpu_s: float | None = None

    @property
    def name(self) -> str:
        """The name a person types."""
        return self.config.preset
