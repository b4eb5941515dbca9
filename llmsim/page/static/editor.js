// Replacing a session's script. What is wrong with the new one is shown at its line.

import { call, sessionPath } from "./api.js";
import { byId, el, number } from "./dom.js";
import { get } from "./api.js";
import { pretty } from "./messages.js";

// As the server writes where a problem is: `script:2:9: $.turns[0].type: unknown ...`.
const PROBLEM = /^script:(\d+):(\d+): ([\s\S]*)$/;

let name = "";
let onReplaced = () => {};

export async function open(session, then) {
  [name, onReplaced] = [session, then];
  const field = byId("editor-text");
  field.value = "";
  clear();
  byId("editor-title").textContent = `Replace script of ${session}`;
  byId("editor-form").onsubmit = replace;
  byId("editor-cancel").onclick = () => byId("editor").close();
  field.oninput = clear;
  field.onscroll = () => (byId("editor-lines").scrollTop = field.scrollTop);
  byId("editor").showModal();
  field.value = await present(session);
  clear();
  field.setSelectionRange(0, 0);
}

// The script it plays, to begin from; a single turn where there is none.
async function present(session) {
  try {
    return pretty(await get(sessionPath(session, "/script")), 2);
  } catch {
    return pretty({ turns: [{ type: "assistant", text: "Hello" }] }, 2);
  }
}

async function replace(event) {
  event.preventDefault();
  clear();
  try {
    await call("PUT", sessionPath(name, "/script"), { text: byId("editor-text").value });
  } catch (error) {
    refused(error);
    return;
  }
  byId("editor").close();
  onReplaced();
}

function clear() {
  byId("editor-problems").replaceChildren();
  byId("editor-summary").textContent = "";
  byId("editor-text").removeAttribute("aria-invalid");
  numberLines(new Set());
}

function refused(error) {
  const problems = error.problems.map(read);
  const count = problems.length === 1 ? "1 problem" : `${number(problems.length)} problems`;
  byId("editor-summary").textContent = problems.length ? `Not replaced: ${count}.` : error.message;
  if (!problems.length) return;
  byId("editor-text").setAttribute("aria-invalid", "true");
  byId("editor-problems").replaceChildren(...problems.map(problemElement));
  numberLines(new Set(problems.map((problem) => problem.line)));
  go(problems[0]);
}

function read(text) {
  const found = PROBLEM.exec(text);
  return found
    ? { line: Number(found[1]), column: Number(found[2]), message: found[3] }
    : { line: 0, column: 0, message: text };
}

function problemElement(problem) {
  if (!problem.line) return el("li", {}, problem.message);
  const text = lines()[problem.line - 1] || "";
  const start = Math.max(problem.column - 30, 0);
  const button = el(
    "button",
    { type: "button", class: "plain" },
    `Line ${problem.line}, column ${problem.column}`,
  );
  button.onclick = () => go(problem);
  return el(
    "li",
    {},
    button,
    el(
      "pre",
      {},
      text.slice(start, start + 80),
      "\n",
      `${" ".repeat(problem.column - 1 - start)}^`,
    ),
    el("span", {}, problem.message),
  );
}

// Puts the cursor where the problem is.
function go({ line, column }) {
  if (!line) return;
  const field = byId("editor-text");
  const start = lines().slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
  field.focus();
  field.setSelectionRange(start + column - 1, start + column - 1);
  const height = field.scrollHeight / lines().length;
  field.scrollTop = Math.max((line - 4) * height, 0);
}

const lines = () => byId("editor-text").value.split("\n");

function numberLines(wrong) {
  const numbers = lines().map((_, index) =>
    wrong.has(index + 1) ? el("mark", {}, `${index + 1}\n`) : `${index + 1}\n`,
  );
  byId("editor-lines").replaceChildren(...numbers);
}
