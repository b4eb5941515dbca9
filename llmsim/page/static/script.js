// The script of a session, turn by turn, with the cursor's place in each track.

import { get, sessionPath } from "./api.js";
import { byId, el, keyed, note, number, setText, show } from "./dom.js";
import { pretty } from "./messages.js";
import { Pager } from "./pager.js";

const LIMIT = 100;

let pager;
let known = { of: "", script: null };

export function start(refresh) {
  pager = new Pager(byId("script-pages"), 0, refresh);
}

export function open(route) {
  if (known.of.startsWith(`${route.name} `)) return;
  known = { of: `${route.name} `, script: null };
  pager.restart();
}

export async function update(session, isOn) {
  const of = `${session.name} ${session.generation}`;
  if (known.of !== of) {
    const script = await text(session.name);
    if (!isOn()) return;
    known = { of, script };
    pager.restart();
  }
  const mark = pager.mark;
  const steps = await get(sessionPath(session.name, "/steps"), { after: mark, limit: LIMIT });
  if (!isOn() || mark !== pager.mark) return;
  const isKnown = known.script !== null;
  note(
    byId("script-note"),
    isKnown
      ? ""
      : "This session plays whichever script its requests are for; " +
          "the turns are listed without their texts.",
  );
  keyed(byId("script"), steps.tracks, (track) => track.name, {
    make: makeTrack,
    update: (element, track) => fillTrack(element, track, session),
  });
  pager.update(steps.next, `from turn ${number(mark)}`);
}

// The script; null where the session has none that is always played.
async function text(name) {
  try {
    return await get(sessionPath(name, "/script"));
  } catch (error) {
    if (error.code !== "no_script") throw error;
    return null;
  }
}

function makeTrack() {
  return el(
    "section",
    { class: "script-track" },
    el("h2"),
    el("p", { class: "muted" }),
    el("ol", { class: "turns" }),
    el("p", { class: "end muted" }),
  );
}

function fillTrack(element, track, session) {
  const [title, when, list, end] = element.children;
  const own = source(track.name);
  setText(title, track.name);
  const says = [
    `${track.turns === 1 ? "1 turn" : `${number(track.turns)} turns`} by ${track.order}`,
    own?.when ? `when ${pretty(own.when, 0)}` : null,
  ];
  setText(when, says.filter(Boolean).join(", "));
  const next = cursor(track, session, own?.on_exhausted ?? known.script?.on_exhausted);
  const rows = track.rows.map((row) => ({
    ...row,
    spec: own?.turns?.[row.turn],
    isNext: row.turn === next.turn,
  }));
  keyed(list, rows, (row) => `${session.generation} ${row.turn}`, {
    make: makeTurn,
    update: fillTurn,
  });
  setText(end, next.text);
  show(end, Boolean(next.text));
}

// The script's part that holds the turns of a line.
function source(name) {
  if (known.script === null) return null;
  const track = (known.script.tracks || []).find((one) => one.name === name);
  return track || (name === "main" ? known.script : null);
}

// Which turn the next request gets, or what is said at the end.
function cursor(track, session, word = "repeat_last") {
  if (track.order === "history") return { turn: null, text: "" };
  const place =
    (session.tracks || []).find((one) => one.name === track.name)?.place ?? session.position;
  if (place < track.turns) return { turn: place, text: "" };
  if (word === "loop") return { turn: place % track.turns, text: "Begins again after its end." };
  if (word === "error") return { turn: null, text: "▸ Exhausted: the next request gets an error." };
  return { turn: track.turns - 1, text: "Exhausted: the last turn is repeated." };
}

function makeTurn(row) {
  return el(
    "li",
    { class: "turn" },
    el("span", { class: "turn-number" }, number(row.turn)),
    el("span", { class: "badge" }, row.step === null ? row.type : `${row.type} · step ${row.step}`),
    el("span", { class: "turn-text" }, row.spec ? summary(row.spec) : ""),
    el("span", { class: "next badge first" }, "next"),
    el("span", { class: "muted number" }),
  );
}

function fillTurn(element, row) {
  const [, , , next, served] = element.children;
  show(next, row.isNext);
  if (row.isNext) element.setAttribute("aria-current", "step");
  else element.removeAttribute("aria-current");
  setText(served, row.served ? `served ${number(row.served)}` : "");
}

function summary({ type, text, calls = [], ...rest }) {
  const said = [
    typeof text === "string" ? text : null,
    ...calls.map((one) => `${one.name}(${pretty(one.arguments, 0)})`),
    Object.keys(rest).length ? pretty(rest, 0) : null,
  ];
  const whole = said.filter(Boolean).join("  ");
  return whole.length > 600 ? `${whole.slice(0, 600)} …` : whole;
}
