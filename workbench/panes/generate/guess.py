"""The guessing game as rows: the riddle, the score, and the hand of the model."""

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

_RULE = (
    "Score: half your belief goes to the {one} you type, half to the {one} frequencies of train."
)
_NAME, _BESIDE_FROM, _SCORE_WIDTH, _MOST_BEFORE = 10, 60, 24, 40


def guess_rows(view: GenerateView, width: int, height: int) -> list[Text]:
    """What is asked, what was said, the score; then the candidates as the model had them."""
    if height < 1 or width < 1:
        return []
    look, last = view.look, game_of(view).last
    rows = [_riddle_row(view, width)]
    rows += [Text(f" {line}", look.palette.guide) for line in wrap(_hint(view), max(1, width - 2))]
    if last is not None:
        rows += [Text(line, look.palette.plain) for line in _verdict(view, last, width)]
    elif height > 4:
        for words in (_rule(view), _where_from(view)):
            lines = wrap(words, max(1, width - 2))
            rows += [Text(f" {line}", look.palette.guide) for line in lines]
    score = _score_rows(view)
    if width >= _BESIDE_FROM:
        hand = _hand_rows(view, width - _SCORE_WIDTH - 2, height - len(rows))
        blank = [Text("")] * max(len(hand), len(score))
        pairs = zip([*hand, *blank], [*score, *blank], strict=False)
        side_by_side = list(pairs)[: max(len(hand), len(score))]
        rows += [
            fit_row(a, width - _SCORE_WIDTH) + fit_row(b, _SCORE_WIDTH) for a, b in side_by_side
        ]
    else:
        rows += [_score_line(view)] if score else []
        rows += _hand_rows(view, width, height - len(rows))
    if last is not None and len(rows) + 2 < height:
        lines = wrap(_rule(view), max(1, width - 2))
        rule = [Text(f" {line}", look.palette.guide) for line in lines]
        rows += [Text(""), *rule]
    return [fit_row(row, width) for row in rows[:height]]


def _rule(view: GenerateView) -> str:
    return _RULE.format(one=view.source.tokenizer.token_noun)


def game_of(view: GenerateView) -> GuessingGame:
    """How the game stands; one that was not begun has nothing to tell."""
    return view.game or GuessingGame()


def _riddle_row(view: GenerateView, width: int) -> Text:
    """``what comes after m a r i _ ?``: the end of what stands there, where that is long."""
    look, game = view.look, game_of(view)
    words = " what comes after " if width >= _BESIDE_FROM else " after "
    shown = [view.glyph(token) for token in game.before[-_MOST_BEFORE:]]
    while shown and len(words) + sum(map(cell_len, shown)) + len(shown) + 4 > width:
        shown = shown[1:]
    gap = " " if sum(map(cell_len, shown)) + len(shown) < _MOST_BEFORE else ""
    row = Text(words, look.palette.label)
    gap = view.source.tokenizer.separator or gap
    row.append(gap.join(shown) + gap + "_", f"bold {look.palette.plain}")
    return row.append(" ?", look.palette.label)


def _hint(view: GenerateView) -> str:
    tokenizer = view.source.tokenizer
    one = tokenizer.token_noun
    if not view.is_guessing:
        return with_key_labels(
            view, f"<generate.guess> begins; then each {one} you type is a guess"
        )
    if tokenizer.is_multi_character:
        end = "; enter alone: the end" if view.source.has_end else ""
        typing = f"type a {one}, then enter{end}"
    else:
        typing = f"type a {one}" + (", enter for the end" if view.source.has_end else "")
    stops = with_key_labels(view, "<generate.end_game> stops")
    return view.look.sign(f"{typing}; then the model shows its hand · {stops}")


def _verdict(view: GenerateView, last: Guess, width: int) -> list[str]:
    said, truth = view.glyph(last.said), view.glyph(last.truth)
    gave = (
        f"the model gave it {number_format.format_probability(last.p_said)} ({_nats(last.p_said)})"
    )
    if last.said == last.truth:
        words = f"you said {said}, and {truth} it was: {gave}."
    else:
        p = number_format.format_probability(last.prediction.probability_of(last.truth))
        came = f"{truth} came, and to {truth} it gave {p} ({last.model:.2f})"
        words = f"you said {said}: {gave}; {came}."
    return [f" {line}" for line in wrap(words, max(1, width - 2))]


def _nats(probability: float) -> str:
    return f"{-math.log(probability):.2f} nats" if probability > 0 else "impossible"


def _where_from(view: GenerateView) -> str:
    puzzle = game_of(view).puzzle
    if puzzle is None:
        return ""
    never = ", which the model was never shown" if puzzle.split != "train" else ""
    return f"The text is from {puzzle.split}{never}."


def _scores(view: GenerateView) -> list[tuple[str, float]]:
    game = game_of(view)
    if not game.n:
        return []
    model = "this model" if view.source.step is not None else "pair counts"
    found = [("you", game.you / game.n), ("bigram", game.bigram / game.n)]
    return [*found, (model, game.model / game.n)] if view.source.step is not None else found


def _score_rows(view: GenerateView) -> list[Text]:
    """Nats each of you, the pair counts and the model; the best of them is marked."""
    palette, scores = view.look.palette, _scores(view)
    if not scores:
        return []
    n = game_of(view).n
    rows = [Text(f"after {n:,} guess{'es' * (n > 1)}", palette.label)]
    best = min(value for _, value in scores)
    for name, value in scores:
        sign = view.look.sign(" ✓") if value == best else ""
        unit = " nats" if name == "you" else ""
        words = f"{name.ljust(_NAME)} {value:5.2f}{unit}{sign}"
        rows.append(Text(words, palette.best if value == best else palette.plain))
    return rows


def _score_line(view: GenerateView) -> Text:
    parts = [f"{name.rpartition(' ')[2]} {value:.2f}" for name, value in _scores(view)]
    return Text(f" {game_of(view).n:,}: {' '.join(parts)} nats", view.look.palette.label)


def _hand_rows(view: GenerateView, width: int, height: int) -> list[Text]:
    """The candidates with bars: ``●`` came, ``▸`` was said; these two are never left out."""
    last = game_of(view).last
    if last is None or height < 1:
        return []
    look, model = view.look, last.prediction
    told = {place for token in (last.said, last.truth) if (place := model.index(token)) is not None}
    missing = sorted(place for place in told if place >= height)
    first = range(min(max(0, height - len(missing)), len(model.ids)))
    largest = max(1e-12, model.probabilities[0])
    rows = []
    for place in [*first, *missing][:height]:
        token, probability = model.token(place), model.probabilities[place]
        row = Text(look.sign("▸") if token == last.said else " ", look.palette.train)
        row.append(look.sign("●") if token == last.truth else " ", look.palette.best)
        row.append(f" {fit(view.glyph(token), view.token_cells)} ", look.palette.plain)
        row.append(number_format.format_probability(probability).rjust(6) + " ", look.palette.plain)
        size = max(0, width - row.cell_len - 1)
        row.append(draw_bar(probability / largest, size, look.ascii_only), look.palette.train)
        rows.append(row)
    return rows
