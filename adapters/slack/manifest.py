"""The app manifest that `antenne slack manifest` prints: the least that suffices, each line with why it is there."""

from collections.abc import Callable, Iterator
from typing import Literal

SCOPES: tuple[tuple[str, str], ...] = (
    ("commands", "slack.scope_commands"),
    ("chat:write", "slack.scope_chat_write"),
    ("im:write", "slack.scope_im_write"),
    ("im:history", "slack.scope_im_history"),
    ("groups:history", "slack.scope_groups_history"),
    ("groups:read", "slack.scope_groups_read"),
    ("channels:read", "slack.scope_channels_read"),
    ("app_mentions:read", "slack.scope_app_mentions_read"),
    ("files:read", "slack.scope_files_read"),
    ("files:write", "slack.scope_files_write"),
    ("users:read", "slack.scope_users_read"),
)
EVENTS: tuple[tuple[str, str], ...] = (
    ("app_home_opened", "slack.event_home"),
    ("app_mention", "slack.event_mention"),
    ("message.im", "slack.event_im"),
    ("message.groups", "slack.event_groups"),
)
Way = Literal["http", "socket"]


def manifest(t: Callable[..., str], way: Way, address: str = "") -> str:
    """The manifest in YAML. ``address``: where this installation is reached from outside, for the HTTP way."""
    return "\n".join(_lines(t, way, f"{address.rstrip('/')}/slack/events")) + "\n"


def _lines(t: Callable[..., str], way: Way, address: str) -> Iterator[str]:
    http = way == "http"
    yield f"# {t('slack.manifest_use')}"
    yield "display_information:"
    yield "  name: Antenne"
    yield f'  description: "{t("slack.manifest_about")}"'
    yield '  background_color: "#1d4ed8"'
    yield "features:"
    yield "  app_home:"
    yield f"    home_tab_enabled: true  # {t('slack.manifest_home')}"
    yield f"    messages_tab_enabled: true  # {t('slack.manifest_messages')}"
    yield "    messages_tab_read_only_enabled: false"
    yield "  bot_user:"
    yield "    display_name: antenne"
    yield "    always_online: true"
    yield "  slash_commands:"
    yield "    - command: /moderate"
    if http:
        yield f"      url: {address}"
    yield f'      description: "{t("slack.manifest_command")}"'
    yield f'      usage_hint: "{t("slack.manifest_hint")}"'
    yield "      should_escape: false"
    yield "  shortcuts:"
    yield f'    - name: "{t("slack.manifest_shortcut")}"'
    yield "      type: message"
    yield "      callback_id: moderate_message"
    yield f'      description: "{t("slack.manifest_shortcut_about")}"'
    yield f'    - name: "{t("slack.manifest_new")}"'
    yield "      type: global"
    yield "      callback_id: moderate"
    yield f'      description: "{t("slack.manifest_command")}"'
    yield "oauth_config:"
    yield "  scopes:"
    yield "    bot:"
    for scope, why in SCOPES:
        yield f"      - {scope}  # {t(why)}"
    yield "settings:"
    yield "  event_subscriptions:"
    if http:
        yield f"    request_url: {address}"
    yield "    bot_events:"
    for event, why in EVENTS:
        yield f"      - {event}  # {t(why)}"
    yield "  interactivity:"
    yield "    is_enabled: true"
    if http:
        yield f"    request_url: {address}"
        yield f"    message_menu_options_url: {address}"
    yield "  org_deploy_enabled: false"
    yield f"  socket_mode_enabled: {'false' if http else 'true'}"
    yield "  token_rotation_enabled: false"
