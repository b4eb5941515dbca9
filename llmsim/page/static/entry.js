// One request of a timeline: what the agent sent, what it got, and what was odd about it.

import { clock, el, milliseconds, number } from "./dom.js";
import { newMessages, pretty } from "./messages.js";

const LONGEST = 2000; // characters of a text that are shown at once

// A retry is known by the SDK's header, by its try, or as the same size again after an error.
export function isRetry(entry, before) {
  if (entry.retry_count > 0 || entry.try > 0) return true;
  const last = before.findLast(
    (other) => other.track === entry.track && other.conversation === entry.conversation,
  );
  return Boolean(last && last.status >= 400 && last.request_bytes === entry.request_bytes);
}

export function entryElement(entry, isAgain) {
  const isWrong = Boolean(entry.unmet?.length);
  const wentWrong = entry.status >= 400 || entry.outcome !== "completed";
  return el(
    "li",
    { class: `entry${isWrong ? " unmet" : ""}${wentWrong ? " failed" : ""}` },
    head(entry, isAgain),
    part("sent", "Agent sent", sent(entry)),
    isWrong ? differences(entry.unmet) : null,
    entry.findings?.length ? findings(entry.findings) : null,
    part("served", "Served", served(entry)),
    whole(entry),
  );
}

function part(name, title, texts) {
  return el("div", { class: `part ${name}` }, el("h3", {}, title), el("div", {}, ...texts));
}

function head(entry, isAgain) {
  const turn = entry.turn === null ? "no turn" : `turn ${entry.turn}`;
  const step = entry.step === null ? "" : ` · step ${entry.step}`;
  const badges = [
    isAgain ? ["warn", "retry"] : null,
    entry.track && entry.track !== "main" ? ["track-badge", entry.track] : null,
    entry.script ? ["", entry.script] : null,
    entry.unmet?.length ? ["bad", "not as expected"] : null,
    entry.outcome === "client_gone" ? ["bad", "aborted: client gone"] : null,
    entry.outcome === "broken_off" ? ["warn", "aborted: broken off"] : null,
    entry.isStale ? ["warn", "of before the rewind"] : null,
  ].filter(Boolean);
  return el(
    "header",
    {},
    el("strong", {}, entry.position === null ? "–" : `#${number(entry.position)}`),
    el("span", { class: "muted" }, `${turn}${step}`),
    ...badges.map(([kind, text]) => el("span", { class: `badge ${kind}` }, text)),
    el("span", { class: `status${entry.status >= 400 ? " bad" : ""}` }, String(entry.status)),
    el("span", { class: "muted meta" }, [
      entry.api,
      entry.stream ? "stream" : null,
      milliseconds(entry.duration_ms),
      clock(entry.time),
    ].filter(Boolean).join(" · ")),
  );
}

function sent(entry) {
  if (entry.request_body === null || entry.request_body === undefined) {
    const text =
      entry.request_text || (entry.request_dropped ? "The journal did not keep it." : "No body.");
    return [el("p", { class: "text" }, short(text))];
  }
  const messages = newMessages(entry.request_body);
  if (!messages.length) return [el("p", { class: "text muted" }, `${entry.method} ${entry.path}`)];
  return messages.map(({ role, text }) =>
    el("p", { class: "text" }, el("span", { class: "role" }, role), short(text)),
  );
}

function served(entry) {
  const { blocks = [], failure } = entry.answer || {};
  if (failure) {
    return [
      el(
        "p",
        { class: "text bad" },
        el("span", { class: "role" }, failure.kind || "error"),
        short(failure.message || ""),
      ),
    ];
  }
  if (!blocks.length) return [el("p", { class: "text muted" }, "Nothing is kept of it.")];
  return blocks.map((block) =>
    block.type === "tool_call"
      ? el(
          "p",
          { class: "text" },
          el("span", { class: "role" }, "calls"),
          el("code", {}, `${block.name}(${short(pretty(block.arguments, 0))})`),
        )
      : el(
          "p",
          { class: "text" },
          el("span", { class: "role" }, block.type),
          short(block.text || ""),
        ),
  );
}

function differences(unmet) {
  return el(
    "section",
    { class: "differences", "aria-label": "Not as the script expects" },
    ...unmet.map(({ condition, wanted, found }) =>
      el(
        "dl",
        {},
        el("div", { class: "condition" }, el("dt", {}, "condition"), el("dd", {}, condition)),
        el("div", { class: "wanted" }, el("dt", {}, "expected"), el("dd", {}, wanted)),
        el("div", { class: "found" }, el("dt", {}, "found"), el("dd", {}, found)),
      ),
    ),
  );
}

function findings(found) {
  return el(
    "ul",
    { class: "findings" },
    ...found.map(({ kind, text }) => el("li", {}, el("strong", {}, kind), ` ${text}`)),
  );
}

// The whole entry; made when it is opened, for it can be long.
function whole(entry) {
  const details = el("details", {}, el("summary", {}, "Whole entry"));
  details.ontoggle = () => {
    if (details.open && details.children.length === 1) {
      details.append(
        el("pre", { tabindex: 0, "aria-label": "Whole entry" }, short(pretty(entry, 2), 100_000)),
      );
    }
  };
  return details;
}

function short(text, most = LONGEST) {
  return text.length > most ? `${text.slice(0, most)} … (${number(text.length)} characters)` : text;
}
