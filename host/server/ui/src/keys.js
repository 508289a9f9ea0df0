import { button, el, setting, show, store } from './dom.js';

const SETTING = 'stepwell-keys';
/** The longest time between the two keys of a shortcut, in milliseconds. */
const PATIENCE = 1_500;

/**
 * Returns the shortcut that a key completes, the first key of one, or null.
 * @param {string} key
 * @param {string | null} before the first key, when the user pressed one
 * @param {string[]} known shortcuts such as `g o`
 */
export function match(key, before, known) {
  if (before !== null && known.includes(`${before} ${key}`)) return { shortcut: `${before} ${key}` };
  if (known.includes(key)) return { shortcut: key };
  return known.some((shortcut) => shortcut.startsWith(`${key} `)) ? { first: key } : null;
}

/**
 * Returns true when the keys of an event belong to the field that has the focus.
 * @param {EventTarget | undefined} target
 */
function isField(target) {
  return target instanceof HTMLElement
    && (target.isContentEditable || target.matches('input, textarea, select, [role="textbox"]'));
}

/** The links of the page by their shortcut. The menu of narrow windows repeats the links of the navigation. */
function links() {
  /** @type {Map<string, HTMLAnchorElement>} */
  const found = new Map();
  for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll('a[data-key]'))) {
    if (!found.has(link.dataset.key ?? '')) found.set(link.dataset.key ?? '', link);
  }
  return found;
}

/** @param {string} text @param {string} shortcut */
function row(text, shortcut) {
  const keys = shortcut.split(' ').flatMap((key) => [el('kbd', {}, key), ' ']);
  return el('div', {}, el('dt', {}, ...keys), el('dd', {}, text));
}

function help() {
  const rows = [row('Search this page', '/'), row('Show the keyboard shortcuts', '?')];
  for (const [shortcut, link] of links()) {
    rows.push(row((link.firstElementChild ?? link).textContent?.trim() ?? '', shortcut));
  }
  const box = /** @type {HTMLInputElement} */ (el('input', { type: 'checkbox' }));
  box.checked = setting(SETTING) !== 'off';
  box.addEventListener('change', () => store(SETTING, box.checked ? null : 'off'));
  const dialog = show('Keyboard shortcuts', [
    el('dl', { class: 'keys' }, ...rows),
    el('label', { class: 'check' }, box, 'Use keyboard shortcuts in this browser'),
    el('div', { class: 'dialog-actions' }, button('Close', () => dialog.close())),
  ]);
}

function focusSearch() {
  const fields = /** @type {NodeListOf<HTMLInputElement>} */ (
    document.querySelectorAll('[data-search], input[type="search"]')
  );
  const field = [...fields].find((field) => field.checkVisibility());
  field?.focus();
  field?.select?.();
}

/** @type {string | null} */
let first = null;
let pressed = 0;

/** @param {KeyboardEvent} event */
function onKey(event) {
  const { key, ctrlKey, metaKey, altKey, timeStamp } = event;
  const busy = ctrlKey || metaKey || altKey || event.defaultPrevented || event.isComposing;
  if (busy || isField(event.composedPath()[0]) || document.querySelector('dialog[open]')) return;
  if (setting(SETTING) === 'off') return;
  const targets = links();
  const found = match(key, timeStamp - pressed < PATIENCE ? first : null, ['/', '?', ...targets.keys()]);
  first = found?.first ?? null;
  pressed = timeStamp;
  if (!found?.shortcut) return;
  event.preventDefault();
  if (found.shortcut === '/') focusSearch();
  else if (found.shortcut === '?') help();
  else targets.get(found.shortcut)?.click();
}

/** Listens for the shortcuts. Buttons with `data-keys-help` show the list of them. */
export function startKeys() {
  document.addEventListener('keydown', onKey);
  document.addEventListener('click', ({ target }) => {
    if (target instanceof Element && target.closest('[data-keys-help]')) help();
  });
}
