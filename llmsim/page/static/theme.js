"use strict";
// Runs before the first paint, so that a dark page never flashes white. What the switch says is
// kept for the next visit.
(() => {
  const KEY = "llmsim.theme";
  const root = document.documentElement;
  const stored = () => {
    try {
      return localStorage.getItem(KEY) || "auto";
    } catch {
      return "auto"; // a browser that keeps nothing
    }
  };
  root.dataset.theme = stored();
  document.addEventListener("DOMContentLoaded", () => {
    const choice = document.getElementById("theme");
    choice.value = root.dataset.theme;
    choice.addEventListener("change", () => {
      root.dataset.theme = choice.value;
      try {
        localStorage.setItem(KEY, choice.value);
      } catch {
        // It holds for this visit.
      }
    });
  });
})();
