// One session: its facts, and the part of it that is chosen.

import { call, get, sessionPath } from "./api.js";
import { confirmed } from "./confirm.js";
import { connectPanel } from "./connect.js";
import { byId, clock, el, keyed, note, number, say, setText, show } from "./dom.js";
import * as editor from "./editor.js";
import * as funnel from "./funnel.js";
import { every } from "./poll.js";
import { updateTracks } from "./progress.js";
import { sessionAddress, TABS } from "./route.js";
import * as script from "./script.js";
import * as timeline from "./timeline.js";
import * as verdict from "./verdict.js";

const SECONDS = 2;
const PARTS = { timeline, funnel, script };

let current = null; // the route
let found = null; // the session, as the last answer described it
let running = [];

export function start() {
  for (const part of Object.values(PARTS)) part.start(again);
  byId("session-reset").onclick = reset;
  byId("session-delete").onclick = remove;
  byId("session-replace").onclick = () => editor.open(current.name, replaced);
}

// What is polled for this route.
export function polls(route) {
  const isSame = current?.name === route.name && found !== null;
  current = route;
  if (!isSame) {
    found = null;
    verdict.clear();
    show(byId("session-found"), false);
    byId("tab-connect").replaceChildren(connectPanel(route.name));
  }
  setText(byId("session-name"), route.name);
  for (const link of document.querySelectorAll("[data-tab]")) {
    link.href = sessionAddress(route.name, link.dataset.tab);
    if (link.dataset.tab === route.tab) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  for (const tab of TABS) show(byId(`tab-${tab}`), tab === route.tab);
  PARTS[route.tab]?.open(route);
  running = [every(SECONDS, update)];
  return running;
}

function again() {
  for (const poll of running) poll.now();
}

async function update(isOn) {
  const { name, tab } = current;
  let session = null;
  try {
    session = await get(sessionPath(name));
  } catch (error) {
    if (error.code !== "session_not_found") throw error;
  }
  if (!isOn()) return;
  found = session;
  show(byId("session-found"), session !== null);
  for (const button of ["reset", "delete"]) byId(`session-${button}`).disabled = session === null;
  note(
    byId("session-missing"),
    session ? "" : `There is no session ${name}. Its first request makes it.`,
  );
  if (session === null) return;
  fill(session);
  await PARTS[tab]?.update(session, isOn);
  if (isOn()) await verdict.update(session, isOn);
}

function fill(session) {
  const byHistory = session.turns_used === null;
  const facts = {
    State: session.state,
    Script: session.script,
    Turns: byHistory
      ? `${number(session.turns)}, by history`
      : `${number(session.turns_used)} of ${number(session.turns)} taken`,
    Position: number(session.position),
    Requests: number(session.requests),
    Errors: number(session.errors),
    "Last request": session.last ? clock(session.last) : "–",
    Generation: session.generation,
  };
  keyed(byId("session-facts"), Object.entries(facts), ([name]) => name, {
    make: ([name]) => el("div", {}, el("dt", {}, name), el("dd")),
    update: (element, [, value]) => setText(element.lastChild, value),
  });
  updateTracks(byId("session-tracks"), session);
  for (const link of document.querySelectorAll("[data-tab=funnel]")) show(link, byHistory);
}

async function reset() {
  const { name } = current;
  const text = "It begins again at position 0. Its journal is cleared.";
  if (!(await confirmed({ title: `Reset ${name}?`, text, yes: "Reset" }))) return;
  await done(() => call("POST", sessionPath(name, "/reset")), `${name} was reset.`);
  again();
}

async function remove() {
  const { name } = current;
  const text = "The session, its own script and its journal are forgotten.";
  if (!(await confirmed({ title: `Delete ${name}?`, text, yes: "Delete" }))) return;
  if (await done(() => call("DELETE", sessionPath(name)), `${name} was deleted.`)) {
    location.hash = "#/";
  }
}

function replaced() {
  say(`${current.name} plays another script.`);
  again();
}

async function done(act, message) {
  try {
    await act();
    say(message);
    return true;
  } catch (error) {
    say(error.message);
    return false;
  }
}
