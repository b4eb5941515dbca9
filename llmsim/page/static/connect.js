// Snippets to copy, with the base URLs as this browser sees the server.

import { byId, el, say } from "./dom.js";
import { SNIPPETS } from "./snippets.js";

// What stands before `/llmsim/`, and before a session's prefix.
function origin() {
  return new URL("./", location.href.split("#")[0]).href.replace(/(\/s\/[^/]+)?\/llmsim\/$/, "");
}

// The panel for a session; no name: the default one.
export function connectPanel(name) {
  const prefix = origin() + (name ? `/s/${encodeURIComponent(name)}` : "");
  const bases = JSON.parse(document.body.dataset.bases);
  const urls = Object.fromEntries(bases.map(([api, path]) => [api, prefix + path]));
  return el(
    "div",
    { class: "connect" },
    el(
      "dl",
      { class: "facts" },
      ...Object.entries(urls).map(([api, url]) =>
        el("div", {}, el("dt", {}, api), el("dd", {}, el("code", {}, url))),
      ),
    ),
    ...SNIPPETS.map(({ title, text }) => snippet(title, text(urls))),
  );
}

function snippet(title, text) {
  const code = el("pre", { tabindex: 0, "aria-label": title }, el("code", {}, text));
  const copy = el("button", { type: "button", "aria-label": `Copy ${title}` }, "Copy");
  copy.onclick = async () => {
    await copied(code, text);
    say(`Copied: ${title}`);
  };
  return el(
    "section",
    { class: "snippet" },
    el("div", { class: "bar" }, el("h3", {}, title), copy),
    code,
  );
}

async function copied(element, text) {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return;
    } catch {
      // Not allowed here: copy by hand.
    }
  }
  // Over plain HTTP a browser has no clipboard for pages, but for what is marked.
  getSelection().selectAllChildren(element);
  document.execCommand("copy");
}
