import { HIDDEN, symbolOf } from './hidden.js';

/** The most characters of a line that the log view shows at once. */
export const LIMIT = 4_000;

/**
 * Returns the symbol that stands for a character that a terminal or a browser would obey.
 * @param {string} character
 */
export const symbol = (character) => symbolOf(character.codePointAt(0) ?? 0);

/** @typedef {{ text: string, kind: 'plain' | 'control' | 'found' }} Piece */

/**
 * Splits a text into pieces: plain text, symbols of control characters, and text that the search found.
 * @param {string} text
 * @param {RegExp | null} [search] a global expression
 * @returns {Piece[]}
 */
export function pieces(text, search = null) {
  /** @type {Piece[]} */
  const result = [];
  let from = 0;
  for (const found of search ? text.matchAll(search) : []) {
    if (found[0] === '') continue;
    controls(text.slice(from, found.index), 'plain', result);
    controls(found[0], 'found', result);
    from = found.index + found[0].length;
  }
  controls(text.slice(from), 'plain', result);
  return result;
}

/**
 * @param {string} text
 * @param {'plain' | 'found'} kind
 * @param {Piece[]} result
 */
function controls(text, kind, result) {
  let from = 0;
  for (const { 0: character, index } of text.matchAll(HIDDEN)) {
    if (index > from) result.push({ text: text.slice(from, index), kind });
    result.push({ text: symbol(character), kind: 'control' });
    from = index + character.length;
  }
  if (from < text.length) result.push({ text: text.slice(from), kind });
}

/**
 * Cuts a long line, and never through a character.
 * @param {string} text
 */
export function cut(text) {
  if (text.length <= LIMIT) return text;
  const code = text.charCodeAt(LIMIT - 1);
  return text.slice(0, code >= 0xd800 && code <= 0xdbff ? LIMIT - 1 : LIMIT);
}

/**
 * Returns the expression that finds a text in any case, or null for an empty text.
 * @param {string} text
 */
export function expression(text) {
  return text === '' ? null : new RegExp(text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&'), 'gi');
}

/**
 * Returns the status of a log in words.
 * @param {{ lines: number, shown: number, dropped: number, matches: number | null, match: number, state: string }} log
 */
export function summary({ lines, shown, dropped, matches, match, state }) {
  const count = (/** @type {number} */ n) => n.toLocaleString('en');
  const parts = [lines === 1 ? '1 line' : `${count(lines)} lines`];
  if (shown !== lines) parts.push(`${count(shown)} shown`);
  if (matches !== null) parts.push(matches === 1 ? '1 match' : `${count(matches)} matches`);
  if (match > 0) parts.push(`at match ${count(match)}`);
  if (dropped > 0) parts.push(`without the oldest ${count(dropped)}`);
  return `${parts.join(', ')}; ${state}`;
}
