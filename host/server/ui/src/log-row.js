import { button, el, show } from './dom.js';
import { LIMIT, cut, pieces } from './log-text.js';
import { absolute } from './time.js';

const clock = new Intl.DateTimeFormat('en-GB', {
  hourCycle: 'h23',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZoneName: 'short',
});

/**
 * Appends a text with visible control characters and marks.
 * @param {HTMLElement} parent
 * @param {string} text
 * @param {RegExp | null} search
 */
function append(parent, text, search) {
  for (const piece of pieces(text, search)) {
    if (piece.kind === 'plain') parent.append(piece.text);
    else if (piece.kind === 'found') parent.append(el('mark', {}, piece.text));
    else parent.append(el('span', { class: 'log-control', title: 'control character' }, piece.text));
  }
}

/**
 * Makes the row of a line.
 * @param {import('./log-store.js').Line} line
 * @param {RegExp | null} search
 * @param {boolean} current
 */
export function makeRow({ number, at, step, level, text }, search, current) {
  const time = Number.isNaN(at) ? '' : clock.format(at);
  const body = el('span', { class: 'log-text' });
  if (text.length > LIMIT) {
    const label = `show all (${text.length.toLocaleString('en')} characters)`;
    body.append(button(label, () => showAll(number, text, search), 'log-all'));
  }
  append(body, cut(text), search);
  return el(
    'div',
    { class: 'log-row', 'data-level': level, ...(current && { 'data-current': '' }) },
    el('span', { class: 'log-number' }, String(number)),
    el('time', { class: 'log-time', ...(time && { title: absolute(at) }) }, time),
    el('span', { class: 'log-level' }, level),
    el('span', { class: 'log-step', title: step }, step),
    body,
  );
}

/** @param {number} number @param {string} text @param {RegExp | null} search */
function showAll(number, text, search) {
  const body = el('pre', { class: 'code wrap', tabindex: '0' });
  append(body, text, search);
  const close = button('Close', () => dialog.close());
  const dialog = show(`Line ${number}`, [body, el('div', { class: 'dialog-actions' }, close)]);
}
