"""Every approved payload, and each kind that there can be, against Slack's own published types, by the TypeScript compiler: no name
misspelt, no value of the wrong kind."""

import json
from pathlib import Path

import pytest

from tests.approved import HERE
from tests.node import MODULES, node

HEAD = 'import type { KnownBlock, ModalView, HomeView } from "@slack/types";\ntype Message = { text: string; blocks: KnownBlock[] };\n'


@pytest.mark.needs("npm")
def test_slack_knows_every_payload(tmp_path: Path) -> None:
    """The compiler has nothing to say of what is sent, and would say so if there were."""
    pages = [page for folder in ("slack", "slack_kinds", "slack_more") for page in sorted((HERE / folder).glob("*.json"))]
    assert len(pages) > 180
    kinds = {"modal": "ModalView", "home": "HomeView"}
    lines = [HEAD]
    for number, page in enumerate(pages):
        sent = json.loads(page.read_text(encoding="utf-8"))
        lines.append(f"const p{number}: {kinds.get(sent.get('type'), 'Message')} = {json.dumps(sent)};  // {page.name}\n")
    assert not problems(tmp_path, "".join(lines))
    wrong = '{ text: "", blocks: [{ type: "divider", blok_id: "x" }, { type: "header", text: "plain" }] }'
    assert problems(tmp_path, HEAD + f"const wrong: Message = {wrong};\n").count("error TS") == 2


def problems(folder: Path, source: str) -> str:
    """What the compiler says of ``source``."""
    (folder / "payloads.ts").write_text(source, encoding="utf-8")
    (folder / "tsconfig.json").write_text(
        json.dumps(
            {
                "compilerOptions": {
                    "strict": True,
                    "noEmit": True,
                    "skipLibCheck": True,
                    "types": [],
                    "lib": ["es2022"],
                    "moduleResolution": "bundler",
                    "module": "esnext",
                    "paths": {"@slack/types": [str(MODULES / "@slack/types/dist/index.d.ts")]},
                },
                "files": ["payloads.ts"],
            }
        ),
        encoding="utf-8",
    )
    return node("typescript/bin/tsc", "--pretty", "false", "--project", str(folder))
