"""The same draw as always, made with the weights of now: one text growing up."""

from seqlm.configuration.run_config import SampleConfig
from seqlm.generation.generator import Generator
from seqlm.protocol.events import Sampled
from seqlm.training.trainer import Trainer

_LENGTH = 40


def sample_with_fixed_seed(trainer: Trainer) -> Sampled:
    """Draw one text with the random numbers of every such draw.

    Raises:
        SeqlmError: The weights give no probabilities.
    """
    text = trainer.text
    generator = Generator(trainer.model, text.tokenizer, trainer.device)
    tokenizer, prompt = text.tokenizer, list[int]()
    if tokenizer.end_id is None:
        stream = text.items["train"][0]
        prompt = tokenizer.encode(stream[: tokenizer.safe_split_point(stream, 1)])[:1]
    *_, drawn = generator.sample(prompt, SampleConfig(), 1, _LENGTH)
    first = drawn[0]
    return Sampled(
        step=trainer.step,
        tokens=[tokenizer.tokens[i] for i in first.ids],
        surprisal=first.surprisal,
        text=tokenizer.decode(first.ids),
    )
