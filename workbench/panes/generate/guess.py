"""View of the guessing game: the puzzle, the score, and the prediction of the model."""

import math
from textwrap import wrap

from rich.cells import cell_len
from rich.text import Text

from workbench.panes.generate.bindings import with_key_labels
from workbench.panes.generate.view_model import GenerateView
from workbench.render import number_format
from workbench.render.bars import draw_bar
from workbench.render.sanitize import fit
from workbench.sampling.guessing_game import Guess, GuessingGame
from workbench.widgets.appearance import fit_row

_SCORE_RULE = (
    "Score: half of your probability is on the {unit} you type, half on the {unit} frequencies "
    "of train."
)
_FREQUENCIES_FROM = 6
_NAME_WIDTH, _BESIDE_FROM, _SCORE_WIDTH, _MAX_TOKENS_BEFORE = 10, 60, 24, 40


def guess_rows(view: GenerateView, width: int, height: int) -> list[Text]:
    """Return the puzzle, the last guess, the score, and the candidates of the last prediction."""
    if height < 1 or width < 1:
        return []
    appearance, last = view.appearance, game_of(view).last
    rows = [_puzzle_row(view, width)]
    rows += [
        Text(f" {line}", appearance.palette.guide) for line in wrap(_hint(view), max(1, width - 2))
    ]
    if last is not None:
        rows += [Text(line, appearance.palette.plain) for line in _result_lines(view, last, width)]
    elif height > 4:
        for text in (_score_rule(view), _split_note(view)):
            lines = wrap(text, max(1, width - 2))
            rows += [Text(f" {line}", appearance.palette.guide) for line in lines]
        rows += _frequency_rows(view, width, height - len(rows))
    score = _score_rows(view)
    if width >= _BESIDE_FROM:
        table = _prediction_rows(view, width - _SCORE_WIDTH - 2, height - len(rows))
        blank = [Text("")] * max(len(table), len(score))
        pairs = zip([*table, *blank], [*score, *blank], strict=False)
        side_by_side = list(pairs)[: max(len(table), len(score))]
        rows += [
            fit_row(a, width - _SCORE_WIDTH) + fit_row(b, _SCORE_WIDTH) for a, b in side_by_side
        ]
    else:
        rows += [_score_line(view, width)] if score else []
        rows += _prediction_rows(view, width, height - len(rows))
    if last is not None and len(rows) + 2 < height:
        lines = wrap(_score_rule(view), max(1, width - 2))
        rule = [Text(f" {line}", appearance.palette.guide) for line in lines]
        rows += [Text(""), *rule]
    return [fit_row(row, width) for row in rows[:height]]


def _score_rule(view: GenerateView) -> str:
    return _SCORE_RULE.format(unit=view.source.tokenizer.token_noun)


def game_of(view: GenerateView) -> GuessingGame:
    """Return the game, or an empty game before the first puzzle."""
    return view.game or GuessingGame()


def _puzzle_row(view: GenerateView, width: int) -> Text:
    """Return ``What comes after m a r i _ ?`` with the last tokens that fit."""
    appearance, game = view.appearance, game_of(view)
    question = " What comes after " if width >= _BESIDE_FROM else " after "
    shown = [view.glyph(token) for token in game.tokens_before[-_MAX_TOKENS_BEFORE:]]
    while shown and len(question) + sum(map(cell_len, shown)) + len(shown) + 4 > width:
        shown = shown[1:]
    gap = " " if sum(map(cell_len, shown)) + len(shown) < _MAX_TOKENS_BEFORE else ""
    row = Text(question, appearance.palette.label)
    gap = view.source.tokenizer.separator or gap
    row.append(gap.join(shown) + gap + "_", f"bold {appearance.palette.plain}")
    return row.append(" ?", appearance.palette.label)


def _hint(view: GenerateView) -> str:
    tokenizer = view.source.tokenizer
    unit = tokenizer.token_noun
    if not view.is_guessing:
        return with_key_labels(view, f"<generate.guess> starts; then each {unit} is a guess")
    if tokenizer.is_multi_character:
        end = "; enter alone: end of the text" if view.source.has_end else ""
        typing = f"type a {unit}, then enter{end}"
    else:
        typing = f"type a {unit}" + (", enter for the end" if view.source.has_end else "")
    stops = with_key_labels(view, "<generate.end_game> stops")
    return view.appearance.sign(f"{typing}; then you see the prediction · {stops}")


def _result_lines(view: GenerateView, last: Guess, width: int) -> list[str]:
    guess, target = view.glyph(last.guess), view.glyph(last.target)
    probability = number_format.format_probability(last.guess_probability)
    given = f"{probability} under the model ({_format_nats(last.guess_probability)})"
    if last.guess == last.target:
        text = f"Your guess: {guess}, correct, {given}."
    else:
        p = number_format.format_probability(last.prediction.probability_of(last.target))
        text = f"Your guess: {guess}, {given}; target: {target}, {p} ({last.model_nats:.2f})."
    return [f" {line}" for line in wrap(text, max(1, width - 2))]


def _format_nats(probability: float) -> str:
    return f"{-math.log(probability):.2f} nats" if probability > 0 else "impossible"


def _split_note(view: GenerateView) -> str:
    puzzle = game_of(view).puzzle
    if puzzle is None:
        return ""
    unseen = ", which the model was not trained on" if puzzle.split != "train" else ""
    return f"The text is from {puzzle.split}{unseen}."


def _scores(view: GenerateView) -> list[tuple[str, float]]:
    game = game_of(view)
    n = game.n_guesses
    if not n:
        return []
    scores = [("you", game.player_nats / n), ("bigram", game.bigram_nats / n)]
    has_model = view.source.step is not None
    return [*scores, ("this model", game.model_nats / n)] if has_model else scores


def _score_rows(view: GenerateView) -> list[Text]:
    """Return the mean nats of the person, the bigram counts and the model; the best is marked."""
    palette, scores = view.appearance.palette, _scores(view)
    if not scores:
        return []
    n = game_of(view).n_guesses
    rows = [Text(f"after {n:,} guess{'es' * (n > 1)}", palette.label)]
    best = min(value for _, value in scores)
    for name, value in scores:
        sign = view.appearance.sign(" ✓") if value == best else ""
        unit = " nats" if name == "you" else ""
        text = f"{name.ljust(_NAME_WIDTH)} {value:5.2f}{unit}{sign}"
        rows.append(Text(text, palette.best if value == best else palette.plain))
    return rows


def _score_line(view: GenerateView, width: int) -> Text:
    parts = [f"{name.rpartition(' ')[2]} {value:.2f}" for name, value in _scores(view)]
    text = f" {game_of(view).n_guesses:,}: {' '.join(parts)}"
    text += " nats" * (len(text) + len(" nats") <= width)
    return Text(text, view.appearance.palette.label)


def _prediction_rows(view: GenerateView, width: int, height: int) -> list[Text]:
    """Return the candidates with bars: ``●`` the target, ``▸`` the guess; both are always shown."""
    last = game_of(view).last
    if last is None or height < 1:
        return []
    appearance, model = view.appearance, last.prediction
    indices = (model.index(token) for token in (last.guess, last.target))
    marked = {index for index in indices if index is not None}
    below = sorted(index for index in marked if index >= height)
    first = range(min(max(0, height - len(below)), len(model.ids)))
    largest = max(1e-12, model.probabilities[0])
    rows = []
    for index in [*first, *below][:height]:
        token, probability = model.token(index), model.probabilities[index]
        row = Text(appearance.sign("▸") if token == last.guess else " ", appearance.palette.train)
        row.append(appearance.sign("●") if token == last.target else " ", appearance.palette.best)
        rows.append(_bar_row(view, row, (token, probability), largest, width))
    return rows


def _frequency_rows(view: GenerateView, width: int, height: int) -> list[Text]:
    """Return the token frequencies of train with bars, the other half of a person's probability."""
    frequencies = game_of(view).frequencies[: max(0, height - 2)]
    if height < _FREQUENCIES_FROM or not frequencies:
        return []
    head = f" {view.source.tokenizer.token_noun} frequencies of train"
    largest = max(1e-12, frequencies[0][1])
    rows = [_bar_row(view, Text("  "), found, largest, width) for found in frequencies]
    return [Text(""), Text(head, view.appearance.palette.guide), *rows]


def _bar_row(
    view: GenerateView, row: Text, found: tuple[str, float], largest: float, width: int
) -> Text:
    """Return a row of marks followed by a token, its probability and a bar."""
    appearance, (token, probability) = view.appearance, found
    row.append(f" {fit(view.glyph(token), view.token_cells)} ", appearance.palette.plain)
    row.append(
        number_format.format_probability(probability).rjust(6) + " ", appearance.palette.plain
    )
    size = max(0, width - row.cell_len - 1)
    return row.append(
        draw_bar(probability / largest, size, appearance.ascii_only), appearance.palette.train
    )
