// Line charts as inline SVG, over a window of samples that the browser keeps.

import { el, setText, svg } from "./dom.js";

const [WIDTH, HEIGHT] = [300, 72];
const ROUND = [1, 2, 5, 10];

// A chart with a line for each of `series`: {label, format}. `add(values, summary)` adds a sample.
export class Chart {
  #lines;
  #samples = [];
  #size;
  #top = el("span", { class: "chart-top muted", "aria-hidden": "true" });
  #image;
  #values;
  #format;

  // `span` says how long `size` samples are.
  constructor(title, series, { size, span }) {
    this.#size = size;
    this.#format = series[0].format;
    this.#lines = series.map((_, index) => svg("path", { class: `line line-${index}` }));
    this.#image = svg(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" },
      svg("path", { class: "grid", d: `M0 1H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}` }),
      svg("path", { class: "axis", d: `M0 ${HEIGHT - 1}H${WIDTH}` }),
      ...this.#lines,
    );
    this.#values = series.map(() => el("dd"));
    const legend = series.map(({ label }, index) =>
      el("div", {}, el("dt", { class: `key key-${index}` }, label), this.#values[index]),
    );
    this.element = el(
      "figure",
      { class: "chart" },
      el("figcaption", {}, title, el("span", { class: "span" }, span)),
      el("dl", {}, ...legend),
      el("div", { class: "plot" }, this.#image, this.#top),
    );
    this.title = title;
    this.series = series;
  }

  // `values` has a number for each line, or null where there is none.
  add(values) {
    this.#samples = [...this.#samples, values].slice(-this.#size);
    const highest = top(Math.max(...this.#samples.flat().map((value) => value ?? 0)));
    this.#lines.forEach((line, index) => line.setAttribute("d", this.#path(index, highest)));
    values.forEach((value, index) =>
      setText(this.#values[index], this.series[index].format(value)),
    );
    setText(this.#top, this.#format(highest));
    const now = this.series.map(({ label, format }, index) => `${label} ${format(values[index])}`);
    this.#image.setAttribute("aria-label", `${this.title}, now: ${now.join(", ")}`);
  }

  #path(index, highest) {
    const step = WIDTH / (this.#size - 1);
    const start = WIDTH - step * (this.#samples.length - 1);
    let pen = "M";
    return this.#samples
      .map((values, at) => {
        const value = values[index];
        if (value === null || value === undefined) {
          pen = "M";
          return "";
        }
        const y = HEIGHT - 1 - (value / highest) * (HEIGHT - 3);
        const point = `${pen}${(start + at * step).toFixed(1)} ${y.toFixed(1)}`;
        pen = "L";
        return point;
      })
      .join("");
  }
}

// The next round number from `value` on: the upper end of an axis.
export function top(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ROUND.find((factor) => factor * power >= value);
}
