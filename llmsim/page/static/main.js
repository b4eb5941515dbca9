// Which view is shown, and what is polled for it.

import { forgetToken, hasToken } from "./api.js";
import { connectPanel } from "./connect.js";
import { byId, show } from "./dom.js";
import { every } from "./poll.js";
import { read } from "./route.js";
import * as session from "./session.js";
import * as sessions from "./sessions.js";
import * as stats from "./stats.js";

const VIEWS = ["overview", "session", "connect"];

let polls = [];
let shown = null;

function go() {
  const route = read(location.hash);
  const isAnother = shown !== null && (shown.view !== route.view || shown.name !== route.name);
  shown = route;
  for (const poll of polls) poll.stop();
  for (const view of VIEWS) show(byId(view), view === route.view);
  for (const link of document.querySelectorAll("[data-view]")) {
    const isThis = link.dataset.view === route.view;
    if (isThis) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  polls = started(route);
  document.title = route.name ? `${route.name} - llmsim` : "llmsim";
  if (isAnother) byId("main").focus({ preventScroll: true });
  if (isAnother) window.scrollTo(0, 0);
}

function started(route) {
  if (route.view === "overview") {
    return [every(stats.SECONDS, stats.update), every(3, sessions.update)];
  }
  return route.view === "session" ? session.polls(route) : [];
}

const isListed = () => shown.view === "overview" && polls[1].now();

sessions.start(isListed);
session.start();
byId("connect-panel").append(connectPanel(""));
show(byId("sign-out"), hasToken());
byId("sign-out").onclick = () => {
  forgetToken();
  location.reload();
};
byId("skip").onclick = (event) => {
  event.preventDefault(); // the part behind # is the view
  byId("main").focus();
};
window.addEventListener("hashchange", go);
go();
