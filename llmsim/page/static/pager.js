// A list of which the server gives a page at a time, and what asks for the next one.

import { setText, show } from "./dom.js";

export class Pager {
  #marks;
  #next = null;
  #nav;
  #first;

  // `first` asks for the first page. `onMove` is called when another page is wanted.
  constructor(nav, first, onMove) {
    this.#nav = nav;
    this.#first = first;
    this.#marks = [first];
    this.#button("back").onclick = () => this.#move(() => this.#marks.pop(), onMove);
    this.#button("on").onclick = () => this.#move(() => this.#marks.push(this.#next), onMove);
  }

  get mark() {
    return this.#marks.at(-1);
  }

  // The number of this page, from 0.
  get page() {
    return this.#marks.length - 1;
  }

  restart() {
    this.#marks = [this.#first];
    this.#next = null;
  }

  // Says what asks for the page after this one (null: there is none), and where this one stands.
  update(next, place) {
    this.#next = next;
    this.#button("back").disabled = this.#marks.length < 2;
    this.#button("on").disabled = next === null;
    setText(this.#nav.querySelector("[data-place]"), place);
    show(this.#nav, this.#marks.length > 1 || next !== null);
  }

  #move(change, onMove) {
    change();
    onMove();
  }

  #button(way) {
    return this.#nav.querySelector(`[data-go=${way}]`);
  }
}
