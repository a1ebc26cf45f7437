"""Every kind of thing that the adapter can send, by name: each block of the card vocabulary, each field, each dialog and page.

The renderer has no other; so what holds for these holds for every payload.
"""

from collections.abc import Callable, Iterator
from typing import Any

from adapters.slack import dialogs, home, render
from bot.cards import (
    Block,
    Button,
    Buttons,
    Card,
    Chart,
    Checklist,
    Copy,
    Facts,
    Field,
    Form,
    Item,
    Picture,
    Quote,
    Select,
    Table,
    Text,
    Toggles,
)
from bot.presses import Answer, Choose, Close, EditIntake, SetFlag, ShowCase, Start, Tick, Waive

Json = dict[str, Any]
CITIZEN = "<!channel> <https://evil.example|klik> *vet* :bomb: @here"
WAIVE = (
    Button("Niet nodig", Waive(case=1, item="hide", reason="not_needed")),
    Button("Andere reden…", Waive(case=1, item="hide")),
)
WEEKS = Table("Per week", ("Week", "Vragen", "Wat"), (("W46", Button("3", ShowCase(case=1)), Quote(CITIZEN)), ("W47", "", "")))
BLOCKS: dict[str, tuple[Block, ...]] = {
    "text": (Text("Een zin"), Text("Een kop", "strong"), Text("Klein", "hint"), Text("Een vraag?", "question")),
    "quote": (Quote(CITIZEN, "Jan M."),),
    "copy": (Copy("Openbaar antwoord", "Dag Jan,\n\nMeer op https://hierniet.be/."),),
    "facts": (Facts(tuple((f"Feit {number}", Quote(CITIZEN)) for number in range(render.FACTS + 2))),),
    "table": (WEEKS, Table("Een tweede", WEEKS.head, WEEKS.rows)),
    "chart": (Chart("Per week", "Van 3 naar 5.", ("W46", "W47"), (("Vragen", (3.0, 5.0)),)),),
    "checklist": (
        Checklist(
            (
                Item("Verberg de reactie", "open", "nu", Tick(case=1, item="hide"), WAIVE),
                Item("Bewaar bewijs", "done", "", Tick(case=1, item="evidence", done=False)),
                Item("Verwijder", "blocked"),
                Item("Meld", "waived", "overgeslagen"),
            )
        ),
    ),
    "toggles": (Toggles("Klopt dit ook?", (("Komt terug", True, SetFlag(case=1, flag="returning", on=False)),)),),
    "picture": (Picture(1, "Screenshot 1"),),
    "buttons": (
        Buttons(
            (
                Button("Ja", Answer(case=1, walk=0, step=0, choice="ja"), "primary"),
                Button("Sluit af: " + "heel lang " * 12, Close(case=1), "danger", "Zeker?"),
            ),
            numbered=True,
        ),
    ),
    "select": (Select("Dienst", (("Wegen", Choose(case=1, what="department", value="wegen")),), 0, "Wie?"),),
    "select_of_many": (
        Select("Dienst", tuple((f"Dienst {n}", Choose(case=1, what="department", value=f"d{n}")) for n in range(12)), 3),
    ),
    "select_of_very_many": (Select("Zaken", tuple((f"Zaak {n}", ShowCase(case=n)) for n in range(1, 130))),),
    "nothing": (),
}  # fmt: skip
OPTIONS = (("own", "Eigen pagina"), ("external", "Elders"))
FORM = Form(
    "Nieuwe reactie",
    Start(),
    (
        Field("text", "Tekst", "text", "lang " * 800, limit=200_000),
        Field("huge", "Nog meer", "text", "x" * 30_000, limit=200_000),
        Field("place", "Waar", "choice", "own", OPTIONS, required=True, hint="Waar staat het?"),
        Field("grouped", "Wat", "choice", "", OPTIONS, groups=("Hier", "Daar")),
        Field("many", "Wie", "choice", "", tuple((f"v{n}", f"Naam {n}") for n in range(120))),
        Field("posted", "Wanneer", "moment"),
        Field("handle", "Wie", "line", "jan", hint="zoals het er staat"),
        Field("images", "Beelden", "files"),
    ),
    "Start",
    (Text("Vul in"), Quote(CITIZEN)),
)


def kinds(t: Callable[..., str]) -> Iterator[tuple[str, Json]]:
    """(name, payload) of each: a message has ``text`` and ``blocks``, a dialog or page its ``type``."""
    for name, body in BLOCKS.items():
        card = Card("Zaak 1", body, "danger", "Zaak 1")
        drawn = render.message(card, t, ["U0SOFIE000"] if name == "text" else [])
        yield name, {"text": render.fallback(card, t), "blocks": drawn.blocks}
    shown = Card("Zaak 1", tuple(block for body in BLOCKS.values() for block in body))
    yield "dialog", (form := dialogs.dialog(FORM, t))
    state: Json = {"handle": {"v": {"type": "plain_text_input", "value": "piet"}}}
    state |= {"place.own": {"v": {"type": "static_select", "selected_option": {"value": "own"}}}}
    yield "dialog_again", dialogs.again({**form, "state": {"values": state}}, "Probeer het nog eens.", t)
    yield "dialog_loading", dialogs.loading(t)
    yield "dialog_said", dialogs.said(t("slack.app"), render.several([shown], t, "Dit is al gebeurd."), t)
    yield "dialog_intake", dialogs.dialog(Form("Zaak 1", EditIntake(case=1), FORM.fields[5:]), t)
    yield "home", home.home(shown, t)
    yield "home_closed", home.closed(t("refused.unknown_person"), t)
