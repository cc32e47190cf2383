"""Registry of the views of the Data pane, in the order of the view key."""

from workbench.panes.data.render import example_rows, length_rows, line_rows, token_rows
from workbench.panes.data.render_bigrams import bigram_rows
from workbench.panes.data.render_merges import merge_rows
from workbench.panes.data.view_model import EXAMPLES, MERGES, DataViewModel, has_merges
from workbench.panes.pane_view import PaneView

DATA_VIEWS: tuple[PaneView[DataViewModel], ...] = (
    PaneView(
        EXAMPLES,
        example_rows,
        "each row is one training example: the context, the target token, and the probability that "
        "the model gives to the target. · stands for an empty place of the context, ∎ for the end "
        "token. Before training, the bigram counts give the probability.",
    ),
    PaneView("lines", line_rows, "the training text itself."),
    PaneView("line lengths", length_rows, "how many training lines have each length in tokens."),
    PaneView(
        "tokens",
        token_rows,
        "the id of each token in the vocabulary, and how often the token occurs in the training "
        "split.",
    ),
    PaneView(
        "bigrams",
        bigram_rows,
        "a row for each token and a column for each next token. The shade is the share of the next "
        "token, counted in the training split. The bigram baseline uses nothing else.",
    ),
    PaneView(
        MERGES,
        merge_rows,
        "only with tokenizer bpe: the merges in the order in which they were learned, the most "
        "frequent pair first. The line above shows a training text after the merge under the cursor.",
        is_available=has_merges,
        min_rows=10,  # the line and some of the merges
    ),
)
