"""A preset: a named configuration with its expected result."""

from msgspec import Struct

from seqlm.configuration.data_config import DataConfig
from seqlm.configuration.model_configs import ModelConfig
from seqlm.configuration.run_config import Change, RunConfig, TrainConfig

_NAMES = DataConfig()


class Preset(Struct, frozen=True, kw_only=True):
    """A named configuration with its description and expected result.

    Attributes:
        config: The configuration.
        teaches: What the preset demonstrates, in a few words.
        expected_loss: Loss on the primary split (:func:`seqlm.runspec.baselines.primary_split`) in
            nats per token, measured with seed 0; None if not measured.
        expected_cpu_s: CPU time of the training on one core, in seconds; None if not measured.
    """

    config: RunConfig
    teaches: str
    expected_loss: float | None = None
    expected_cpu_s: float | None = None

    @property
    def name(self) -> str:
        """The name that a user types."""
        return self.config.preset


def make_preset(
    name: str,
    model: ModelConfig,
    train: TrainConfig,
    teaches: str,
    expected: tuple[float, float] | None = None,
    *,
    data: DataConfig = _NAMES,
    changes: tuple[Change, ...] = (),
) -> Preset:
    """Return a preset.

    Args:
        name: The name that a user types.
        model: The model configuration.
        train: The training settings.
        teaches: What the preset demonstrates, in a few words.
        expected: Loss in nats per token and CPU time in seconds; None if not measured.
        data: The data settings; the default is the corpus of given names.
        changes: Scheduled changes of live settings.
    """
    loss, cpu_s = expected or (None, None)
    config = RunConfig(preset=name, data=data, model=model, train=train, changes=changes)
    return Preset(config=config, teaches=teaches, expected_loss=loss, expected_cpu_s=cpu_s)
