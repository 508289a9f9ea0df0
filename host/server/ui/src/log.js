import { button, el, labelled } from './dom.js';
import { LEVELS, LogStore } from './log-store.js';
import { followStream } from './log-stream.js';
import { expression, summary } from './log-text.js';
import { LogView } from './log-view.js';

/** The time that one scan of lines takes from a frame, in milliseconds. */
const SLICE = 12;
/** The time between two announcements of the status to screen readers, in milliseconds. */
const PAUSE = 2_000;

/** A log that a stream of server-sent events fills. */
class Log {
  #store = new LogStore();
  #frame = 0;
  #state = 'connecting';
  #announced = -Infinity;
  #timer = 0;
  #search = /** @type {HTMLInputElement} */ (el('input', { type: 'search', 'data-search': '', autocomplete: 'off' }));
  #step = /** @type {HTMLSelectElement} */ (el('select', {}, el('option', { value: '' }, 'all steps')));
  #level = /** @type {HTMLSelectElement} */ (el('select'));
  #follow = /** @type {HTMLInputElement} */ (el('input', { type: 'checkbox' }));
  #status = el('p', { class: 'log-status', 'aria-hidden': 'true' });
  #announcement = el('p', { class: 'visually-hidden', role: 'status', 'aria-live': 'polite' });

  /** @param {HTMLElement} root */
  constructor(root) {
    const label = root.getAttribute('aria-label') ?? 'Log';
    this.view = new LogView(this.#store, label, () => (this.#follow.checked = this.view.follow));
    const name = (/** @type {string} */ level, /** @type {number} */ i) => (i ? `${level} and above` : 'all levels');
    this.#level.append(...LEVELS.map((level, i) => el('option', { value: level }, name(level, i))));
    this.#follow.checked = true;
    const bar = el(
      'div',
      { class: 'toolbar' },
      labelled('Search', this.#search),
      button('Previous', () => this.#find(-1), 'button plain'),
      button('Next', () => this.#find(1), 'button plain'),
      labelled('Step', this.#step),
      labelled('Level', this.#level),
      el('label', { class: 'check' }, this.#follow, 'Follow'),
    );
    root.replaceChildren(bar, this.view.element, this.#status, this.#announcement);
    this.#listen();
    followStream(root, {
      line: (line) => {
        this.#store.push(line);
        this.#schedule();
      },
      state: (state) => this.#show(state),
    });
  }

  #listen() {
    this.#search.addEventListener('input', () => this.#select());
    this.#step.addEventListener('change', () => this.#select());
    this.#level.addEventListener('change', () => this.#select());
    this.#search.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter') return;
      event.preventDefault();
      this.#find(event.shiftKey ? -1 : 1);
    });
    this.#follow.addEventListener('change', () => {
      this.view.follow = this.#follow.checked;
      this.view.update();
    });
  }

  /** @param {string} state */
  #show(state) {
    this.#state = state;
    this.#schedule();
  }

  #select() {
    this.view.search = expression(this.#search.value);
    this.view.current = -1;
    this.#store.select(this.#step.value, this.#level.value, this.view.search);
    this.#announced = -Infinity;
    this.#schedule();
  }

  /** @param {1 | -1} direction */
  #find(direction) {
    const { matches, rows } = this.#store;
    if (matches.length === 0) return;
    const { current } = this.view;
    const start = direction > 0 ? matches.find(current + 1) : matches.find(current < 0 ? Infinity : current) - 1;
    const position = (start + matches.length) % matches.length;
    this.view.current = matches.at(position);
    this.view.follow = this.#follow.checked = false;
    this.view.goTo(rows.find(this.view.current), true);
    this.#announced = -Infinity;
    this.#schedule();
  }

  #schedule() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      if (!this.#store.scan(SLICE)) this.#schedule();
      this.#options();
      this.view.update();
      this.#describe();
    });
  }

  #options() {
    const { steps } = this.#store;
    const known = new Set([...this.#step.options].map(({ value }) => value));
    this.#step.append(...steps.filter((step) => !known.has(step)).map((step) => el('option', { value: step }, step)));
  }

  #describe() {
    const { rows, matches, first, end } = this.#store;
    const { current, search } = this.view;
    this.#status.textContent = summary({
      lines: end - first,
      shown: rows.length,
      dropped: first,
      matches: search ? matches.length : null,
      match: current < 0 ? 0 : matches.find(current) + 1,
      state: this.#state,
    });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#announce(), this.#announced + PAUSE - performance.now());
  }

  #announce() {
    this.#announced = performance.now();
    this.#announcement.textContent = this.#status.textContent;
  }
}

const started = new WeakSet();

/**
 * Starts the logs below an element.
 * @param {ParentNode} root
 */
export function startLogs(root) {
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll('[data-log-stream]'))) {
    if (!started.has(element)) new Log(element);
    started.add(element);
  }
}
