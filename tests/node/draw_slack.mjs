// Slack's blocks as one HTML page, on standard output: node draw_slack.mjs light|dark FILE.json
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { Message } from "slack-blocks-to-jsx";

// A plain blue square: the app has no picture of its own here.
const LOGO = `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" width="36" height="36"><rect width="36" height="36" rx="6" fill="#1d4ed8"/></svg>`)}`;
const [theme, file] = process.argv.slice(2);
const { blocks } = JSON.parse(readFileSync(file, "utf8"));
// The renderer has no server to ask for options; closed, such a menu looks like any other.
for (const element of blocks.flatMap((block) => block.elements ?? []))
  if (element.type === "external_select") Object.assign(element, { type: "static_select", options: [element.initial_option].filter(Boolean) });
const style = readFileSync(createRequire(import.meta.url).resolve("slack-blocks-to-jsx/dist/style.css"), "utf8");
const message = createElement(Message, { blocks, theme, name: "Antenne", logo: LOGO, time: new Date("2026-11-20T09:41:00") });
const colours = theme === "dark" ? "background:#1a1d21;color:#d1d2d3" : "background:#fff;color:#1d1c1d";
process.stdout.write(`<!doctype html><meta charset="utf-8"><style>${style}</style><body style="margin:16px;${colours}">${renderToStaticMarkup(message)}`);
