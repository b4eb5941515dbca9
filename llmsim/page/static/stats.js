// The numbers of this host, as charts: polled from /llmsim/stats.

import { get } from "./api.js";
import { Chart } from "./charts.js";
import { byId, milliseconds, note, number } from "./dom.js";

const WINDOW = { size: 120, span: "last 4 minutes" };
export const SECONDS = 2;

const rate = (value) => `${number(value)}/s`;

let charts = null;
let last = null;
export let sessions = null; // how many there are, as the last answer said

function made() {
  const found = {
    requests: new Chart(
      "Requests",
      [
        { label: "requests", format: rate },
        { label: "errors", format: rate },
      ],
      WINDOW,
    ),
    latency: new Chart(
      "Latency",
      [
        { label: "mean now", format: milliseconds },
        { label: "p50", format: milliseconds },
        { label: "p99", format: milliseconds },
      ],
      WINDOW,
    ),
    tokens: new Chart(
      "Tokens",
      [
        { label: "answers", format: rate },
        { label: "prompts", format: rate },
      ],
      WINDOW,
    ),
  };
  byId("charts").append(...Object.values(found).map((chart) => chart.element));
  return found;
}

export async function update(isOn) {
  let found;
  try {
    found = await get("stats");
  } catch (error) {
    if (error.code !== "metrics_off") throw error;
    note(byId("charts-off"), error.message);
    return;
  }
  if (!isOn()) return;
  const now = { ...found, at: performance.now() / 1000 };
  charts ??= made();
  sessions = found.sessions;
  const changed = since(last, now);
  last = now;
  if (!changed) return;
  charts.requests.add([changed.requests, changed.errors]);
  charts.latency.add([changed.latency, now.p50_latency_ms, now.p99_latency_ms]);
  charts.tokens.add([changed.completion, changed.prompt]);
}

// What was counted between two samples, by the second; null where a server began to count anew.
export function since(before, now) {
  if (!before || now.total_requests < before.total_requests) return null;
  const seconds = now.at - before.at;
  const per = (name) => Math.max(now[name] - before[name], 0) / seconds;
  const requests = now.total_requests - before.total_requests;
  const spent =
    now.avg_latency_ms * now.total_requests - before.avg_latency_ms * before.total_requests;
  return {
    requests: per("total_requests"),
    errors: per("total_errors"),
    completion: per("completion_tokens"),
    prompt: per("prompt_tokens"),
    latency: requests ? Math.max(spent / requests, 0) : null,
  };
}
