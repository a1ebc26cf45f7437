"""`/metrics`: what the bot counts of itself, in Prometheus' text format."""

from collections import defaultdict
from typing import TYPE_CHECKING

from aiohttp import web

from bot.metrics import ABOUT, Measured

if TYPE_CHECKING:
    from bot.antenne import Antenne

PATH = "/metrics"
PATIENCE = 3.0  # seconds for the database
MEDIA = "text/plain; version=0.0.4; charset=utf-8"


def metrics(antenne: "Antenne") -> web.RouteDef:
    """The path. It answers while the database does not, which is then one of the things it says."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=text(await antenne.measured(PATIENCE)).encode(), headers={"Content-Type": MEDIA})

    return web.get(PATH, answer)


def text(found: list[Measured]) -> str:
    """The numbers as Prometheus reads them: each name once, with what it is. Labels are codes of ours, so nothing needs quoting."""
    by_name: dict[str, list[Measured]] = defaultdict(list)
    for item in found:
        by_name[item.name].append(item)
    lines = []
    for name, about in ABOUT.items():
        if name in by_name:
            kind = "counter" if name.endswith("_total") else "gauge"
            lines += [f"# HELP antenne_{name} {about}", f"# TYPE antenne_{name} {kind}"]
            lines += [f"antenne_{name}{_labels(item)} {item.value:.10g}" for item in by_name[name]]
    return "\n".join(lines) + "\n"


def _labels(item: Measured) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in item.labels.items()) + "}" if item.labels else ""
