// A session's conversation: its journal, page by page, and what comes while one looks.

import { get, sessionPath } from "./api.js";
import { byId, el, keyed, note, number, setText, show } from "./dom.js";
import { entryElement, isRetry } from "./entry.js";
import { Pager } from "./pager.js";
import { sessionAddress } from "./route.js";

const LIMIT = 40;

let pager;
let again;
let shown; // {of, mark, entries}: what is on the page, and what asks for more of it
let route;

export function start(refresh) {
  again = refresh;
  pager = new Pager(byId("timeline-pages"), "0", () => begin(refresh));
  byId("timeline-track").onchange = () => {
    pager.restart();
    begin(refresh);
  };
  byId("timeline-filters").onsubmit = (event) => event.preventDefault();
}

function begin(refresh) {
  clear();
  refresh();
}

function clear() {
  shown = { of: "", mark: pager.mark, entries: [] };
}

export function open(to) {
  if (route?.name !== to.name) byId("timeline-track").replaceChildren();
  if (route?.name !== to.name || route.conversation !== to.conversation) {
    pager.restart();
    clear();
    byId("timeline").replaceChildren();
  }
  route = to;
  const place = byId("timeline-conversation");
  show(place, Boolean(to.conversation));
  const all = el("a", { href: sessionAddress(to.name) }, "Show all");
  place.replaceChildren("Conversation ", el("code", {}, to.conversation), " ", all);
}

export async function update(session, isOn) {
  fillTracks(session);
  const before = shown;
  const room = LIMIT - before.entries.length;
  if (room > 0) {
    const { conversation } = route;
    const track = byId("timeline-track").value;
    const query = { since: before.mark, limit: room, conversation, track };
    const found = await get(sessionPath(session.name, "/requests"), query);
    if (!isOn() || before !== shown) return;
    if (found.rewound) return begin(() => (pager.restart(), clear(), again()));
    const entries = [...shown.entries, ...found.entries, ...found.stale.map(asStale)];
    shown = { mark: found.next, entries };
  }
  fill();
}

const asStale = (entry) => ({ ...entry, isStale: true });

function fill() {
  const { entries, mark } = shown;
  keyed(
    byId("timeline"),
    entries.map((entry, index) => ({ entry, index })),
    ({ entry, index }) => `${index} ${entry.generation} ${entry.time}`,
    { make: ({ entry, index }) => entryElement(entry, isRetry(entry, entries.slice(0, index))) },
  );
  note(byId("timeline-empty"), entries.length || pager.page ? "" : "No request yet.");
  const first = pager.page * LIMIT + 1;
  const place = entries.length
    ? `${number(first)} to ${number(first + entries.length - 1)}`
    : "Nothing later yet";
  pager.update(entries.length >= LIMIT ? mark : null, place);
}

function fillTracks(session) {
  const names = (session.tracks || []).map((track) => track.name);
  show(byId("timeline-track-label"), names.length > 1);
  keyed(byId("timeline-track"), ["", ...names], (name) => `track ${name}`, {
    make: (name) => el("option", { value: name }, name || "all"),
    update: (option, name) => setText(option, name || "all"),
  });
}
