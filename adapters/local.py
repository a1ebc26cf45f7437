"""The local platform: terminal and web page read the stored messages, so showing one is telling of it."""

from bot.events import Outgoing
from bot.ports import Wakeups


class LocalChat:
    """The `Chat` port without a platform behind it; a message is known by its number in the store."""

    def __init__(self, wakeups: Wakeups) -> None:
        self._wakeups = wakeups

    async def post(self, message: Outgoing) -> str:
        """The message stands in the store; twice the same number is once."""
        await self._wakeups.poke("live")
        return str(message.id)

    async def update(self, message: Outgoing, remote: str) -> str:
        """Who looks again sees it as it is now."""
        await self._wakeups.poke("live")
        return remote
