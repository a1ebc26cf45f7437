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
// The renderer has no server to ask for options, and shows no choice that was made; closed, such a menu looks like any other.
for (const element of blocks.flatMap((block) => block.elements ?? [])) {
  if (element.type === "external_select") Object.assign(element, { type: "static_select", options: [element.initial_option].filter(Boolean) });
  if (element.initial_option) element.placeholder = element.initial_option.text;
}
// It draws no table either: as one is drawn in Slack.
const cell = (one) => one.elements.flatMap((part) => part.elements).map((piece) => piece.text).join("");
const escaped = (text) => text.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign]);
const tables = blocks.filter((block) => block.type === "table").map(({ rows, column_settings: columns }) => {
  const row = (cells, at) => `<tr>${cells.map((one, column) => `<td style="text-align:${columns[column]?.align ?? "left"};font-weight:${at ? 400 : 700}">${escaped(cell(one))}</td>`).join("")}</tr>`;
  return `<table>${rows.map(row).join("")}</table>`;
});
const drawn = blocks.map((block) => (block.type === "table" ? { type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text", text: "§table§" }] }] } : block));
const style = readFileSync(createRequire(import.meta.url).resolve("slack-blocks-to-jsx/dist/style.css"), "utf8");
const message = createElement(Message, { blocks: drawn, theme, name: "Antenne", logo: LOGO, time: new Date("2026-11-20T09:41:00") });
const colours = theme === "dark" ? "background:#1a1d21;color:#d1d2d3" : "background:#fff;color:#1d1c1d";
const more = `code, pre { word-break: normal !important; overflow-wrap: break-word; white-space: pre-wrap }
table { border-collapse: collapse; margin: 4px 0 } td { border: 1px solid #8886; padding: 4px 10px }
i.dot { display: inline-block; width: .75em; height: .75em; border-radius: 50% }`;
const dots = { "🔴": "#e01e5a", "🟠": "#e8912d", "🟢": "#2bac76", "🔵": "#1d9bd1" };  // a machine without emoji letters draws boxes
const html = renderToStaticMarkup(message)
  .replace(/🔴|🟠|🟢|🔵/gu, (sign) => `<i class="dot" style="background:${dots[sign]}"></i>`)
  .replace(/§table§/g, () => tables.shift() ?? "");
process.stdout.write(`<!doctype html><meta charset="utf-8"><style>${style}${more}</style><body style="margin:16px;${colours}">${html}`);
