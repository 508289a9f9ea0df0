// The turns of live logs. A browser opens only six connections to a server, and each live log needs one, also in other
// windows. So three logs of a browser are live at one time, and the others wait for a few seconds.

const PREFIX = 'stepwell-live-log:';
/** The number of logs that are live at one time. */
export const MOST = 3;
/** The time between two looks at the other windows, and the time after which a silent window counts as closed. */
const BEAT = 1_000;
const SILENT = 5_000;

/**
 * Returns the windows that have or want a turn, with the times since which they wait. Null where the browser denies
 * storage: windows then know nothing of each other.
 * @param {string} own
 * @param {number} now
 * @returns {{ key: string, since: number }[] | null}
 */
function others(own, now) {
  try {
    const found = [];
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith(PREFIX) || key === own) continue;
      const [since, seen] = (localStorage.getItem(key) ?? '').split(' ').map(Number);
      if (now - seen < SILENT) found.push({ key, since });
      // A window that has crashed.
      else localStorage.removeItem(key);
    }
    return found;
  } catch {
    return null;
  }
}

/** Each window writes its own entry only, so no two windows overwrite each other. */
function write(/** @type {string} */ key, /** @type {string | null} */ value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // This window then takes its turn without telling the others.
  }
}

/** The place of one log in the line. */
export class Turns {
  #key = PREFIX + Math.random().toString(36).slice(2);
  #since = 0;
  #began = 0;
  /** @type {boolean | null} */
  #mine = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  #beat = () => this.#look();
  #leave = () => this.leave();

  /**
   * @param {(mine: boolean) => void} changed is called when the turn begins or ends
   * @param {() => number} length returns the length of a turn while other windows wait, in milliseconds
   */
  constructor(changed, length) {
    this.changed = changed;
    this.length = length;
  }

  /** Joins the end of the line. */
  enter() {
    if (this.#timer !== undefined) return;
    this.#since = Date.now();
    this.#timer = setInterval(this.#beat, BEAT);
    // The timer of a test does not keep its process alive.
    /** @type {any} */ (this.#timer).unref?.();
    globalThis.addEventListener?.('storage', this.#beat);
    globalThis.addEventListener?.('pagehide', this.#leave);
    this.#look();
  }

  /** Leaves the line. */
  leave() {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#mine = null;
    globalThis.removeEventListener?.('storage', this.#beat);
    globalThis.removeEventListener?.('pagehide', this.#leave);
    write(this.#key, null);
  }

  #look() {
    const now = Date.now();
    const all = others(this.#key, now);
    const before = () => (all ?? []).filter(({ key, since }) => since < this.#since || (since === this.#since && key < this.#key));
    const isOver = this.#mine && all && all.length >= MOST && now - this.#began >= this.length();
    if (isOver) this.#since = now;
    const mine = before().length < MOST;
    write(this.#key, `${this.#since} ${now}`);
    if (mine === this.#mine) return;
    this.#mine = mine;
    if (mine) this.#began = now;
    this.changed(mine);
  }
}
