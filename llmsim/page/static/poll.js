// Asking again and again while somebody looks.

import { byId, setText } from "./dom.js";
import { ApiError } from "./api.js";

// Runs `task` now and every `seconds` after it has ended. It gets `isOn()`: false once it was
// stopped, and then what it has fetched is nobody's. Returns {stop, now}.
export function every(seconds, task) {
  let timer = 0;
  let isOn = true;
  let running = false;
  let again = false;

  async function run() {
    clearTimeout(timer);
    if (running) {
      again = true;
      return;
    }
    running = true;
    again = false;
    if (!document.hidden) await guarded(task, () => isOn);
    running = false;
    if (isOn) timer = setTimeout(run, again ? 0 : seconds * 1000);
  }

  const onVisible = () => document.hidden || run();
  document.addEventListener("visibilitychange", onVisible);
  run();
  return {
    now: run,
    stop() {
      isOn = false;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisible);
    },
  };
}

async function guarded(task, isOn) {
  const state = byId("link-state");
  try {
    await task(isOn);
    setText(state, "");
  } catch (error) {
    if (error instanceof ApiError) setText(state, error.message);
    else if (error instanceof TypeError && /fetch|network|load/i.test(error.message)) {
      setText(state, "The server does not answer. Trying again.");
    } else throw error; // a mistake of the page: the console says where
  }
}
