import { Numbers } from './numbers.js';

/** The lines in one block. A block is the smallest part that the store drops. */
const BLOCK = 8_192;
/** The lines that a full log has at least: it drops a block when there is one more. */
const MOST = 1_000_000;
export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'];

/** @typedef {{ number: number, at: number, step: string, level: string, text: string }} Line */

/** The lines of a log in compact arrays, the rows that the filter selects, and the rows that the search finds. */
export class LogStore {
  /** @type {{ number: Float64Array, at: Float64Array, step: Uint32Array, level: Uint8Array, text: string[] }[]} */
  #blocks = [];
  #scanned = 0;
  #steps = new Map();
  #filter = { step: '', level: 0 };
  /** @type {RegExp | null} */
  #search = null;
  /** The index of the oldest line in memory, and the index after the newest line. */
  first = 0;
  end = 0;
  /** @type {string[]} */
  steps = [];
  rows = new Numbers();
  matches = new Numbers();
  /** Counts the changes of the filter and of the search. */
  version = 0;

  /** @param {number} [max] the most lines in memory */
  constructor(max = MOST + BLOCK) {
    this.max = max;
  }

  /** Returns true while lines wait for a scan. */
  get busy() {
    return this.#scanned < this.end;
  }

  /** @param {{ number: number, at: string, step?: string | null, level?: string, text: string }} line */
  push(line) {
    const slot = this.end % BLOCK;
    if (slot === 0) this.#grow();
    const block = this.#blocks.at(-1);
    if (!block) return;
    block.number[slot] = line.number;
    block.at[slot] = Date.parse(line.at);
    block.step[slot] = this.#step(line.step ?? '');
    const level = LEVELS.indexOf(line.level ?? 'info');
    block.level[slot] = level < 0 ? 2 : level;
    block.text.push(String(line.text));
    this.end += 1;
  }

  /** @param {number} index @returns {Line} */
  get(index) {
    const block = this.#blocks[Math.floor(index / BLOCK) - this.first / BLOCK];
    const slot = index % BLOCK;
    return {
      number: block?.number[slot] ?? 0,
      at: block?.at[slot] ?? 0,
      step: this.steps[block?.step[slot] ?? 0] ?? '',
      level: LEVELS[block?.level[slot] ?? 2] ?? 'info',
      text: block?.text[slot] ?? '',
    };
  }

  /**
   * Selects the lines of a step, from a level upwards.
   * @param {string} step all steps when empty
   * @param {string} level
   * @param {RegExp | null} search a global expression
   */
  select(step, level, search) {
    this.#filter = { step, level: Math.max(0, LEVELS.indexOf(level)) };
    this.#search = search;
    this.#scanned = this.first;
    this.rows = new Numbers();
    this.matches = new Numbers();
    this.version += 1;
  }

  /**
   * Scans lines for a time. Returns true when it scanned all of them.
   * @param {number} milliseconds
   */
  scan(milliseconds) {
    const until = performance.now() + milliseconds;
    while (this.#scanned < this.end) {
      if (this.#scanned % 512 === 511 && performance.now() > until) return this.#skip();
      this.#skip();
    }
    return true;
  }

  /** Scans one line. Returns true when it was the last one. */
  #skip() {
    const index = this.#scanned;
    const block = this.#blocks[Math.floor(index / BLOCK) - this.first / BLOCK];
    const slot = index % BLOCK;
    this.#scanned += 1;
    const { step, level } = this.#filter;
    const selected = block && (block.level[slot] ?? 0) >= level
      && (step === '' || this.steps[block.step[slot] ?? 0] === step);
    if (selected) {
      this.rows.push(index);
      if (this.#search && (block.text[slot] ?? '').search(this.#search) >= 0) this.matches.push(index);
    }
    return this.#scanned >= this.end;
  }

  #grow() {
    this.#blocks.push({
      number: new Float64Array(BLOCK),
      at: new Float64Array(BLOCK),
      step: new Uint32Array(BLOCK),
      level: new Uint8Array(BLOCK),
      text: [],
    });
    if (this.#blocks.length * BLOCK <= this.max || this.#blocks.length === 1) return;
    this.#blocks.shift();
    this.first += BLOCK;
    this.#scanned = Math.max(this.#scanned, this.first);
    this.rows.dropBelow(this.first);
    this.matches.dropBelow(this.first);
  }

  /** @param {string} name */
  #step(name) {
    let index = this.#steps.get(name);
    if (index === undefined) {
      index = this.steps.push(name) - 1;
      this.#steps.set(name, index);
    }
    return index;
  }
}
