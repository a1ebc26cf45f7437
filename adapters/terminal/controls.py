"""What can be pressed on the screen, under which number, and what typing means. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from string import ascii_lowercase
from typing import assert_never

from bot.cards import (
    Block,
    Button,
    Buttons,
    Card,
    Chart,
    Checklist,
    Copy,
    Facts,
    Picture,
    Quote,
    Select,
    Table,
    Text,
    Toggles,
)
from bot.presses import Press


@dataclass(frozen=True, slots=True)
class Control:
    """Something on the screen to press. `key`: what to type for it; `place`: card, block, item, extra.

    Neither a `press` nor `options` (of a select): it cannot be pressed now, and `why` says so.
    """

    key: str
    label: str
    place: tuple[int, ...]
    press: Press | None = None
    options: tuple[tuple[str, Press], ...] = ()
    asks: str = ""
    why: str = ""


def controls(cards: Sequence[Card]) -> tuple[Control, ...]:
    """All that can be pressed on `cards`, numbered 1, 2, … from top to bottom; 3a, 3b beside line 3."""
    found: list[Control] = []
    number = 0
    for at, card in enumerate(cards):
        for index, block in enumerate(card.body):
            for control in _pressable(block, (at, index)):
                if not control.key:
                    number += 1
                found.append(replace(control, key=f"{number}{control.key}"))
    return tuple(found)


def _pressable(block: Block, place: tuple[int, int]) -> Iterator[Control]:  # noqa: C901 - one case for each block of the vocabulary
    """The block's controls; the extras of an item have their letter as key, others none yet."""
    match block:
        case Buttons():
            for nth, button in enumerate(block.buttons):
                yield Control("", button.label, (*place, nth), button.press, asks=button.asks)
        case Checklist():
            beside = letters(block)
            for nth, item in enumerate(block.items):
                if item.mark is not None or item.more:
                    yield Control("", item.text, (*place, nth), item.mark, why=item.note)
                for extra, button in enumerate(item.more):
                    here, letter = (*place, nth, extra), beside[button.label]
                    yield Control(letter, button.label, here, button.press, asks=button.asks)
        case Toggles():
            for nth, (label, _, press) in enumerate(block.items):
                yield Control("", label, (*place, nth), press)
        case Select():
            yield Control("", block.label, (*place, 0), options=block.options)
        case Table():
            for nth, row in enumerate(block.rows):
                for at, cell in enumerate(row):
                    if isinstance(cell, Button):
                        yield Control("", cell.label, (*place, nth, at), cell.press, asks=cell.asks)
        case Text() | Quote() | Copy() | Facts() | Chart() | Picture():
            pass
        case _:
            assert_never(block)


def letters(block: Checklist) -> dict[str, str]:
    """One letter for each thing that can be done beside ticking, the same on every line."""
    labels = dict.fromkeys(button.label for item in block.items for button in item.more)
    return dict(zip(labels, ascii_lowercase, strict=False))


def matching(found: Iterable[Control], typed: str) -> tuple[Control, ...]:
    """What `typed` can mean: one number, or every control and option with that label."""
    word = fold(typed)
    by_label: dict[Press | str, Control] = {}
    for control in found:
        if control.key == word.rstrip(".)"):
            return (control,)
        if fold(control.label) == word:
            by_label.setdefault(control.press or control.key, control)
        for label, press in control.options:
            if fold(label) == word:
                by_label.setdefault(press, replace(control, label=label, press=press, options=()))
    return tuple(by_label.values())


def nearly(found: Iterable[Control], typed: str) -> Control | None:
    """The control whose label was probably meant: a slip of the finger must not become a case."""
    if "\n" in typed or len(typed) > 60:
        return None
    labels = {fold(control.label): control for control in found}
    close = get_close_matches(fold(typed), labels, n=1, cutoff=0.8)
    return labels[close[0]] if close else None


def fold(text: str) -> str:
    """As it is compared: what is typed in capitals or with two spaces means the same."""
    return " ".join(text.split()).casefold()
