// How far a session is in its script, and in each track of it.

import { el, keyed, number, setText, show } from "./dom.js";

export function progress() {
  return el(
    "div",
    { class: "progress" },
    el("progress", { max: 1, value: 0 }),
    el("span", { class: "amount" }),
    el("span", { class: "per-track muted" }),
  );
}

export function updateProgress(element, session) {
  const [bar, amount, tracks] = element.children;
  const byHistory = session.turns_used === null;
  show(bar, !byHistory);
  if (!byHistory) measure(bar, session.turns_used, session.turns, "Turns taken");
  setText(
    amount,
    byHistory ? "by history" : `${number(session.turns_used)} / ${number(session.turns)}`,
  );
  const parts = (session.tracks || []).filter((track) => track.place !== null);
  setText(tracks, parts.map((track) => `${track.name} ${taken(track)}/${track.turns}`).join(" · "));
}

// A bar for each track.
export function updateTracks(parent, session) {
  const tracks = (session.tracks || []).filter((track) => track.place !== null);
  keyed(parent, tracks, (track) => track.name, { make: makeTrack, update: fillTrack });
}

function makeTrack(track) {
  return el(
    "div",
    { class: "track" },
    el("span", { class: "track-name" }, track.name),
    el("progress", { max: 1, value: 0 }),
    el("span", { class: "amount" }),
  );
}

function fillTrack(element, track) {
  const [, bar, amount] = element.children;
  measure(bar, taken(track), track.turns, `Turns of ${track.name} taken`);
  setText(amount, `${number(taken(track))} / ${number(track.turns)}`);
}

const taken = (track) => Math.min(track.place, track.turns);

function measure(bar, value, most, label) {
  bar.max = Math.max(most, 1);
  bar.value = value;
  bar.setAttribute("aria-label", label);
}
