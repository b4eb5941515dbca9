// The list of sessions: searched and paged by the server.

import { get } from "./api.js";
import { byId, clock, el, keyed, note, number, setText, show } from "./dom.js";
import { Pager } from "./pager.js";
import { progress, updateProgress } from "./progress.js";
import { sessionAddress } from "./route.js";
import * as stats from "./stats.js";

const LIMIT = 50;
const WAIT = 250; // milliseconds after the last key

let pager;
let refresh;

// `onChange` is called when another part of the list is wanted.
export function start(onChange) {
  refresh = onChange;
  pager = new Pager(byId("sessions-pages"), 0, onChange);
  let timer = 0;
  const again = () => {
    pager.restart();
    refresh();
  };
  byId("sessions-search").oninput = () => {
    clearTimeout(timer);
    timer = setTimeout(again, WAIT);
  };
  byId("sessions-state").onchange = again;
  byId("sessions-filters").onsubmit = (event) => event.preventDefault();
}

export async function update(isOn) {
  const search = byId("sessions-search").value.trim();
  const state = byId("sessions-state").value;
  const mark = pager.mark;
  const found = await get("sessions", { search, state, after: mark, limit: LIMIT });
  if (!isOn() || mark !== pager.mark) return;
  keyed(byId("sessions-rows"), found.sessions, (session) => session.name, { make, update: fill });
  const isFiltered = Boolean(search || state);
  setText(
    byId("sessions-count"),
    isFiltered || stats.sessions === null ? "" : number(stats.sessions),
  );
  note(byId("sessions-empty"), found.sessions.length ? "" : nothing(isFiltered));
  show(byId("sessions"), found.sessions.length > 0);
  const first = pager.page * LIMIT;
  pager.update(found.next, `${number(first + 1)} to ${number(first + found.sessions.length)}`);
}

function nothing(isFiltered) {
  return isFiltered
    ? "No session fits."
    : "No session yet. The first request makes one: see Connect.";
}

function make(session) {
  const link = el("a", { href: sessionAddress(session.name) }, session.name);
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, link),
    el("td", { class: "wide" }),
    el("td", {}, progress()),
    el("td", { class: "number" }),
    el("td", { class: "number" }),
    el("td", { class: "wide number" }),
  );
}

function fill(row, session) {
  const [, script, done, requests, errors, last] = row.children;
  setText(script, session.script);
  updateProgress(done.firstChild, session);
  setText(requests, number(session.requests));
  setText(errors, number(session.errors));
  errors.classList.toggle("bad", session.errors > 0);
  setText(last, session.last ? clock(session.last) : "–");
}
