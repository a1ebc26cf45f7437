"""Cards as documents for people outside the chat: one HTML page, a PDF by Typst, a workbook. Nothing in them computes, loads or links."""

import json
from base64 import b64encode
from collections.abc import Sequence
from html import escape
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.cards import Button, Card, Chart, Copy, Facts, Quote, Table, Text
from bot.comment_text import clean
from bot.ports import Charts
from bot.signal_export import COLUMNS, rows
from bot.signals import Found

_STYLE = """
:root{color-scheme:light dark;font:16px/1.5 system-ui,"Noto Sans","DejaVu Sans",sans-serif}
body{max-width:46rem;margin:0 auto;padding:1rem}h1{font-size:1.3rem;margin-top:2.5rem}
blockquote{margin:.4rem 0;padding:.3rem .8rem;border-inline-start:3px solid #888;white-space:pre-wrap;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%;margin:.6rem 0}caption{text-align:start;font-weight:600}
th,td{text-align:start;padding:.3rem .5rem;border-bottom:1px solid #8886;overflow-wrap:anywhere}img{max-width:100%;height:auto}
.hint{font-size:.85rem;opacity:.8}.strong{font-weight:600}dt{font-weight:600}dd{margin:0 0 .3rem}
"""


def html(cards: Sequence[Card], organisation: str, language: str, charts: Charts) -> str:
    """One page with all cards, its pictures inside it."""
    parts = []
    for card in cards:
        parts.append(f"<h1>{_said(card.title)}</h1>")
        for block in card.body:
            match block:
                case Text() if block.style != "question":
                    parts.append(f'<p class="{block.style}">{_said(block.text)}</p>')
                case Quote():
                    parts.append(f'<blockquote dir="auto">{_said(block.text)}</blockquote>')
                case Copy():
                    parts.append(f"<h2>{_said(block.title)}</h2><pre>{_said(block.text)}</pre>")
                case Facts():
                    pairs = "".join(f"<dt>{_said(name)}</dt><dd>{_said(_text(value))}</dd>" for name, value in block.rows)
                    parts.append(f"<dl>{pairs}</dl>")
                case Table():
                    parts.append(_html_table(block))
                case Chart():
                    light, dark = (b64encode(charts.draw(block, dark=on)).decode() for on in (False, True))
                    alt = _said(f"{block.title}. {block.alt}")
                    source = f'<source media="(prefers-color-scheme: dark)" srcset="data:image/png;base64,{dark}">'
                    parts.append(f'<picture>{source}<img src="data:image/png;base64,{light}" alt="{alt}"></picture>')
                case _:
                    pass  # what is pressed has no place on paper
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return (
        f'<!doctype html><html lang="{_said(language)}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><meta name="viewport" content="width=device-width">'
        f"<title>{_said(organisation)}</title><style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>"
    )


def _html_table(table: Table) -> str:
    head = "".join(f'<th scope="col">{_said(name)}</th>' for name in table.head)
    body = "".join("<tr>" + "".join(f"<td>{_said(_text(cell))}</td>" for cell in row) + "</tr>" for row in table.rows)
    caption = f"<caption>{_said(table.caption)}</caption>" if table.caption else ""
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _said(text: str) -> str:
    return escape(clean(text))


def _text(cell: str | Quote | Button) -> str:
    return cell if isinstance(cell, str) else cell.text if isinstance(cell, Quote) else cell.label


# Typst reads the cards as data, so that no word of anybody is ever markup.
_TYPST = """
#let data = json("cards.json")
#set page(paper: "a4", margin: 2cm, footer: context [#data.organisation #h(1fr) #counter(page).display()])
#set text(font: ("Noto Sans", "DejaVu Sans", "Libertinus Serif"), size: 10pt, lang: data.language)
#set document(title: data.organisation)
#for card in data.cards {
  heading(level: 1, card.title)
  for part in card.parts {
    if part.kind == "text" {
      par(if part.style == "strong" { strong(part.text) } else if part.style == "hint" { emph(part.text) } else { part.text })
    }
    if part.kind == "quote" { block(inset: (left: 8pt), stroke: (left: 2pt + gray), width: 100%, part.text) }
    if part.kind == "table" {
      if part.caption != "" { strong(part.caption) }
      table(columns: part.head.len(), stroke: (bottom: 0.5pt + gray), table.header(..part.head.map(strong)), ..part.cells)
    }
    if part.kind == "chart" { image(part.file, width: 85%, alt: part.alt) }
  }
  pagebreak(weak: true)
}
"""


def pdf(cards: Sequence[Card], organisation: str, language: str, charts: Charts) -> bytes:
    """A page or more for each card, on A4."""
    import typst

    with TemporaryDirectory(prefix="antenne-") as name:
        folder = Path(name)
        shown = []
        for at, card in enumerate(cards):
            parts: list[dict[str, object]] = []
            for nth, block in enumerate(card.body):
                match block:
                    case Text() if block.style != "question":
                        parts.append({"kind": "text", "style": block.style, "text": clean(block.text)})
                    case Quote():
                        parts.append({"kind": "quote", "text": clean(block.text)})
                    case Facts():
                        cells = [clean(_text(value)) for row in block.rows for value in row]
                        parts.append({"kind": "table", "caption": "", "head": ["", ""], "cells": cells})
                    case Table():
                        cells = [clean(_text(cell)) for row in block.rows for cell in row]
                        head = [clean(one) for one in block.head]
                        parts.append({"kind": "table", "caption": clean(block.caption), "head": head, "cells": cells})
                    case Chart():
                        file = f"chart-{at}-{nth}.png"
                        (folder / file).write_bytes(charts.draw(block))
                        parts.append({"kind": "chart", "file": file, "alt": clean(f"{block.title}. {block.alt}")})
                    case _:
                        pass  # what is pressed has no place on paper
            shown.append({"title": clean(card.title), "parts": parts})
        data = {"cards": shown, "organisation": clean(organisation), "language": language}
        (folder / "cards.json").write_text(json.dumps(data), encoding="utf-8")
        (folder / "digest.typ").write_text(_TYPST, encoding="utf-8")
        made: bytes = typst.compile(folder / "digest.typ", root=folder)
        return made


def signals_workbook(found: Sequence[Found]) -> bytes:
    """An .xlsx whose cells are words and numbers, never formulas."""
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = Workbook()
    sheet = book.active
    assert sheet is not None  # a new workbook has one
    lines: list[list[str | int]] = [[*COLUMNS], *rows(found)]
    for at, row in enumerate(lines, 1):
        for nth, value in enumerate(row, 1):
            cell = sheet.cell(at, nth)
            cell.value = ILLEGAL_CHARACTERS_RE.sub("", value) if isinstance(value, str) else value
            if isinstance(value, str):
                cell.data_type = "s"
    sheet.freeze_panes = "A2"
    out = BytesIO()
    book.save(out)
    return out.getvalue()
