"""The SDK's part: a turn of `botbuilder-core` for each activity, and its connector client for what is only read.

Its defects that concern us are mended or gone round here, each with its reason. Exchanging the SDK rewrites this file.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import requests
import structlog
from botbuilder.core import CloudAdapterBase, InvokeResponse, TurnContext
from botbuilder.core.teams import TeamsActivityHandler
from botbuilder.schema import Activity, ChannelAccount, ConversationAccount
from botframework.connector.aio import ConnectorClient
from botframework.connector.auth import (
    AppCredentials,
    AuthenticateRequestResult,
    AuthenticationConstants,
    BotFrameworkAuthentication,
    ClaimsIdentity,
    ConnectorFactory,
)
from msrest.exceptions import ClientException
from msrest.universal_http.requests import ClientRetryPolicy

from adapters.teams.access import Claims
from adapters.teams.client import PATIENCE, Connector

Json = Mapping[str, Any]
log = structlog.get_logger()
WIRE = "antenne.wire"  # under which a turn finds the activity as it came


class BadActivity(Exception):
    """What came in is no activity that the SDK can read."""


def _activity(body: Json) -> Activity:
    """The SDK's activity of what came, as far as a turn needs it. ``deserialize`` takes 0.2 ms for what nobody here reads, and raises
    many kinds of exceptions; what the bot understands, it takes from the wire itself."""
    conversation, sender, me = (_map(body, name) for name in ("conversation", "from", "recipient"))
    if not isinstance(body.get("type"), str) or not isinstance(conversation.get("id"), str):
        raise BadActivity("no conversation")
    return Activity(
        type=body["type"],
        id=body.get("id"),
        name=body.get("name"),
        channel_id=body.get("channelId"),
        service_url=body.get("serviceUrl"),
        conversation=ConversationAccount(
            id=conversation["id"], conversation_type=conversation.get("conversationType"), tenant_id=conversation.get("tenantId")
        ),
        from_property=ChannelAccount(id=sender.get("id"), aad_object_id=sender.get("aadObjectId")),
        recipient=ChannelAccount(id=me.get("id")),
    )


def _map(body: Json, name: str) -> Json:
    found = body.get(name)
    return found if isinstance(found, Mapping) else {}


def mend_msrest() -> None:
    """Make a connector client quick to build.

    ``ClientRetryPolicy`` looks up 999 status codes in a list of 501 each time that a client is built, which blocks everybody for 6 to
    22 ms; as a set it takes a thirtieth. The SDK builds a client a turn.
    """
    ClientRetryPolicy.safe_codes = frozenset(ClientRetryPolicy.safe_codes)  # type: ignore[assignment]  # it is only searched


class _Bearer(AppCredentials):  # type: ignore[misc]  # the SDK is published without types
    """The bot's token as `Tokens` holds it: the SDK's own credentials would ask for it with blocking calls, wherever they stand."""

    def __init__(self, connector: Connector) -> None:
        super().__init__(app_id=connector.settings.app_id)
        self._connector = connector

    def get_access_token(self, force_refresh: bool = False) -> str:
        return self._connector.tokens.now

    def signed_session(self, session: requests.Session | None = None) -> requests.Session:
        session = super().signed_session(session)
        session.trust_env = False  # no other password of this machine goes along
        session.max_redirects = 0  # nor does the token go anywhere else
        return session


class _Clients(ConnectorFactory):  # type: ignore[misc]  # as above
    """One client for each address of the connector, kept: building one costs more than all else in a turn."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._known: dict[str, ConnectorClient] = {}

    async def create(self, service_url: str, audience: str | None = None) -> ConnectorClient:
        if not self._connector.hosts.allow(service_url):
            raise PermissionError("not an address for the token")
        client = self._known.get(service_url)
        if client is None:
            client = ConnectorClient(_Bearer(self._connector), base_url=service_url)
            client.config.retry_policy.retries = 0  # the outbox alone decides what is tried again
            client.config.connection.timeout = PATIENCE
            if len(self._known) >= 16:
                self._known.clear()
            self._known[service_url] = client
        return client


class _Authentication(BotFrameworkAuthentication):  # type: ignore[misc]  # as above
    """Answers for nobody: `Gate` has looked at a request before a turn begins."""

    def __init__(self, clients: _Clients) -> None:
        self._clients = clients

    async def authenticate_request(self, activity: Activity, auth_header: str) -> AuthenticateRequestResult:
        raise PermissionError("requests are let in by the gate alone")

    async def authenticate_streaming_request(self, auth_header: str, channel_id_header: str) -> AuthenticateRequestResult:
        raise PermissionError("no streaming")

    def create_connector_factory(self, claims_identity: ClaimsIdentity) -> ConnectorFactory:
        return self._clients

    async def create_user_token_client(self, claims_identity: ClaimsIdentity) -> None:
        return None


class Turns(Protocol):
    """What the bot does in a turn."""

    async def on_message(self, body: Json, member: "Member") -> None: ...
    async def on_change(self, body: Json, member: "Member") -> None: ...
    async def on_installed(self, body: Json) -> None: ...
    async def on_invoke(self, body: Json, member: "Member") -> tuple[int, object]: ...


class Member(Protocol):
    """Asks the connector about who acts."""

    async def __call__(self, conversation: str = "") -> bool | None:
        """Whether they are a member of the tenant, no guest, as a conversation says it: the one of the activity, or another. ``None``: it
        cannot be said now, or not there."""
        ...


class _Handler(TeamsActivityHandler):  # type: ignore[misc]  # as above
    """Hands each kind of activity on as it came."""

    def __init__(self, turns: Turns, connector: Connector) -> None:
        self._turns, self._connector = turns, connector

    async def on_message_activity(self, turn_context: TurnContext) -> None:
        await self._turns.on_message(turn_context.turn_state[WIRE], self._member(turn_context))

    async def on_message_update_activity(self, turn_context: TurnContext) -> None:
        await self._turns.on_change(turn_context.turn_state[WIRE], self._member(turn_context))

    async def on_message_delete_activity(self, turn_context: TurnContext) -> None:
        await self._turns.on_change(turn_context.turn_state[WIRE], self._member(turn_context))

    async def on_conversation_update_activity(self, turn_context: TurnContext) -> None:
        await self._turns.on_installed(turn_context.turn_state[WIRE])

    async def on_installation_update(self, turn_context: TurnContext) -> None:
        await self._turns.on_installed(turn_context.turn_state[WIRE])

    async def on_invoke_activity(self, turn_context: TurnContext) -> InvokeResponse:
        """Every invoke, answered with plain JSON: the SDK's own handlers return models, which it then serialises twice and answers
        with 500 (1); and what it says is an action is a dictionary (2). So neither its models nor its dispatch are used."""
        status, body = await self._turns.on_invoke(turn_context.turn_state[WIRE], self._member(turn_context))
        return InvokeResponse(status=status, body=body)

    def _member(self, turn_context: TurnContext) -> Member:
        async def member(conversation: str = "") -> bool | None:
            activity = turn_context.activity
            try:
                await self._connector.tokens.fresh()
                client = turn_context.turn_state[CloudAdapterBase.BOT_CONNECTOR_CLIENT_KEY]
                found = await client.conversations.get_conversation_member(
                    conversation or activity.conversation.id, activity.from_property.id
                )
                values = {**(found.additional_properties or {}), **found.as_dict()}
            except (ClientException, requests.RequestException, OSError, TimeoutError) as problem:
                log.warning("teams_member", error=type(problem).__name__)
                return None
            except Exception as problem:  # noqa: BLE001 - whatever the SDK raises, nobody may become a member by it
                log.warning("teams_member", error=type(problem).__name__)
                return None
            home = str(values.get("tenantId") or values.get("tenant_id") or self._connector.settings.tenant_id).lower()
            role = str(values.get("userRole") or values.get("user_role") or values.get("role") or "user").lower()
            return role == "user" and home in ("", self._connector.settings.tenant_id.lower())

        return member


class Adapter(CloudAdapterBase):  # type: ignore[misc]  # as above
    """The SDK's adapter for what the gate let in. A new turn for each activity; it sends nothing but the answer to an invoke."""

    def __init__(self, turns: Turns, connector: Connector) -> None:
        mend_msrest()
        self._clients = _Clients(connector)
        super().__init__(_Authentication(self._clients))
        self._handler = _Handler(turns, connector)
        self._app = connector.settings.app_id

    async def turn(self, body: Json, claims: Claims | None) -> tuple[int, object]:
        """What to answer: a status, and the JSON of an invoke's answer. Raises ``BadActivity``."""
        activity = _activity(body)
        admitted = AuthenticateRequestResult()
        admitted.claims_identity = self._identity(claims)
        admitted.audience = AuthenticationConstants.TO_CHANNEL_FROM_BOT_OAUTH_SCOPE
        admitted.connector_factory = self._clients

        async def logic(context: TurnContext) -> None:
            context.turn_state[WIRE] = body
            await self._handler.on_turn(context)

        answer = await self.process_activity(admitted, activity, logic)
        return (answer.status, answer.body) if answer is not None else (200, None)

    def _identity(self, claims: Claims | None) -> ClaimsIdentity:
        named = {AuthenticationConstants.AUDIENCE_CLAIM: self._app, AuthenticationConstants.APP_ID_CLAIM: self._app}
        service = {AuthenticationConstants.SERVICE_URL_CLAIM: claims.service} if claims is not None else {}
        return ClaimsIdentity(named | service, claims is not None)
