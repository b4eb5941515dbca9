// Whether the session's agents did the right thing so far.

import { get, sessionPath } from "./api.js";
import { byId, el, keyed, number } from "./dom.js";

const LEAST = 4; // seconds between two questions
const REST = 10; // times as long as it takes to judge: a long journal is read whole

let asked = { of: "", again: 0 };

export function clear() {
  asked = { of: "", again: 0 };
  byId("session-verdict").replaceChildren();
}

export async function update(session, isOn) {
  const of = [session.name, session.generation, session.entries].join(" ");
  const start = performance.now();
  if (asked.of === of || start < asked.again) return;
  const found = await get(sessionPath(session.name, "/verdict"), { limit: 1 });
  if (!isOn()) return;
  const end = performance.now();
  asked = { of, again: end + Math.max(LEAST * 1000, (end - start) * REST) };
  fill(found);
}

function fill(found) {
  const lines = [
    found.passed ? { kind: "passed", text: "" } : { kind: "failed", text: "" },
    ...found.reasons.slice(0, 5),
  ];
  const failed = found.conversations?.failed;
  if (failed) {
    const began = number(found.conversations.began);
    lines.push({
      kind: "conversations",
      text: `${number(failed)} of ${began} conversations: see Funnel`,
    });
  }
  const more = found.reasons_found - found.reasons.slice(0, 5).length;
  if (more > 0) lines.push({ kind: "more", text: `${number(more)} more` });
  keyed(byId("session-verdict"), lines, (line) => JSON.stringify(line), { make });
}

function make({ kind, text, position = null }) {
  if (kind === "passed") return el("p", { class: "badge good" }, "Verdict: passed");
  if (kind === "failed") return el("p", { class: "badge bad" }, "Verdict: failed");
  return el(
    "p",
    { class: "reason" },
    position === null ? "" : el("span", { class: "muted" }, `#${position} `),
    text,
  );
}
