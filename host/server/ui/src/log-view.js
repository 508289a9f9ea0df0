import { el } from './dom.js';
import { makeRow } from './log-row.js';

/** Rows above and below the visible ones, so that scrolling shows no gap. */
const SPARE = 12;
/** The greatest height in pixels that every browser accepts for an element, with room to spare. */
const MAX_HEIGHT = 12_000_000;

/** Shows the rows of a store, of which only the visible ones are in the page. */
export class LogView {
  #rows = el('div', { class: 'log-rows' });
  #spacer = el('div', { class: 'log-spacer' });
  #shown = '';
  #height = 20;
  /** The index of the line at the top, and the oldest line at that time. */
  #top = 0;
  #oldest = 0;
  /** @type {RegExp | null} */
  search = null;
  /** The index of the line that the search shows, or -1. */
  current = -1;
  follow = true;

  /**
   * @param {import('./log-store.js').LogStore} store
   * @param {string} label the accessible name
   * @param {() => void} changed runs when scrolling starts or ends the follow mode
   */
  constructor(store, label, changed) {
    this.store = store;
    this.changed = changed;
    this.element = el('div', { class: 'log-view', tabindex: '0', role: 'group', 'aria-label': label });
    this.element.append(this.#spacer, this.#rows);
    this.element.addEventListener('scroll', () => this.#scrolled());
    this.element.addEventListener('keydown', (event) => this.#key(event));
    new ResizeObserver(() => this.update()).observe(this.element);
  }

  /** Sizes of the list in pixels: of all rows, of the spacer, and the ratio between their scroll ranges. */
  #sizes() {
    const all = this.store.rows.length * this.#height;
    const spacer = Math.min(all, MAX_HEIGHT);
    const view = this.element.clientHeight;
    return { all, spacer, view, ratio: spacer > view ? (all - view) / (spacer - view) : 1 };
  }

  /** Shows the lines that arrived, at the end in follow mode and otherwise without moving. */
  update() {
    this.#height = Number.parseFloat(getComputedStyle(this.#rows).lineHeight) || 20;
    const sizes = this.#sizes();
    this.#spacer.style.height = `${sizes.spacer}px`;
    if (this.follow) this.element.scrollTop = sizes.spacer;
    else if (sizes.ratio !== 1 || this.#oldest !== this.store.first) {
      this.element.scrollTop = (this.store.rows.find(this.#top) * this.#height) / sizes.ratio;
    }
    this.#oldest = this.store.first;
    this.render();
  }

  render() {
    const { ratio, view } = this.#sizes();
    const top = this.element.scrollTop;
    const first = Math.max(0, Math.floor((top * ratio) / this.#height) - SPARE);
    const last = Math.min(this.store.rows.length, first + Math.ceil(view / this.#height) + 2 * SPARE);
    this.#rows.style.transform = `translateY(${top - top * ratio + first * this.#height}px)`;
    const key = [first, last, this.store.rows.at(first), this.store.version, this.current].join(' ');
    if (key === this.#shown) return;
    this.#shown = key;
    const hadFocus = this.#rows.contains(document.activeElement);
    const rows = [];
    for (let row = first; row < last; row += 1) {
      const index = this.store.rows.at(row);
      rows.push(makeRow(this.store.get(index), this.search, index === this.current));
    }
    this.#rows.replaceChildren(...rows);
    if (hadFocus) this.element.focus({ preventScroll: true });
  }

  /**
   * Moves a row to the top of the view, or to the middle.
   * @param {number} row
   * @param {boolean} [middle]
   */
  goTo(row, middle = false) {
    const { ratio, view } = this.#sizes();
    const above = middle ? (view - this.#height) / 2 : 0;
    this.element.scrollTop = (row * this.#height - above) / ratio;
    this.render();
  }

  #scrolled() {
    const { scrollTop, clientHeight, scrollHeight } = this.element;
    const follow = scrollTop + clientHeight >= scrollHeight - this.#height;
    this.#top = this.store.rows.at(Math.round((scrollTop * this.#sizes().ratio) / this.#height));
    if (follow !== this.follow && !this.store.busy) {
      this.follow = follow;
      this.changed();
    }
    this.render();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.target !== this.element || event.ctrlKey || event.metaKey || event.altKey) return;
    const { ratio, view } = this.#sizes();
    const row = (this.element.scrollTop * ratio) / this.#height;
    const page = Math.max(1, Math.floor(view / this.#height) - 1);
    const rows = this.store.rows.length;
    const near = { PageUp: row - page, PageDown: row + page, ArrowUp: row - 1, ArrowDown: row + 1 };
    const targets = { ...near, Home: 0, End: rows };
    const target = targets[/** @type {keyof typeof targets} */ (event.key)];
    if (target === undefined) return;
    event.preventDefault();
    this.goTo(Math.max(0, target));
  }
}
