// How far the conversations of a script that plays by history came.

import { get, sessionPath } from "./api.js";
import { byId, el, keyed, number, setText, show } from "./dom.js";
import { Pager } from "./pager.js";
import { sessionAddress } from "./route.js";

const LIMIT = 50;
const MOST_TURNS = 500;

let pager;
let name = "";

export function start(refresh) {
  pager = new Pager(byId("conversations-pages"), 0, refresh);
  byId("conversations-which").onchange = () => {
    pager.restart();
    refresh();
  };
}

export function open(route) {
  if (route.name === name) return;
  name = route.name;
  pager.restart();
}

export async function update(session, isOn) {
  const [mark, which] = [pager.mark, byId("conversations-which").value];
  const [steps, verdict] = await Promise.all([
    get(sessionPath(session.name, "/steps"), { limit: MOST_TURNS }),
    get(sessionPath(session.name, "/verdict"), { conversations: which, after: mark, limit: LIMIT }),
  ]);
  if (!isOn() || mark !== pager.mark) return;
  const found = verdict.conversations;
  const lines = steps.tracks.filter((track) => track.order === "history");
  keyed(byId("funnel"), lines, (track) => track.name, {
    make: makeLine,
    update: (element, track) =>
      fillLine(element, track, track.name === lines[0].name ? found : null),
  });
  if (found) fillConversations(found);
}

function makeLine(track) {
  const columns = [
    ["Step"],
    ["Came here"],
    ["Answers", "number"],
    ["Errors", "number"],
    ["Stopped here", "number"],
  ];
  return el(
    "table",
    { class: "list funnel" },
    el("caption", {}),
    el(
      "thead",
      {},
      el("tr", {}, ...columns.map(([text, kind]) => el("th", { scope: "col", class: kind }, text))),
    ),
    el("tbody"),
  );
}

function fillLine(table, track, found) {
  const steps = byStep(track, found);
  const most = Math.max(...steps.map((step) => step.came), 1);
  const sum = found?.began
    ? `${number(found.began)} conversations began, ${number(found.ended)} ended, ` +
      `${number(found.failed)} failed`
    : "the answers that began with each step; its conversations cannot be told apart";
  setText(table.caption, `${track.name}: ${sum}`);
  keyed(table.tBodies[0], steps, (step) => step.step, {
    make: () =>
      el(
        "tr",
        {},
        el("th", { scope: "row" }),
        el("td", {}, el("progress"), el("span", { class: "amount" })),
        ...Array.from({ length: 3 }, () => el("td", { class: "number" })),
      ),
    update: (row, step) => fillStep(row, step, most),
  });
}

// {step, type, came, served, errors, stopped} for each step of a line. Where conversations cannot
// be told apart, as many came as answers began.
function byStep(track, found) {
  const steps = new Map();
  for (const { turn, step, type, served } of track.rows) {
    const before = steps.get(step) || { errors: 0 };
    const errors = before.errors + (type === "error" ? served : 0);
    // What comes last is the step's turn; the errors before it come once in each conversation.
    steps.set(step, { step, type, served, errors });
  }
  const count = (list, step) => list.find((one) => one.step === step)?.count ?? 0;
  return [...steps.values()].map((one) => ({
    ...one,
    came: found?.began ? count(found.came, one.step) : one.served,
    stopped: found?.began ? count(found.stopped, one.step) : null,
  }));
}

function fillStep(row, step, most) {
  const [label, came, served, errors, stopped] = row.children;
  setText(label, `${step.step} · ${step.type}`);
  const [bar, amount] = came.children;
  bar.max = most;
  bar.value = step.came;
  bar.setAttribute("aria-label", `Conversations that came to step ${step.step}`);
  setText(amount, number(step.came));
  setText(served, number(step.served));
  setText(errors, number(step.errors));
  errors.classList.toggle("bad", step.errors > 0);
  setText(stopped, number(step.stopped));
}

function fillConversations(found) {
  keyed(byId("conversations-rows"), found.page, (one) => one.conversation, {
    make: (one) =>
      el(
        "tr",
        {},
        el(
          "th",
          { scope: "row" },
          el(
            "a",
            { href: sessionAddress(name, "timeline", { conversation: one.conversation }) },
            one.conversation,
          ),
        ),
        el("td"),
        el("td", { class: "number" }),
        el("td"),
      ),
    update: (row, one) => {
      const [, state, step, verdict] = row.children;
      setText(state, one.state);
      setText(step, one.step);
      setText(
        verdict,
        one.passed ? "passed" : one.reasons.map((reason) => reason.text).join("; ") || "failed",
      );
      verdict.classList.toggle("bad", !one.passed);
    },
  });
  show(byId("conversations-empty"), !found.page.length);
  const first = pager.page * LIMIT + 1;
  pager.update(found.next, `${number(first)} to ${number(first + found.page.length - 1)}`);
}
