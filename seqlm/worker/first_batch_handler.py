"""Query handler of the first batch: its examples, which a run with ``train.one_batch`` memorizes."""

from collections.abc import Iterator

from seqlm.data.batches import IGNORED, Batch
from seqlm.data.prepared_text import PreparedText
from seqlm.protocol.queries import BatchExample, FirstBatch, FirstBatchAnswer
from seqlm.worker.model_snapshots import ModelSnapshot, ModelSnapshots
from seqlm.worker.query_queue import AnswerStream

_MAX_EXAMPLES = 256


def handle_first_batch(
    query: FirstBatch, snapshots: ModelSnapshots, snapshot: ModelSnapshot
) -> AnswerStream:
    """Answer with the examples of the first batch, and the probability of each target.

    Of an example with several targets (an item, a chunk) the last one is named.
    """
    examples: list[BatchExample] = []
    tokens = snapshot.text.tokenizer.tokens
    for context, target in _examples_of(snapshots.first_batch, snapshot.text):
        probabilities = snapshot.generator.predict(context).probabilities
        examples.append(
            BatchExample([tokens[i] for i in context], tokens[target], probabilities[target])
        )
        yield None
    yield FirstBatchAnswer(id=query.id, step=snapshot.step, examples=examples)


def _examples_of(batch: Batch, text: PreparedText) -> Iterator[tuple[list[int], int]]:
    """Yield the context, without what stands before the first token, and the target of each row."""
    before_text = {text.fill_id, text.tokenizer.end_id}
    rows = zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True)
    for tokens, targets in [*rows][:_MAX_EXAMPLES]:
        last = max(i for i, target in enumerate(targets) if target != IGNORED)
        n_context = len(tokens) - len(targets) + last + 1
        context = tokens[:n_context]
        while context and context[0] in before_text:
            del context[0]
        yield context, targets[last]
