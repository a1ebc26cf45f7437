"""What the web chat's tests share: a cardboard bot, its application on a real socket, a browser's cookie and token."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from adapters.web.app import make_app
from tests.adapters.web.stand_in import NOW, Cardboard, Choices, Frames, cardboard


@dataclass(slots=True)
class Browser:
    """Fetches pages and sends their forms as a browser does: with its cookie, its token and its origin."""

    client: TestClient[Any, Any]
    bot: Cardboard

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.client.port}"

    async def get(self, path: str, **headers: str) -> ClientResponse:
        return await self.client.get(path, headers={"Host": f"127.0.0.1:{self.client.port}", **headers}, allow_redirects=False)

    async def page(self, path: str) -> str:
        response = await self.get(path)
        assert response.status == 200, response.status
        return await response.text()

    async def hidden(self, path: str, action: str) -> dict[str, str]:
        """The hidden fields of the first form on a page that goes to ``action``."""
        form = re.search(rf'<form[^>]*action="{action}".*?</form>', await self.page(path), re.DOTALL)
        assert form is not None
        return {
            name: unescape(value)
            for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form.group())
        }

    async def send(self, action: str, data: Any, **headers: str) -> ClientResponse:
        own = {"Origin": self.origin, "Host": f"127.0.0.1:{self.client.port}"}
        return await self.client.post(action, data=data, headers={**own, **headers}, allow_redirects=False)

    async def ask(self, action: str, data: Any) -> dict[str, Any]:
        """Send as our script does; the parts of the answer."""
        answer: dict[str, Any] = await (await self.send(action, data, Accept="application/json")).json()
        return answer


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    """Somebody at this machine's browser."""
    bot = cardboard()
    (tmp_path / "secret.key").write_bytes(b"a key for the tests")
    settings: Any = Choices(tmp_path / "secret.key")
    async with TestClient(TestServer(make_app(bot, settings, pictures=Frames(), now=lambda: NOW))) as client:
        yield Browser(client, bot)
