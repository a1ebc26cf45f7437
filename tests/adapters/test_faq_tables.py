"""The FAQ as a table: what goes in from files as people save them, what is refused by row, and that what goes out comes back the same."""

import csv
import io
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from sqlalchemy import Connection, create_engine, func, select
from typer.testing import CliRunner, Result

from adapters.main import app
from adapters.spreadsheet import Formula, Unreadable, read_table, write_csv, write_xlsx
from bot.comment_text import clean
from bot.faq import LANGUAGES, STATUSES, Content, add, change, checked, content, is_offered
from bot.faq import entries as entries_of
from bot.faq_index import FaqIndex, hints, search
from bot.faq_table import COLUMNS, MORE, Good, Reader, Wrong, column_of, given_out, take_in
from bot.organisation import load_organisation
from bot.pseudonyms import Keys
from bot.settings import SAMPLE
from bot.tables import faq, faq_history, metadata
from bot.work import House, Refused, Work
from flows.platforms import load_platforms

NOW = datetime(2026, 11, 17, 9, 0, tzinfo=UTC)
HOSTILE = [
    "=1+1",
    "+32",
    "-1",
    "@SUM(A1)",
    "'=x",
    "''=x",
    "＝1",
    "\t=1",
    '<b>&"',
    "*_~`",
    "{faq_answer}",
    "\u202eomgekeerd",
    "a;b,c\nd",
    "_x0041_",
]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh folder and no settings but the sample's."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("ANTENNE_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """Torenbeek."""
    organisation, tree = load_organisation(SAMPLE)
    return House(organisation, tree, Keys.load(tmp_path_factory.mktemp("keys") / "secret.key"), ("local",), load_platforms())


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    """An empty store; each test undoes what it did."""
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def work(house: House, connection: Connection) -> Iterator[Work]:
    """A piece of work that is undone."""
    yield Work(connection, house, NOW, "lies")
    connection.rollback()


def run(*words: str) -> Result:
    """What the command prints and its exit code."""
    return CliRunner().invoke(app, words, prog_name="antenne")


def taken(work: Work, rows: Sequence[Sequence[str]]) -> tuple[list[Good], list[Wrong]]:
    """A table's rows, the first naming the columns, read as the import reads them."""
    columns = [column_of(name) for name in rows[0]]
    found = [
        Reader(work.organisation).read(number, {column: cell for column, cell in zip(columns, cells, strict=True) if column})
        for number, cells in enumerate(rows[1:], 2)
    ]
    return [item for item in found if isinstance(item, Good)], [item for item in found if isinstance(item, Wrong)]


def stored(work: Work) -> list[tuple[Content, str]]:
    """Every entry and its status."""
    return [(content(row), row.status) for row in work.conn.execute(select(faq).order_by(faq.c.id))]


# Out and in again


words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
texts = st.one_of(st.sampled_from(HOSTILE), words, st.builds("{} {}".format, st.sampled_from(HOSTILE), words))
entries = st.builds(
    lambda question, answer, formal, tags, department, language, until, status: (
        {
            "question": question,
            "answer": answer,
            "formal": formal,
            "tags": tags,
            "department": department,
            "language": language,
            "valid_until": until.isoformat() if until else "",
            "owner": "lies",
        },
        status,
    ),
    texts,
    texts,
    st.one_of(st.just(""), texts),
    st.one_of(st.just(""), texts),
    st.sampled_from(["", "milieu", "mobiliteit", "weg_ermee"]),
    st.sampled_from(LANGUAGES),
    st.one_of(st.none(), st.dates(date(2026, 11, 17), date(2099, 12, 31))),
    st.sampled_from(STATUSES),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(entries, max_size=6), st.booleans(), st.sampled_from(["csv", "xlsx"]))
def test_what_goes_out_comes_back_the_same(
    work: Work, tmp_path: Path, some: list[tuple[dict[str, str], str]], full: bool, kind: str
) -> None:
    """Whatever the entries say, in both formats: taking an export in again changes nothing, and into an empty FAQ gives the same."""
    for values, status in some:
        try:
            said = checked(values)
        except Refused:
            continue  # nothing to see in it, as no entry may be
        add(work, said, status, "written", None)  # type: ignore[arg-type]  # drawn from the statuses
    before = stored(work)
    header = (*COLUMNS, *MORE) if full else COLUMNS
    rows: list[Sequence[str]] = [header, *([row[column] for column in header] for row in given_out(work, full=full))]
    path = tmp_path / f"faq.{kind}"
    if kind == "csv":
        path.write_text(write_csv(rows), encoding="utf-8", newline="")
    else:
        path.write_bytes(write_xlsx("FAQ", rows))
    table = [cells for _, cells in read_table(path)]
    good, wrong = taken(work, [[*cells, *[""] * (len(header) - len(cells))] for cells in table])
    assert not wrong
    done = take_in(work, good)
    assert (len(done.new), len(done.changed), done.same, done.wrong) == (0, 0, len(before), [])
    assert stored(work) == before
    for table_ in (faq_history, faq):
        work.conn.execute(table_.delete())
    known = [item for item in good if item.known_department]
    done = take_in(work, known)
    twins = {wrong.row for wrong in done.wrong}
    assert {replace(item, row=0).said.question for item in known if item.row not in twins} == {
        said.question for said, _ in stored(work)
    }
    work.conn.rollback()


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_of_an_export_is_a_formula(text: str) -> None:
    """In CSV an apostrophe stands before it, in XLSX every cell is text besides."""
    from bot.faq_table import guarded

    shown = guarded(clean(text))
    assert not shown.startswith(("=", "+", "-", "@", "\t", "\r", "＝"))
    sheet = load_workbook(io.BytesIO(write_xlsx("FAQ", [[text, shown]]))).worksheets[0]
    assert {cell.data_type for cell in next(sheet.iter_rows())} == {"s"}


# Files as people save them


TABLE = (
    ("Vraag", "Antwoord", "Dienst", "Geldig tot", "Status"),
    ("Waar is het café?", "Eén;twee, drie", "Vrije tijd", "31/12/2027", "goedgekeurd"),
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("first", ["", "sep={}\r\n"])
def test_csv_as_any_program_saves_it(tmp_path: Path, encoding: str, delimiter: str, first: str) -> None:
    """Encodings, delimiters and Excel's own first line; headings in Dutch."""
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows(TABLE)
    path = tmp_path / "faq.csv"
    path.write_bytes((first.format(delimiter) + file.getvalue()).encode(encoding))
    assert [cells for _, cells in read_table(path)] == list(TABLE)


def test_xlsx_as_people_fill_it_in(tmp_path: Path) -> None:
    """Dates and numbers as such, empty rows, a formula that is known as one."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["question", "answer", "valid_until", "tags"])
    sheet.append([])
    sheet.append(["Hoeveel?", 12.0, datetime(2027, 12, 31), True])  # noqa: DTZ001 - as a spreadsheet keeps it
    sheet.append(["Waarom?", "=1+1", None, None])
    path = tmp_path / "faq.xlsx"
    book.save(path)
    rows = list(read_table(path))
    assert rows[1] == (3, ("Hoeveel?", "12", "2027-12-31", "yes"))
    assert rows[2][0] == 4
    assert isinstance(rows[2][1][1], Formula)


@pytest.mark.parametrize(
    ("content", "key"),
    [(b"PK\x03\x04nonsense", "broken"), (b"", None), (b'"open quote\n' * 3, None), (b"\x00\xff\x00" * 50, None)],
)
def test_what_is_no_table(tmp_path: Path, content: bytes, key: str | None) -> None:
    """A broken workbook is said to be one; anything else is rows, whatever stands in them; never an error of ours."""
    path = tmp_path / "faq.csv"
    path.write_bytes(content)
    if key is None:
        list(read_table(path))
    else:
        with pytest.raises(Unreadable, match=key):
            list(read_table(path))


# Good rows and wrong ones


def test_good_rows_go_in_and_wrong_ones_are_listed(tmp_path: Path) -> None:
    """By number as the spreadsheet shows them, each with what is wrong; a trial keeps nothing; again changes nothing more."""
    path = tmp_path / "faq.csv"
    rows = [
        ["question", "answer", "department", "valid_until", "status", "opmerking"],
        ["Waar is het café?", "Aan de kerk.", "vrije tijd", "31-12-2027", "approved", "x"],
        ["", "Geen vraag"],
        ["Geen antwoord?", ""],
        ["Welke dienst?", "Ja.", "vrije_tijt"],
        ["Welke dag?", "Ja.", "milieu", "31/13/2027"],
        ["Welke status?", "Ja.", "", "", "klaar"],
        ["Waar is het  CAFÉ?", "Elders.", "vrije_tijd"],
        ["Bel 0470 12 34 56?", "Ons nummer is 03 123 45 67."],
        ["Te veel?", "Ja.", "", "", "", "", "los"],
        ["x" * 501, "Ja."],
    ]
    path.write_text(write_csv(rows), encoding="utf-8")
    tried = run("faq", "import", str(path), "--dry-run")
    assert tried.exit_code == 1
    assert "Proef, er is niets bewaard: 2 nieuw, 0 aangepast, 0 ongewijzigd, 8 fout." in tried.stdout
    done = run("faq", "import", str(path))
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (1, "2 nieuw, 0 aangepast, 0 ongewijzigd, 8 fout.")
    assert [line.partition(":")[0] for line in done.stdout.splitlines()[:-1]] == [
        f"Rij {row}" for row in (3, 4, 5, 6, 7, 8, 10, 11)
    ]
    assert "Bedoel je vrije_tijd?" in done.stdout
    assert "staat al op rij 2" in done.stdout
    assert "‘opmerking’ wordt niet gelezen" in done.stderr
    again = run("faq", "import", str(path))
    assert again.stdout.splitlines()[-1] == "0 nieuw, 0 aangepast, 2 ongewijzigd, 8 fout."
    found = json.loads(run("faq", "search", "waar kan ik een kaffee doen in de herberg", "--json").stdout)
    assert (found[0]["question"], found[0]["status"], found[0]["department"]) == ("Waar is het café?", "approved", "vrije_tijd")
    assert {"question", "score", "why"} <= found[0].keys()
    [phone] = [
        item
        for item in json.loads(run("faq", "search", "bel telefoonnummer", "--json", "--limit", "50").stdout)
        if "Bel" in item["question"]
    ]
    assert phone["question"] == "Bel [telefoonnummer]?", "a citizen's question is masked, the town's own answer is not"
    assert phone["answer"] == "Ons nummer is 03 123 45 67."
    assert phone["status"] == "proposed"
    printed = run("faq", "search", "waar is het café").stdout
    assert "goedgekeurd" in printed
    assert run("faq", "export", "alles.xlsx").stdout == "57 vragen staan in alles.xlsx.\n"
    assert run("faq", "import", "alles.xlsx").stdout == "0 nieuw, 0 aangepast, 57 ongewijzigd, 0 fout.\n"
    header = next(csv.reader(io.StringIO(run("faq", "export").stdout)))
    assert header == ["question", "answer", "department", "tags", "language", "valid_until", "status"]


@pytest.mark.parametrize(
    ("content", "said"), [("a,b\n1,2\n", "eerste rij"), ("question,vraag,answer\n", "eerste rij"), ("", "eerste rij")]
)
def test_a_table_without_its_columns_is_refused_whole(tmp_path: Path, content: str, said: str) -> None:
    """With what the first row needs; so is a file that is not there."""
    (tmp_path / "faq.csv").write_text(content, encoding="utf-8")
    for name, sentence in (("faq.csv", said), ("weg.csv", "is er niet")):
        refused = run("faq", "import", name)
        assert refused.exit_code == 2
        assert sentence in refused.stderr


def test_a_table_changes_only_what_it_says(work: Work) -> None:
    """Columns it lacks stay as they are; a change is a new version; nothing changes twice."""
    said = checked(
        {
            "question": "Waar?",
            "answer": "Hier.",
            "formal": "Hier, mevrouw.",
            "tags": "plek",
            "department": "milieu",
            "owner": "joris",
        }
    )
    number = add(work, said, "approved", "written", None)
    good, _ = taken(work, [["question", "answer"], ["Waar?", "Daar."]])
    assert len(take_in(work, good).changed) == 1
    [(now, status)] = stored(work)
    assert (now.answer, now.formal, now.tags, now.department, now.owner, status) == (
        "Daar.", "Hier, mevrouw.", ("plek",), "milieu", "joris", "approved",
    )  # fmt: skip
    assert take_in(work, good).same == 1
    whys = work.conn.execute(
        select(faq_history.c.why).where(faq_history.c.entry_id == number).order_by(faq_history.c.id)
    ).scalars()
    assert list(whys) == ["written", "imported"]


def test_one_question_of_two_departments_is_two_entries(work: Work) -> None:
    """Recognised by the department; of a removed department only what stands there already comes back."""
    rows = [["question", "answer", "department"], ["Wanneer open?", "A", "milieu"], ["Wanneer open?", "B", "vrije_tijd"]]
    assert len(take_in(work, taken(work, rows)[0]).new) == 2
    rows[1][1] = "C"
    done = take_in(work, taken(work, rows)[0])
    assert (len(done.changed), done.same) == (1, 1)
    done = take_in(work, taken(work, [rows[0], ["Nieuw?", "D", "weg_ermee"]])[0])
    assert [wrong.key for wrong in done.wrong] == ["import.department"]


# Nothing unapproved is offered


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from(STATUSES), st.sampled_from([None, date(2026, 11, 16), date(2026, 11, 17)])), max_size=5)
)
def test_nothing_unapproved_is_offered(work: Work, some: list[tuple[str, date | None]]) -> None:
    """Whatever its status and dates: only what is approved and valid today is offered unasked or at the question, also by an index
    that is behind."""
    index = FaqIndex()
    numbers = []
    for place, (_, until) in enumerate(some):
        said = Content(question="Wanneer komt de vuilkar in de Kerkstraat?", answer=f"Op dag {place}.", valid_until=until)
        numbers.append(add(work, said, "approved", "written", None))
    changes = index.changes(work.conn)
    if changes is not None:
        index.take(changes)
    for number, (status, _) in zip(numbers, some, strict=True):
        row = work.conn.execute(select(faq).where(faq.c.id == number)).one()
        change(work, number, 1, content(row), status, "edited")  # type: ignore[arg-type]  # drawn from the statuses
    wanted = {
        n for n, (status, until) in zip(numbers, some, strict=True) if status == "approved" and (until or date.max) >= NOW.date()
    }
    for behind in (True, False):
        if not behind and (changes := index.changes(work.conn)) is not None:
            index.take(changes)
        sure, likely = hints(work, index, "Wanneer komt de vuilkar?")
        assert sure is None or sure in wanted
        offered = {row.id for row in entries_of(work, likely) if is_offered(work, row)}
        assert offered == set(likely) & wanted
        for hit, row in search(work, index, "vuilkar"):
            assert row.status != "retired", hit
    work.conn.rollback()


def test_the_index_follows_the_store_one_by_one(work: Work) -> None:
    """Put in, changed and taken out without being made anew, it finds what a fresh one finds; and knows when nothing changed."""
    kept = FaqIndex()
    names = ["huisvuil", "zwembad", "bibliotheek", "wespennest", "rijbewijs", "kinderopvang"]
    numbers = [
        add(work, Content(question=f"Waar is info over {name}?", answer=name), "approved", "written", None) for name in names
    ]
    for step in range(4):
        changes = kept.changes(work.conn)
        assert changes is not None
        kept.take(changes)
        assert kept.changes(work.conn) is None
        fresh = FaqIndex()
        whole = fresh.changes(work.conn)
        assert whole is not None
        fresh.take(whole)
        for name in (*names, "fietspomp", "vuilkar", "creche"):
            assert [hit.id for hit in kept.find(name, 3)] == [hit.id for hit in fresh.find(name, 3)], (step, name)
        row = work.conn.execute(select(faq).where(faq.c.id == numbers[step])).one()
        said, status = content(row).model_copy(update={"question": "Waar staat de fietspomp?"}), ("approved", "retired")[step % 2]
        change(work, row.id, row.version, said, status, "edited")  # type: ignore[arg-type]  # one of the two
    assert work.conn.execute(select(func.count()).select_from(faq_history)).scalar_one() == len(names) + 4
