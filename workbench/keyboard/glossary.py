"""Glossary of the terms, numbers and signs on the screen, by pane."""

GENERAL_TERMS = (
    (
        "nat",
        "Unit of loss and surprisal: -ln p. 1 nat is 1.44 bits; a fair coin has ln 2 = 0.69 nats.",
    ),
    ("step", "Training step: one update of all parameters, computed from one batch."),
    (
        "token",
        "Unit of text that is predicted: a character, a word or part of one, or ∎, the end of a line.",
    ),
    (
        "perplexity",
        "e to the power of the loss: the number of equally likely tokens the model is choosing between.",
    ),
    (
        "▯ \ufffd",
        "A character without a picture, such as a joiner; a byte that is not text.",
    ),
)

GLOSSARY: dict[str, tuple[tuple[str, str], ...]] = {
    "Data": (
        ("sees → next", "Context (the model's input) and target (the token to predict)."),
        ("gets", "Probability that the model now gives the target; 1 is certain."),
        ("train", "Training split: the text that the model is trained on."),
        ("val", "Validation split: text that is never trained on, used to measure generalization."),
        ("test", "Test split: text that is kept for a final evaluation."),
        ("id", "Number of a token in the vocabulary; the input of the model."),
        ("share", "Relative frequency of the token in the training split."),
        ("░ ▒ ▓ █", "View pairs: how often the column's token follows the row's token."),
    ),
    "Controls": (
        (
            "◂ 0.05 ▸",
            "Selected setting: <controls.less> and <controls.more> choose the next round value.",
        ),
        ("▲1", "A change of this setting during the run; the chart marks the step."),
        (
            "200 → 300 ↻ <run.new>",
            "Pending change: the run uses 200; <run.new> starts a new run with 300.",
        ),
        ("now", "Settings that change the current run at its next step."),
        ("params", "Number of parameters of the model; after an arrow, those of the new run."),
        ("learning rate", "Learning rate: how far each update moves the weights."),
        (
            "batch size",
            "Number of examples per step. A larger batch gives a less noisy gradient and a slower step.",
        ),
        (
            "the last line",
            "Recipe of the run: paste it into <app.open> or seqlm train to repeat the run.",
        ),
    ),
    "Loss": (
        ("train", "Training loss: mean of -ln p of the targets in a batch, before the update."),
        ("val", "Validation loss: the same on text that is never trained on."),
        ("best", "Lowest validation loss so far. Its weights are kept as the best checkpoint."),
        ("uniform", "Baseline ln V: the loss of guessing uniformly among all V tokens."),
        (
            "bigram",
            "Baseline: the loss of bigram counts, with the same small amount added to each count, "
            "chosen for val. A lower loss needs more than one token of context.",
        ),
        ("expected", "Loss that this preset is known to reach on this text."),
        (
            "perfect",
            "Entropy of the grammar that generated the text: the lowest possible mean loss.",
        ),
        ("╰best ╭best", "Label of the line above or below, where another label has its row."),
        ("rate", "Learning rate of the last step, after the schedule."),
        ("epoch", "One pass over the training split."),
        ("▲1", "A change of a setting, manual or planned; its row shows the effect on val."),
    ),
    "Generate": (
        ("model", "Probability that the model gives each token."),
        (
            "sampled",
            "Probability used for sampling, after temperature, top-k, top-p and min-p.",
        ),
        (
            "surprisal",
            "-ln p of a token under the model, in nats: near 0 is expected, 3 is surprising.",
        ),
        ("entropy", "Expected surprisal, in nats: 0 is certain, ln V is uniform."),
        ("u", "Uniform random number from 0 to 1 that selects one token of the bar."),
        ("temperature", "Temperature: below 1 safer and more repetitive, above 1 more random."),
        ("top-k", "Sample only from the k most probable tokens."),
        ("top-p", "Sample only from the most probable tokens that together have probability p."),
        ("min-p", "Sample only tokens with at least this share of the highest probability."),
        ("new, in train", "Whether the generated text occurs in the data, and in which split."),
        ("seed", "Random seed: the same weights and seed generate the same text."),
    ),
    "Inspect": (
        ("shape", "Sizes of a tensor; the first one is the number of tokens T."),
        ("+▒ -█", "A value: its sign and a shade for its size relative to the largest value."),
        ("one_hot", "The token id as a vector: 1 at the id, 0 everywhere else."),
        ("logit z", "Output of the model for one token, before softmax."),
        ("e^(z-m)", "Exponential of a logit, less the largest logit m; p is its share of the sum."),
        ("-ln p", "Cross-entropy of the target, in nats: the loss of this prediction."),
        (
            "without",
            "Activations set to zero (ablation); the loss with and without stands beside it.",
        ),
        ("score", "Area under the ROC curve of a description: 0.5 is chance, 1 is perfect."),
        (
            "prev first same induc",
            "Mean weight of a head on the previous token, the first token, earlier copies of the "
            "token, and the token after such a copy (induction).",
        ),
        ("gradient", "Derivative of the mean loss of this text with respect to the weight."),
    ),
}
"""Terms in the order in which they appear in the pane."""
