// The control API of the server that this page is from.

import { askToken } from "./signin.js";

const KEY = "llmsim.token";

export class ApiError extends Error {
  constructor(status, { message, code, problems }) {
    super(message);
    this.status = status;
    this.code = code;
    this.problems = problems || [];
  }
}

export function hasToken() {
  return Boolean(sessionStorage.getItem(KEY));
}

export function forgetToken() {
  sessionStorage.removeItem(KEY);
}

// The JSON that the server gives, null for nothing. Asks for the token where it is wanted.
export async function call(method, path, { query = {}, text } = {}) {
  for (;;) {
    const token = sessionStorage.getItem(KEY);
    const response = await send(method, address(path, query), text, token);
    if (response.status === 401) {
      // Another request may have been given the right one meanwhile.
      if (sessionStorage.getItem(KEY) === token) {
        sessionStorage.setItem(KEY, await askToken(Boolean(token)));
      }
      continue;
    }
    return read(response);
  }
}

export const get = (path, query) => call("GET", path, { query });

export const sessionPath = (name, rest = "") => `sessions/${encodeURIComponent(name)}${rest}`;

function address(path, query) {
  const url = new URL(path, new URL("./", location.href.split("#")[0]));
  for (const [name, value] of Object.entries(query)) {
    if (value !== "" && value !== null && value !== undefined) url.searchParams.set(name, value);
  }
  return url;
}

function send(method, url, text, token) {
  const headers = {};
  if (text !== undefined) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  return fetch(url, { method, headers, body: text, cache: "no-store", credentials: "omit" });
}

async function read(response) {
  if (response.status === 204) return null;
  const text = await response.text();
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ApiError(response.status, { message: `The server answered ${response.status}.` });
  }
  if (!response.ok) throw new ApiError(response.status, value.error || { message: text });
  return value;
}
