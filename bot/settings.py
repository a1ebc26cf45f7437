"""Environment and ``.env`` to settings. Every name begins with ``ANTENNE_``; parts are joined with ``__``."""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SAMPLE = Path(__file__).parent.parent / "examples" / "torenbeek" / "organisation.yaml"


class Settings(BaseSettings):
    """How this installation runs. Secrets show as stars wherever they are printed."""

    model_config = SettingsConfigDict(
        env_prefix="ANTENNE_", env_nested_delimiter="__", env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    organisation: Path = Field(default=SAMPLE, description="the municipality's file")
    database_url: SecretStr = Field(default=SecretStr("sqlite:///var/antenne.db"), description="sqlite:///… or postgresql://…")
    secret_key_file: Path = Field(default=Path("var/secret.key"), description="made at the first start, mode 0600; keep it safe")
    redis_url: SecretStr | None = Field(default=None, description="redis://…; only needed for several processes")
    host: str = Field(default="127.0.0.1", description="where platform paths and /healthz listen")
    port: int = Field(default=8420, ge=1, le=65535, description="the local web chat's port, on loopback only")
    log_level: str = Field(default="warning", description="debug, info, warning or error")

    @field_validator("log_level")
    @classmethod
    def _level(cls, value: str) -> str:
        if value not in ("debug", "info", "warning", "error"):
            raise ValueError("is debug, info, warning or error")
        return value
