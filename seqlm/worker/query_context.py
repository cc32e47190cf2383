"""The run that a worker's questions are about."""

from typing import NamedTuple

from seqlm.protocol.queries import LearningRateSweep, Query, SplitLoss
from seqlm.runs.directory import RunDirectory
from seqlm.training.trainer import Trainer
from seqlm.worker.lr_sweep_handler import handle_run_sweep
from seqlm.worker.model_snapshots import ModelSnapshots
from seqlm.worker.query_handlers import Answering, answer_query


class QueryContext(NamedTuple):
    """A run and its weights."""

    directory: RunDirectory
    subjects: ModelSnapshots

    def answering(self, query: Query, trainer: Trainer | None) -> Answering:
        """Answer a question about it, piece by piece.

        Args:
            query: The question.
            trainer: What trains the run now, if anything does.

        Raises:
            SeqlmError: There are no such weights, or they are damaged.
        """
        subject = self.subjects.find(query.weights, trainer)
        if isinstance(query, LearningRateSweep):
            config = self.subjects.config
            return handle_run_sweep(query, self.directory, config, subject, trainer)
        if isinstance(query, SplitLoss) and query.split == "test":
            return self._counted(answer_query(query, subject), subject.step)
        return answer_query(query, subject)

    def _counted(self, answering: Answering, step: int) -> Answering:
        """A test split that is looked at often is no test any more: no look goes uncounted."""
        for found in answering:
            if found is not None:
                self.directory.note_test_look(step)
            yield found
