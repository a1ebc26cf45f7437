"""What the composition root gives the commands: the whole bot, running."""

from typing import TYPE_CHECKING, Protocol, cast

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractAsyncContextManager

    from bot.antenne import Antenne
    from bot.ports import Chat
    from bot.settings import Settings


class Running(Protocol):
    """The bot on its database for as long as the block lasts; `chats={}` leaves the chat platforms alone."""

    def __call__(
        self, settings: "Settings", *, chats: "Mapping[str, Chat] | None" = None
    ) -> "AbstractAsyncContextManager[Antenne]":
        """Raises what adapters.main.running does."""


def running(root: typer.Context) -> Running:
    """What the root put into the context of every command."""
    return cast("Running", root.obj)
