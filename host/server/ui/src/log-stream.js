import { checkSession } from './session.js';
import { Turns } from './turns.js';

/** @typedef {{ number: number, at: string, step?: string | null, level?: string, text: string }} StreamLine */

/** The time after which a stream that the server has refused starts again, in milliseconds. */
const PAUSE = 5_000;
/** The length of a turn while other windows wait, in milliseconds. A stream of a long log takes longer to begin. */
const TURN = 4_000;
const LONG_TURN = 30_000;
const LONG = 50_000;

/** The address of a stream that begins after a line. @param {string} address @param {number} last */
const after = (address, last) => (last < 0 ? address : `${address}?after=${last}`);

/**
 * Reads the lines of a log from the stream that `data-log-stream` names, as long as the element is in the page. A
 * hidden page has no stream, and visible ones take turns, since browsers open only six connections to a server. A stream
 * starts again after the last line that arrived.
 * @param {HTMLElement} root
 * @param {{ line: (line: StreamLine) => void, state: (state: string) => void }} handlers
 */
export function followStream(root, { line, state }) {
  /** @type {EventSource | null} */
  let source = null;
  let last = -1;
  let complete = false;
  let timer = 0;

  function stop() {
    clearTimeout(timer);
    source?.close();
    source = null;
  }

  function onMessage(/** @type {MessageEvent} */ { data }) {
    if (!root.isConnected) return end();
    const message = JSON.parse(data);
    // A stream that connects again may repeat lines.
    if (message.number <= last) return undefined;
    last = message.number;
    return line(message);
  }

  function onError() {
    if (!root.isConnected) return end();
    if (source?.readyState !== EventSource.CLOSED) return state('reconnecting');
    stop();
    state('disconnected');
    turns.leave();
    timer = setTimeout(start, PAUSE);
    return void checkSession();
  }

  const turns = new Turns(onTurn, () => (last > LONG ? LONG_TURN : TURN));

  function onTurn(/** @type {boolean} */ isMine) {
    if (isMine) return open();
    stop();
    return state('waiting for its turn: other windows show logs, too');
  }

  function start() {
    stop();
    turns.leave();
    if (complete || document.hidden || !root.isConnected) return;
    turns.enter();
  }

  function open() {
    stop();
    if (!root.isConnected) return end();
    source = new EventSource(after(root.dataset.logStream ?? '', last));
    source.addEventListener('open', () => state('live'));
    source.addEventListener('error', onError);
    // The server sends this event after the last line of a run that has ended.
    source.addEventListener('end', () => {
      end();
      state('complete');
    });
    source.addEventListener('message', onMessage);
  }

  function onVisibility() {
    if (complete) return;
    if (!document.hidden) return start();
    stop();
    turns.leave();
    state('paused');
  }

  function end() {
    complete = true;
    stop();
    turns.leave();
    document.removeEventListener('visibilitychange', onVisibility);
    document.removeEventListener('stepwell:session', start);
  }

  document.addEventListener('visibilitychange', onVisibility);
  document.addEventListener('stepwell:session', start);
  start();
}
