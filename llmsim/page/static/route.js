// Addresses of the page's views: `#/`, `#/connect`, `#/session/<name>/<tab>?conversation=<id>`.

export const TABS = ["timeline", "funnel", "script", "connect"];

export function sessionAddress(name, tab = "", query = {}) {
  const asked = new URLSearchParams(query).toString();
  return `#/session/${encodeURIComponent(name)}${tab ? `/${tab}` : ""}${asked ? `?${asked}` : ""}`;
}

// {view, name, tab, conversation}; the overview for whatever is none.
export function read(hash) {
  const [path, query] = hash.replace(/^#\/?/, "").split("?");
  const [view, name, tab] = path.split("/").map(decoded);
  if (view === "connect") return { view };
  if (view !== "session" || !name) return { view: "overview" };
  const conversation = new URLSearchParams(query).get("conversation") || "";
  return { view, name, tab: TABS.includes(tab) ? tab : TABS[0], conversation };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
