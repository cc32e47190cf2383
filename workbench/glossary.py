"""What each number and sign on the screen means, pane by pane."""

EVERYWHERE = (
    (
        "nat",
        "The unit of surprise: -ln p. A coin's side is worth ln 2 = 0.69 nats; 1 nat is 1.44 bits.",
    ),
    ("step", "One change of all the weights, after a look at one batch of examples."),
    ("token", "What is predicted at a time: here a character, or ∎, the end of an item."),
)

GLOSSARY: dict[str, tuple[tuple[str, str], ...]] = {
    "Data": (
        ("sees → next", "What the model is shown, and the token that it should then say."),
        ("gets", "The probability the model now gives that right token. 1 is certainty."),
        (
            "train, val, test",
            "What it learns from; what is held back to measure it; what is kept for the end.",
        ),
        ("duplicates", "Equal lines that were left out, so that nothing validated was trained on."),
    ),
    "Controls": (
        ("◂ 0.05 ▸", "The row under the cursor: ← and → go to the next round value."),
        ("▲1", "This value was changed while the run went; the chart shows where."),
        ("200 → 300 ↻ r", "The run goes on with 200. 300 waits for a new run, which r starts."),
        ("now", "These take force at the next step of the run."),
        ("params", "How many numbers the model learns; an arrow leads to those of the new run."),
        ("learning rate", "How far the weights move against the slope in one step."),
        ("batch size", "How many examples a step looks at. More: a steadier slope, a slower step."),
        (
            "the last line",
            "All there is to the run. Paste it anywhere (o, or seqlm train) to get it again.",
        ),
    ),
    "Loss": (
        (
            "train",
            "The mean surprise at the right tokens of a batch, before the step that learns from it.",
        ),
        ("val", "The same on text it never trains on. This is the number that counts."),
        ("best", "The lowest val so far, and the step it was reached at."),
        (
            "val−train",
            "How much better it does on what it has seen. A wide gap is learning by heart.",
        ),
        (
            "uniform",
            "ln V: what guessing evenly among all V tokens costs. Training starts near it.",
        ),
        ("bigram", "What counting pairs of tokens reaches. Below it, more than one token is used."),
        ("expect", "What this preset is known to reach."),
        ("rate", "The learning rate of the last step, after its schedule."),
        ("epoch", "One pass over all of train."),
        ("perplexity", "e to the loss: as unsure as among so many equal choices."),
    ),
    "Generate": (
        ("model", "The probability the model gives each token next."),
        ("sampled", "The probability it is drawn with, after temperature, top-k, top-p and min-p."),
        (
            "surprisal",
            "-ln p of a token under the model, in nats: 0 was certain, 3 came as a surprise.",
        ),
        ("entropy", "The surprise to expect at this place, in nats: 0 knows, ln V has no idea."),
        ("u", "The random number between 0 and 1 that falls on one token of the bar below."),
        ("temperature", "Below 1 sharpens what is probable, above 1 flattens it."),
        (
            "top-k, top-p, min-p",
            "What is left out before drawing: all but k; all beyond a share p; all too weak.",
        ),
        ("new, in train", "Whether the text drawn stands in the data, and where."),
        (
            "seed",
            "Fixes the random numbers: the same seed draws the same text from the same weights.",
        ),
    ),
}
"""Terms in the order in which a person meets them."""
