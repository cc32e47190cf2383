"""What a preset is."""

from msgspec import Struct

from seqlm.configuration.model_configs import ModelConfig
from seqlm.configuration.run_config import Change, DataConfig, RunConfig, TrainConfig

_NAMES = DataConfig()


class Preset(Struct, frozen=True, kw_only=True):
    """A configuration with a name, what it teaches, and what it reaches.

    ``expected_loss`` is in nats per token, of what :func:`seqlm.runspec.baselines.primary_split` says;
    ``expected_cpu_s`` is the processor time that took on one core. Both were measured with seed 0 on
    the corpus that the preset names.
    """

    config: RunConfig
    teaches: str
    expected_loss: float | None = None
    expected_cpu_s: float | None = None

    @property
    def name(self) -> str:
        """The name a person types."""
        return self.config.preset


def make(
    name: str,
    model: ModelConfig,
    train: TrainConfig,
    teaches: str,
    expected: tuple[float, float] | None = None,
    *,
    data: DataConfig = _NAMES,
    changes: tuple[Change, ...] = (),
) -> Preset:
    """A preset as its room declares it.

    Args:
        name: The name a person types.
        model: The model.
        train: How it is trained.
        teaches: What there is to learn from it, in a few words.
        expected: The loss in nats per token and the processor time in seconds; None if not measured.
        data: The text; given names if nothing is said.
        changes: Live values that take force later.
    """
    loss, cpu_s = expected or (None, None)
    config = RunConfig(preset=name, data=data, model=model, train=train, changes=changes)
    return Preset(config=config, teaches=teaches, expected_loss=loss, expected_cpu_s=cpu_s)
