"""The shared FAQ: how often the right answer is among three, how long a search takes, and an import: a part of `make bench`."""

import asyncio
import random
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

import yaml

from adapters.command_line.faq import faq_rows
from adapters.database import open_store
from adapters.spreadsheet import write_csv
from bot.faq_index import FaqIndex
from bot.faq_search import Entry, Index
from bot.faq_table import take_in
from bot.organisation import load_organisation
from bot.pseudonyms import Keys
from bot.sentences import sentences
from bot.settings import SAMPLE
from bot.work import House, Work
from flows.platforms import load_platforms
from tests.servers import running_postgres

PAIRS = Path(__file__).parent / "bot" / "faq_pairs.yaml"
STRANGERS = PAIRS.with_name("faq_strangers.yaml")
NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
AIM_RECALL, AIM_P95, AIM_IMPORT = 0.95, 10.0, 20.0  # share; milliseconds; seconds


def measure(quick: bool) -> dict[str, Any]:
    """Recall among three of both halves, the time of a search and of making the index, an import with wrong rows on both databases."""
    count = 1_000 if quick else 10_000
    pairs = yaml.safe_load(PAIRS.read_text(encoding="utf-8"))
    known = [
        Entry(name, item["question"], item["answer"], tuple(item.get("tags", ()))) for name, item in pairs["entries"].items()
    ]
    town = Index(known)
    figures: dict[str, Any] = {}
    for half in ("tune", "test"):
        found = [name in {hit.id for hit in town.search(question, 3)} for question, name in pairs[half]]
        figures[f"{half}_pairs"], figures[f"{half}_recall_of_3"] = len(found), round(sum(found) / len(found), 3)
    figures |= _strangers()
    figures |= _searches(known, [question for half in ("tune", "test") for question, _ in pairs[half]], count)
    return figures | asyncio.run(_imports(known, count))


def _strangers() -> dict[str, Any]:
    """Rounds that were written apart, over entries of their own: at first sight, and by now."""
    rounds = yaml.safe_load(STRANGERS.read_text(encoding="utf-8"))
    first = now = count = 0.0
    for heard in rounds:
        town = Index(Entry(name, item["question"], item["answer"]) for name, item in heard["entries"].items())
        pairs = heard["pairs"]
        count += len(pairs)
        first += heard["first_sight"] * len(pairs)
        now += sum(name in {hit.id for hit in town.search(question, 3)} for question, name in pairs)
    return {
        "strangers_pairs": int(count),
        "strangers_recall_of_3_at_first_sight": round(first / count, 3),
        "strangers_recall_of_3": round(now / count, 3),
    }


def _more(known: list[Entry], count: int) -> list[Entry]:
    """The entries, and as many others as are needed, of words of theirs."""
    chance = random.Random(47)
    words = sorted({word for entry in known for word in f"{entry.question} {entry.answer}".split()})
    others = (
        Entry(str(n), " ".join(chance.sample(words, 8)), " ".join(chance.sample(words, 25))) for n in range(count - len(known))
    )
    return [*known, *others]


def _searches(known: list[Entry], questions: list[str], count: int) -> dict[str, Any]:
    entries = _more(known, count)
    began = time.perf_counter()
    index = Index(entries)
    made = time.perf_counter() - began
    took, busy = [], []
    for question in questions:
        began, worked = time.perf_counter(), time.process_time()
        index.search(question)
        took.append((time.perf_counter() - began) * 1000)
        busy.append((time.process_time() - worked) * 1000)
    hundredths = quantiles(took, n=100)
    return {
        "entries": count,
        "p50_ms": round(hundredths[49], 2),
        "p95_ms": round(hundredths[94], 2),
        "p95_processor_ms": round(quantiles(busy, n=100)[94], 2),
        "index_seconds": round(made, 2),
    }


async def _imports(known: list[Entry], count: int) -> dict[str, Any]:
    """Reading, checking and storing a CSV of which one row in a hundred is wrong; then bringing the index of a running bot up to date."""
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="antenne-bench-") as folder, running_postgres() as server:
        organisation, tree = load_organisation(SAMPLE)
        house = House(organisation, tree, Keys.load(Path(folder) / "secret.key"), ("local",), load_platforms())
        rows = [
            (f"{entry.question} ({entry.id})", entry.answer, "" if n % 100 else "geen dienst")
            for n, entry in enumerate(_more(known, count))
        ]
        table = Path(folder) / "faq.csv"
        table.write_text(write_csv([("question", "answer", "department"), *rows]), encoding="utf-8")
        for backend, url in (("sqlite", f"sqlite:///{folder}/faq.db"), ("postgresql", server.new_database())):
            store = await open_store(url)
            began = time.perf_counter()
            good, _ = await asyncio.to_thread(faq_rows, organisation, table, sentences("nl"))
            done = await store.write(lambda conn, good=good: take_in(Work(conn, house, NOW), good))  # type: ignore[misc]  # mypy infers no default
            figures[f"{backend}_import_seconds"] = round(time.perf_counter() - began, 2)
            assert len(done.new) + len(done.wrong) == count
            index = FaqIndex()
            began = time.perf_counter()
            changes = await store.read(index.changes)
            figures[f"{backend}_changes_seconds"] = round(time.perf_counter() - began, 3)
            assert changes is not None
            assert len(changes.put) == len(done.new)
            await store.close()
    return figures
