"""The Dockerfile and docker-compose.yml: no engine runs here, so what a reviewer would ask of them is read from the files."""

import json
import re
import shutil
import subprocess
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
SERVICES = ("bot", "postgres", "redis")
DATA = {"postgres": "/var/lib/postgresql/data", "bot": "/var/lib/antenne"}


@cache
def instructions() -> tuple[tuple[str, str], ...]:
    """The Dockerfile's instructions with what stands behind them, continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return tuple((name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines if line))


def last_stage() -> dict[str, list[str]]:
    """The instructions of the stage that becomes the image, by name."""
    begin = max(index for index, (name, _) in enumerate(instructions()) if name == "FROM")
    found: dict[str, list[str]] = {}
    for name, rest in instructions()[begin:]:
        found.setdefault(name, []).append(rest)
    return found


@cache
def compose() -> dict[str, Any]:
    """docker-compose.yml, its anchors merged."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return found


def service(name: str) -> dict[str, Any]:
    """One service."""
    found: dict[str, Any] = compose()["services"][name]
    return found


# The image


def test_every_stage_begins_with_the_same_slim_python() -> None:
    """What is compiled in one stage runs in the other, and the version is named."""
    stages = [rest.split()[0] for name, rest in instructions() if name == "FROM"]
    assert stages == ["python:${PYTHON}"] * 2
    assert ("ARG", "PYTHON=3.12-slim-bookworm") in instructions()


def test_libraries_are_installed_from_the_lock() -> None:
    """Every library by its hash, from wheels, and no installer stays behind in the image's environment."""
    (install,) = [rest for name, rest in instructions() if name == "RUN" and "pip" in rest]
    assert {"--require-hashes", "--only-binary", "/tmp/run.txt", "--no-cache-dir"} <= {*install.split()}  # noqa: S108 - in the image
    assert "--without-pip" in install
    assert ("COPY", "requirements/run.txt /tmp/run.txt") in instructions()


def test_the_image_runs_as_nobody_in_particular() -> None:
    """A user by number, so that it can be checked; the program is not theirs, and only one folder is."""
    stage = last_stage()
    assert stage["USER"] == ["10001:10001"]
    assert stage["WORKDIR"] == stage["VOLUME"] == ["/var/lib/antenne"]
    assert not [rest for rest in stage["COPY"] if "--chown" in rest]
    assert [re.findall(r"--owner (\w+)", rest) for rest in stage["RUN"] if "--owner" in rest] == [["antenne"]]
    assert not [rest for _, rest in instructions() if re.search(r"sudo|chmod [0-7]*7\b|setcap|ADD ", rest)]


def test_a_read_only_root_is_enough() -> None:
    """Python is compiled beforehand and never writes beside the program."""
    stage = last_stage()
    assert "PYTHONDONTWRITEBYTECODE=1" in stage["ENV"][0].split()
    assert [rest for rest in stage["RUN"] if "compileall" in rest]


def test_screenshots_are_read_in_dutch() -> None:
    """Tesseract is there, and no list of packages stays behind."""
    (packages,) = [rest for rest in last_stage()["RUN"] if "apt-get" in rest]
    assert {"tesseract-ocr", "tesseract-ocr-nld", "--no-install-recommends"} <= {*packages.split()}
    assert "rm -rf /var/lib/apt/lists/*" in packages


def test_health_is_asked_with_what_is_there() -> None:
    """By Python's own library, not through a proxy; the code of both checks compiles."""
    (inside,) = last_stage()["HEALTHCHECK"]
    command = json.loads(inside[inside.index("[") :])
    for check in (command, service("bot")["healthcheck"]["test"][1:]):
        assert check[:3] == ["python", "-I", "-c"]
        assert "/healthz" in check[3]
        assert "ProxyHandler({})" in check[3]
        compile(check[3], "healthcheck", "exec")


def test_the_image_starts_the_bot() -> None:
    """Without a shell in between, so that a signal reaches it; with a command of the program as the default."""
    from adapters.main import app

    stage = last_stage()
    entry, default = json.loads(stage["ENTRYPOINT"][0]), json.loads(stage["CMD"][0])
    compile(entry[-1], "entrypoint", "exec")
    assert entry[:2] == ["python", "-P"]
    assert default[0] in {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}


def ignored(path: str) -> bool:
    """Whether .dockerignore keeps a path out: the last line that fits counts."""
    out = False
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        rule = line.strip()
        if not rule or rule.startswith("#"):
            continue
        pattern = rule.removeprefix("!")
        nested = pattern.removeprefix("**/") if pattern.startswith("**/") else ""
        parts = path.split("/")
        fits = any(fnmatch("/".join(parts[:end]), pattern) for end in range(1, len(parts) + 1))
        if fits or (nested and any(fnmatch(part, nested) for part in parts)):
            out = not rule.startswith("!")
    return out


def test_the_context_holds_what_is_copied_and_no_secret() -> None:
    """Everything that is copied is there; keys, databases, tests and caches are not."""
    for rest in (rest for name, rest in instructions() if name == "COPY" and "--from" not in rest):
        *sources, _ = rest.split()
        for source in sources:
            assert (ROOT / source).exists(), source
            assert not ignored(source), source
    assert not ignored("adapters/web/templates/card.html")
    kept_out = ("var/secret.key", "secrets/antenne_database_url", ".env", "adapters/.env", "tests/servers.py", ".git/config")
    for path in (*kept_out, "bot/__pycache__/desk.pyc", ".venv/bin/python", "requirements/dev.txt"):
        assert ignored(path), path


# The services


def test_there_are_three_services() -> None:
    """The bot, its database, its wake-ups; the official images by their major version."""
    assert tuple(compose()["services"]) == SERVICES
    assert service("postgres")["image"].startswith("postgres:17")
    assert service("redis")["image"].startswith("redis:7")
    assert service("bot")["build"] == "."


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_can_do_no_more_than_it_must(name: str) -> None:
    """Nothing to write but a volume and memory, no rights, no way to more of them, and a bound to what it takes."""
    item = service(name)
    assert item["read_only"] is True
    assert item["cap_drop"] == ["ALL"]
    assert item["security_opt"] == ["no-new-privileges:true"]
    assert not {"cap_add", "privileged", "devices", "network_mode", "pid", "ipc", "userns_mode", "container_name"} & item.keys()
    assert any(mount.startswith("/tmp:") for mount in item["tmpfs"])  # noqa: S108 - in the container
    assert all("size=" in mount for mount in item["tmpfs"])
    assert item["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    assert item["pids_limit"] > 0
    assert item["restart"] == "unless-stopped"
    assert item["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    if name != "bot":  # whose image has a user of its own
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", item["user"])


def test_nothing_is_reached_from_another_machine() -> None:
    """Ports are published on loopback alone, the bot's alone; database and Redis have no way out."""
    assert not any("ports" in service(name) for name in ("postgres", "redis"))
    assert service("bot")["ports"]
    assert all(port.startswith("127.0.0.1:") for port in service("bot")["ports"])
    assert compose()["networks"]["data"] == {"internal": True}
    assert service("postgres")["networks"] == service("redis")["networks"] == ["data"]
    assert set(service("bot")["networks"]) == {"data", "outside"}


def test_the_bot_can_be_scaled() -> None:
    """No name and no single port that a second one would want too."""
    host, published, inside = service("bot")["ports"][0].rsplit(":", 2)
    first, last = map(int, published.split("-"))
    assert (host, inside, last - first + 1 >= 2) == ("127.0.0.1", "8420", True)
    assert service("bot")["deploy"]["replicas"] == 1


def test_what_must_last_lies_in_named_volumes() -> None:
    """The database and the key, each in its own; what comes from this folder cannot be written."""
    named = set(compose()["volumes"])
    for name, place in DATA.items():
        (volume,) = [mount for mount in service(name)["volumes"] if mount.split(":")[1] == place]
        named.remove(volume.split(":")[0])
    assert not named
    bound = [mount for name in SERVICES for mount in service(name).get("volumes", ()) if mount.startswith((".", "/", "$"))]
    assert bound
    assert all(mount.endswith(":ro") for mount in bound)


def test_secrets_come_from_files() -> None:
    """No password stands in the file or in the environment, and each service sees its own only."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert set(compose()["secrets"]) == {name for item in SERVICES for name in service(item)["secrets"]}
    for name, item in compose()["secrets"].items():
        assert item == {"file": f"./secrets/{name}"}
        assert f"> secrets/{name}" in text, "the file's first lines say how each is made"
    for name in SERVICES:
        environment = service(name).get("environment", {})
        assert not [key for key in environment if re.search("PASSWORD|SECRET|TOKEN|URL", key) and not key.endswith("_FILE")]
    assert "secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_the_bots_secrets_and_environment_are_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name that the file gives the bot is one that it reads; a variable goes before a secret of the same name."""
    names = [name.lower().removeprefix("antenne_") for name in (*service("bot")["secrets"], *service("bot")["environment"])]
    assert set(names) <= Settings.model_fields.keys()
    (tmp_path / "antenne_database_url").write_text("postgresql://antenne:word@postgres/antenne\n", encoding="utf-8")
    (tmp_path / "antenne_redis_url").write_text("redis://:word@redis:6379/0\n", encoding="utf-8")
    monkeypatch.delenv("ANTENNE_DATABASE_URL", raising=False)
    monkeypatch.setenv("ANTENNE_REDIS_URL", "redis://elsewhere:6379/0")
    found = Settings(_env_file=None, _secrets_dir=tmp_path)
    assert found.database_url.get_secret_value() == "postgresql://antenne:word@postgres/antenne"
    assert found.redis_url is not None
    assert found.redis_url.get_secret_value() == "redis://elsewhere:6379/0"
    assert "word" not in repr(found)


def test_docker_reads_it_where_it_can(tmp_path: Path) -> None:
    """Where Docker's client has its compose plugin (it needs no engine for this), it has nothing to say against the file."""
    if (
        shutil.which("docker") is None
        or subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode
    ):
        return
    read = ["docker", "compose", "--file", str(ROOT / "docker-compose.yml"), "config", "--quiet"]
    run = subprocess.run(read, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
