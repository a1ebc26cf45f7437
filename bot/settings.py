"""Environment, `.env` and secret files to settings. Every name begins with ``ANTENNE_``; parts are joined with ``__``."""

import os
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SAMPLE = Path(__file__).parent.parent / "examples" / "torenbeek" / "organisation.yaml"
SECRETS = Path("/run/secrets")  # where a container finds them: a file antenne_database_url holds ANTENNE_DATABASE_URL


class SlackSettings(BaseModel):
    """How to reach Slack: over HTTP (``signing_secret``), through Socket Mode (``app_token``), or both."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    bot_token: SecretStr = Field(description="xoxb-…, from the app's page, OAuth & Permissions")
    signing_secret: SecretStr | None = Field(default=None, description="from Basic Information; for requests over HTTP")
    app_token: SecretStr | None = Field(default=None, description="xapp-… with connections:write; for Socket Mode")
    api_url: SecretStr = Field(default=SecretStr("https://slack.com/api/"), description="a proxy or a test may stand in")


class TeamsSettings(BaseModel):
    """Who the bot is in Microsoft's cloud. Without ``app_id`` it must be told to run ``local``: then nobody is who they say."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    app_id: str = Field(default="", pattern=r"^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})?$", description="client id")
    app_password: SecretStr | None = Field(default=None, description="client secret; a managed identity has none")
    tenant_id: str = Field(
        default="", pattern=r"^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})?$", description="your tenant"
    )
    app_type: Literal["SingleTenant", "UserAssignedMSI"] = Field(
        default="SingleTenant", description="as the registration says it"
    )
    local: bool = Field(default=False, description="try it without a registration, on loopback only")
    openid_url: str = Field(
        default="https://login.botframework.com/v1/.well-known/openidconfiguration", description="who signs what comes in"
    )
    login_url: str = Field(default="https://login.microsoftonline.com", description="who gives the bot its token")
    identity_url: str = Field(
        default_factory=lambda: os.environ.get("IDENTITY_ENDPOINT") or "http://169.254.169.254/metadata/identity/oauth2/token",
        description="who gives a managed identity its token; App Service and Container Apps say it themselves",
    )
    identity_header: SecretStr | None = Field(
        default_factory=lambda: SecretStr(said) if (said := os.environ.get("IDENTITY_HEADER")) else None,
        description="what App Service and Container Apps want to hear there; a virtual machine has none",
    )
    connector_url: str = Field(default="", description="one more address that the bot's token may go to; a test stands there")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.app_id and not self.local:
            raise ValueError("needs an app id, or local=true to try it without one")
        if self.app_id and self.local:
            raise ValueError("an app id and local exclude each other")
        if self.app_id and not self.tenant_id:
            raise ValueError("an app id needs its tenant id")
        if self.app_id and self.app_type == "SingleTenant" and self.app_password is None:
            raise ValueError("a single-tenant app needs its password")
        return self


class Settings(BaseSettings):
    """How this installation runs. Secrets show as stars wherever they are printed."""

    model_config = SettingsConfigDict(
        env_prefix="ANTENNE_", env_nested_delimiter="__", env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True,
        secrets_dir=SECRETS if SECRETS.is_dir() else None,
    )  # fmt: skip

    organisation: Path = Field(default=SAMPLE, description="the municipality's file")
    database_url: SecretStr = Field(default=SecretStr("sqlite:///var/antenne.db"), description="sqlite:///… or postgresql://…")
    secret_key_file: Path = Field(default=Path("var/secret.key"), description="made at the first start, mode 0600; keep it safe")
    redis_url: SecretStr | None = Field(default=None, description="redis://…; only needed for several processes")
    host: str = Field(default="127.0.0.1", description="where platform paths, /healthz and /metrics listen")
    slack: SlackSettings | None = Field(default=None, description="ANTENNE_SLACK__BOT_TOKEN and so on; without it no Slack")
    teams: TeamsSettings | None = Field(default=None, description="ANTENNE_TEAMS__APP_ID and so on; without it no Teams")
    public_url: str | None = Field(default=None, description="https://…, where people reach dossiers; else this computer alone")
    port: int = Field(default=8420, ge=1, le=65535, description="the local web chat's port, on loopback only")
    log_level: str = Field(default="warning", description="debug, info, warning or error")

    @property
    def pages(self) -> str:
        """Where one-use addresses begin: the public address, or the web chat's own on this computer."""
        everywhere = self.host in ("", "0.0.0.0", "::")  # noqa: S104  # compared with, not listened on
        return (self.public_url or f"http://127.0.0.1:{self.port + everywhere}").rstrip("/")

    @field_validator("public_url")
    @classmethod
    def _public(cls, value: str | None) -> str | None:
        if value is not None and (urlsplit(value).scheme != "https" or not urlsplit(value).hostname):
            raise ValueError("begins with https://")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            address = urlsplit(value.get_secret_value())
            if address.scheme not in ("redis", "rediss", "unix") or (address.port is None and not address.netloc + address.path):
                raise ValueError("begins with redis://")
        return value

    @model_validator(mode="after")
    def _strangers(self) -> Self:
        if self.teams is not None and self.teams.local and self.host not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError("teams.local serves this machine alone: host must be 127.0.0.1")
        return self

    @field_validator("log_level")
    @classmethod
    def _level(cls, value: str) -> str:
        if value not in ("debug", "info", "warning", "error"):
            raise ValueError("is debug, info, warning or error")
        return value
