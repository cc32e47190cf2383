"""What each number and sign on the screen means, pane by pane."""

EVERYWHERE = (
    (
        "nat",
        "The unit of surprise, -ln p: ln 2 = 0.69 for the side of a coin. 1 nat is 1.44 bits.",
    ),
    ("step", "One change of all the weights, after a look at one batch of examples."),
    (
        "token",
        "What is predicted at a time: a character, a word or a piece of one, or ∎, the end of an item.",
    ),
    ("perplexity", "e to the nats: as unsure as among so many equally likely tokens."),
)

GLOSSARY: dict[str, tuple[tuple[str, str], ...]] = {
    "Data": (
        ("sees → next", "What the model is shown, and the token that it should then say."),
        ("gets", "The probability the model now gives that right token; 1 is certainty."),
        ("train", "The part of the text that the weights are changed by."),
        ("val", "A part that is only measured, to see what holds for text it never trained on."),
        ("test", "A part that is kept for the very end."),
        ("id", "The number that stands for a token: the model is fed nothing else."),
        ("share", "Of all the tokens in train, how many are this one."),
        ("░ ▒ ▓ █", "In view pairs: of what follows the token of the row, how much is this one."),
    ),
    "Controls": (
        (
            "◂ 0.05 ▸",
            "The row under the cursor: <controls.less> and <controls.more> go to the next round value.",
        ),
        ("▲1", "This value was changed while the run went; the chart shows where."),
        (
            "200 → 300 ↻ <run.new>",
            "The run goes on with 200; 300 waits for a new run, which <run.new> starts.",
        ),
        ("now", "These take force at the next step of the run."),
        ("params", "How many numbers the model learns; an arrow leads to those of the new run."),
        ("learning rate", "How far the weights move down the slope in one step."),
        ("batch size", "Examples in one step. More: a steadier slope, and a slower step."),
        (
            "the last line",
            "All there is to the run: paste it (<app.open>, or seqlm train) to get it again.",
        ),
    ),
    "Loss": (
        ("train", "The mean surprise at the right tokens of a batch, before that step's change."),
        ("val", "The same on text it never trains on: the number that counts."),
        ("best", "The lowest val so far. The weights of then are kept."),
        ("uniform", "ln V, the cost of guessing evenly among all V tokens."),
        ("bigram", "What counting pairs of tokens reaches. Below it, more than one token is used."),
        ("expected", "What this preset is known to reach on this text."),
        ("perfect", "The entropy of the rules that made the text: on average no model goes below."),
        ("╰best ╭best", "The name of the line above, or below, where another name has its row."),
        ("rate", "The learning rate of the last step, after its schedule."),
        ("epoch", "One pass over all of train."),
        ("▲1", "Where a value was changed by hand or by plan; its line says what val did then."),
    ),
    "Generate": (
        ("model", "The probability that the model gives each token."),
        ("sampled", "The one it is drawn with, after temperature, top-k, top-p and min-p."),
        (
            "surprisal",
            "-ln p of a token under the model, in nats: near 0 was sure, 3 is a surprise.",
        ),
        ("entropy", "The surprise to expect here, in nats: 0 is certainty, ln V no idea at all."),
        ("u", "The random number from 0 to 1 that falls on one token of the bar."),
        ("temperature", "Below 1 sharpens what is probable, above 1 levels it."),
        ("top-k", "Only the k most probable tokens may be drawn."),
        ("top-p", "Only the most probable tokens that together have the share p."),
        ("min-p", "Only tokens with at least this share of the most probable one's."),
        ("new, in train", "Whether the text that was drawn stands in the data."),
        ("seed", "Fixes the random numbers: the same weights then draw the same text."),
    ),
}
"""Terms in the order in which a person meets them."""
