import { send } from './session.js';

/** The time that a check may take before the next one waits, and the longest wait, in milliseconds. */
const SHORT = 200;
const LONGEST = 10_000;

/**
 * Returns the time to wait before a check, besides the wait after each change: three times as long as the last one took.
 * @param {number} took
 */
export const pause = (took) => (took < SHORT ? 0 : Math.min(3 * took, LONGEST));

/** @typedef {{ line: number, column: number, severity: string, message: string, fix?: string | null }} Problem */

/**
 * Asks the server for the problems of a text.
 * @param {string} url
 * @param {string} text
 * @param {AbortSignal} signal
 * @returns {Promise<Problem[]>}
 */
export async function validate(url, text, signal) {
  const headers = { 'content-type': 'application/yaml', accept: 'application/json' };
  const response = await send(url, { method: 'POST', headers, body: text, signal });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const { diagnostics } = await response.json();
  return Array.isArray(diagnostics) ? diagnostics : [];
}

/**
 * Returns the position in a line of a column, which counts characters from 1.
 * @param {string} line
 * @param {number} column
 */
export function offset(line, column) {
  return [...line].slice(0, Math.max(0, column - 1)).join('').length;
}

/**
 * Turns problems into marks of the editor. A mark covers the word at the place, or the rest of the line.
 * @param {{ lines: number, line(number: number): { from: number, to: number, text: string } }} doc
 * @param {Problem[]} problems
 */
export function toMarks(doc, problems) {
  return problems.map(({ line: number, column, severity, message, fix }) => {
    const line = doc.line(Math.min(Math.max(1, number), doc.lines));
    const start = Math.min(offset(line.text, column), line.text.length);
    const word = line.text.slice(start).match(/^[\w.${}-]+/)?.[0].length ?? line.text.length - start;
    const from = line.from + (start === line.text.length ? line.text.search(/\S|$/) : start);
    const to = start === line.text.length ? line.to : line.from + start + word;
    const level = /** @type {'error' | 'warning'} */ (severity === 'warning' ? 'warning' : 'error');
    const text = fix ? `${message}\nFix: ${fix}` : message;
    return { from, to, severity: level, message: text };
  });
}
