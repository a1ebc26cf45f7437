"""The pages behind one-use addresses: to take a dossier along, and to cover what is on a screenshot. No cookie, no session.

Looking uses nothing up, so that a chat's preview of the address does no harm; only the button does. Whoever has the address acts as
the person it was given to, so their rights are looked at again each time.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from adapters.web.guard import HEADERS
from bot import dossier, passes
from bot.case import load_case
from bot.organisation import Organisation
from bot.passes import Pass
from bot.ports import Dossiers, NotTaken, Pictures
from bot.sentences import Sentences, sentences
from bot.work import Refused, Work

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.antenne import Antenne
    from flows.authorities import Authority

PIECE = 1 << 18
FILES = {"papers.css": "text/css", "papers.js": "text/javascript", "icon.svg": "image/svg+xml"}


@dataclass(slots=True)
class Papers:
    """The handlers. Without ``dossiers`` or ``pictures`` the pages say that they cannot serve."""

    antenne: "Antenne"
    dossiers: Dossiers | None
    pictures: Pictures | None

    def routes(self) -> list[web.RouteDef]:
        """The paths, for the loopback and for outside alike."""
        path = r"/stuk/{token:[A-Za-z0-9_-]{20,60}}"
        return [
            web.get("/stuk/vorm/{name}", self.asset),
            web.get(path, self.page),
            web.get(path + r"/beeld/{evidence:\d{1,15}}", self.picture),
            web.post(path, self.act),
        ]

    async def asset(self, request: web.Request) -> web.Response:
        """A file of ours."""
        name = request.match_info["name"]
        if name not in FILES:
            raise web.HTTPNotFound
        content = (STATIC / name).read_bytes()
        return web.Response(body=content, content_type=FILES[name], charset="utf-8", headers=HEADERS)

    async def page(self, request: web.Request) -> web.Response:
        """What the address is for, with one button."""
        found = await self._read(lambda conn: passes.find(self._work(conn), request.match_info["token"]))
        if found is None:
            return self._said("web.papers.gone", 410)
        try:
            shots = await self._read(lambda conn: self._shots(conn, found))
        except Refused as refused:
            return self._refused(found, refused)
        say = self._say(found.person)
        return self._html(say, kind=found.kind, case=found.case, shots=shots, said="", body=self._body(found, say))

    async def picture(self, request: web.Request) -> web.Response:
        """A screenshot of the case, drawn anew, while its boxes are drawn."""
        number = int(request.match_info["evidence"])
        found = await self._read(lambda conn: passes.find(self._work(conn), request.match_info["token"]))
        if found is None or found.kind != "mask" or self.pictures is None:
            raise web.HTTPNotFound
        if number not in {shot.evidence for shot in await self._read(lambda conn: self._shots(conn, found))}:
            raise web.HTTPNotFound
        content = await self._read(lambda conn: dossier.content(self._work(conn), number))
        look = await self.pictures.look(content, read=False)
        if isinstance(look, NotTaken):
            raise web.HTTPNotFound
        headers = HEADERS | {"Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "no-store"}
        return web.Response(body=look.safe, content_type=look.safe_media, headers=headers)

    async def act(self, request: web.Request) -> web.StreamResponse:
        """The button: use the address up, and do what it is for."""
        token = request.match_info["token"]
        fields = await request.post()
        found = await self._read(lambda conn: passes.find(self._work(conn), token))
        if found is None:
            return self._said("web.papers.gone", 410)
        try:
            if found.kind == "mask":
                return await self._cover(found, token, {name: str(value) for name, value in fields.items()})
            return await self._take(request, found, token)
        except Refused as refused:
            return self._refused(found, refused)
        except dossier.PictureLost as lost:
            say = self._say(found.person)
            return self._html(say, 409, said=say.t("lacks.picture", number=lost.number))

    async def _cover(self, found: Pass, token: str, fields: dict[str, str]) -> web.Response:
        say = self._say(found.person)
        shots = await self._read(lambda conn: self._shots(conn, found))
        try:
            boxes = {shot.evidence: dossier.unpack_boxes(fields.get(f"boxes.{shot.evidence}", "")) for shot in shots}
        except ValueError:
            return self._said("web.papers.boxes", 400, found.person)
        if any(not fields.get(f"seen.{shot.evidence}") for shot in shots):
            return self._said("web.papers.not_seen", 400, found.person)

        def keep(conn: "Connection") -> bool:
            work = self._work(conn, found.person)
            if passes.use(work, token) is None:
                return False
            for picture, drawn in boxes.items():
                dossier.cover(work, load_case(work, found.case), picture, drawn)
            return True

        if not await self.antenne.store.write(keep):
            return self._said("web.papers.gone", 410)
        await self.antenne.wakeups.poke("outbox")
        return self._html(say, said=say.t("web.papers.covered", number=found.case))

    async def _take(self, request: web.Request, found: Pass, token: str) -> web.StreamResponse:
        if self.dossiers is None:
            return self._said("web.papers.no_maker", 503, found.person)
        await self._read(lambda conn: self._shots(conn, found))  # their rights, before the address is used up
        if await self.antenne.store.write(lambda conn: passes.use(self._work(conn), token)) is None:
            return self._said("web.papers.gone", 410)
        receiver: Authority = found.args["receiver"]
        async with self.dossiers.made(found.case, receiver, found.person) as file:
            await self.antenne.store.write(
                lambda conn: dossier.taken(self._work(conn, found.person), found.case, receiver, file.manifest)
            )
            named = f"attachment; filename*=UTF-8''{quote(file.name)}"
            response = web.StreamResponse(headers=HEADERS | {"Content-Disposition": named, "Cache-Control": "no-store"})
            response.content_type = "application/zip"
            response.content_length = file.path.stat().st_size
            await response.prepare(request)
            with file.path.open("rb") as source:
                while piece := source.read(PIECE):
                    await response.write(piece)
            await response.write_eof()
            return response

    def _shots(self, conn: "Connection", found: Pass) -> tuple[dossier.Shot, ...]:
        """The case's screenshots, for who still may see its originals. Raises Refused."""
        work = self._work(conn, found.person)
        dossier.must(work, load_case(work, found.case, lock=False))
        return dossier.shots(work, found.case)

    def _work(self, conn: "Connection", person: str = "") -> Work:
        return Work(conn, self.antenne.house, self.antenne.clock(), person)

    async def _read(self, view: "Callable[[Connection], Any]") -> Any:
        return await self.antenne.store.read(view)

    def _say(self, person: str = "") -> Sentences:
        house: Organisation = self.antenne.organisation
        return sentences(house.people[person].language if person in house.people else house.language)

    def _body(self, found: Pass, say: Sentences) -> str:
        office = self.antenne.house.authorities.bodies.get(found.args.get("receiver", ""))
        return (office.name.get(say.language) or next(iter(office.name.values()))) if office else ""  # type: ignore[call-overload]  # any language may be asked for

    def _refused(self, found: Pass, refused: Refused) -> web.Response:
        from bot.wording import Wording

        house = self.antenne.organisation
        words = Wording(house, self._say(found.person).language, self.antenne.clock())
        return self._html(words.s, 403, said=self.antenne.refusal(words, refused))

    def _said(self, key: str, status: int, person: str = "") -> web.Response:
        say = self._say(person)
        return self._html(say, status, said=say.t(key))

    def _html(self, say: Sentences, status: int = 200, *, said: str, **values: Any) -> web.Response:
        facts: dict[str, Any] = {"kind": "", "case": 0, "shots": (), "body": ""}
        text = PAGE.render(t=_web(say), language=say.language, said=said, boxes=_boxes, marks=MARKS, **(facts | values))
        headers = HEADERS | {"Cache-Control": "no-store"}
        return web.Response(text=text, status=status, content_type="text/html", charset="utf-8", headers=headers)


def _web(say: Sentences) -> Callable[..., str]:
    """The sentences of pages, by the rest of their key."""
    return lambda name, **values: say.t(f"web.{name}", **values)


def _boxes(shot: dossier.Shot) -> str:
    return json.dumps(shot.boxes or ())


STATIC = Path(__file__).parent / "static"
PAGE = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True, auto_reload=False,
).get_template("papers.html")  # fmt: skip
MARKS = {name: hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12] for name in FILES}
