// The form beside the editor of a job: its changes go to the text of the editor.

/** @param {string} text @param {string} other */
function sharedStart(text, other) {
  const most = Math.min(text.length, other.length);
  let at = 0;
  while (at < most && text[at] === other[at]) at += 1;
  return at;
}

/**
 * Returns the smallest change that makes one text from another, so that the cursor and the folds of the editor stay.
 * @param {string} before
 * @param {string} after
 * @returns {{ from: number, to: number, insert: string }}
 */
export function difference(before, after) {
  const from = sharedStart(before, after);
  const most = Math.min(before.length, after.length) - from;
  let end = 0;
  while (end < most && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  return { from, to: before.length - end, insert: after.slice(from, after.length - end) };
}

/** The text for which the form was asked last. */
let asked = '';

/** Moves the text that the server has made into the editor. */
function takeOver() {
  for (const made of /** @type {NodeListOf<HTMLTextAreaElement>} */ (document.querySelectorAll('[data-set-editor]'))) {
    const target = document.getElementById(made.dataset.setEditor ?? '');
    const editor = /** @type {any} */ (target)?.stepwellEditor;
    const text = made.value;
    made.remove();
    // The form shows this text already.
    asked = text;
    editor?.setText(text);
  }
}

/**
 * Puts the present text into a request that has waited for another one. The form follows the text: a request that only
 * asks for it again is dropped.
 */
function bringUpToDate(/** @type {any} */ event) {
  const { ctx } = event.detail;
  const body = ctx?.request?.body;
  const text = /** @type {HTMLTextAreaElement | null} */ (document.querySelector('textarea#text'));
  if (!text || !(body instanceof URLSearchParams) || !body.has('text')) return;
  if (ctx.sourceElement.id === 'builder' && asked === text.value) event.preventDefault();
  body.set('text', text.value);
  if (ctx.sourceElement.closest('#builder')) asked = text.value;
}

/** Lets the form be asked for again after a failure. */
function forget() {
  asked = '';
}

/** Connects the form with the editor. */
export function startBuilder() {
  document.addEventListener('htmx:before:request', bringUpToDate);
  document.addEventListener('htmx:response:error', forget);
  document.addEventListener('htmx:error', forget);
  document.addEventListener('stepwell:session', forget);
  document.addEventListener('htmx:after:swap', takeOver);
}
