"""Environment, `.env` and secret files to settings. Every name begins with ``ANTENNE_``; parts are joined with ``__``."""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
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
    host: str = Field(default="127.0.0.1", description="where platform paths and /healthz listen")
    slack: SlackSettings | None = Field(default=None, description="ANTENNE_SLACK__BOT_TOKEN and so on; without it no Slack")
    port: int = Field(default=8420, ge=1, le=65535, description="the local web chat's port, on loopback only")
    log_level: str = Field(default="warning", description="debug, info, warning or error")

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            address = urlsplit(value.get_secret_value())
            if address.scheme not in ("redis", "rediss", "unix") or (address.port is None and not address.netloc + address.path):
                raise ValueError("begins with redis://")
        return value

    @field_validator("log_level")
    @classmethod
    def _level(cls, value: str) -> str:
        if value not in ("debug", "info", "warning", "error"):
            raise ValueError("is debug, info, warning or error")
        return value
