// The text that a person writes in an editor, until the server has stored it. It stays in this tab, so it survives the
// end of a session, an error of the server, and a reload.
import { button, el } from './dom.js';

const PREFIX = 'stepwell-draft:';

/** @typedef {{ base: string, text: string, sent?: boolean }} Draft `base` is the text that the server sent */

/** @param {string} key @returns {Draft | null} */
function read(key) {
  try {
    const draft = JSON.parse(sessionStorage.getItem(PREFIX + key) ?? 'null');
    return typeof draft?.text === 'string' && typeof draft?.base === 'string' ? draft : null;
  } catch {
    return null;
  }
}

/** @param {string} key @param {Draft | null} draft */
function write(key, draft) {
  try {
    if (draft && draft.text !== draft.base) sessionStorage.setItem(PREFIX + key, JSON.stringify(draft));
    else sessionStorage.removeItem(PREFIX + key);
  } catch {
    // The text is too long for this tab, or the browser denies storage. The page then has the only copy.
  }
}

/**
 * Returns what to do with a draft when the server sends a text: show it again, offer it because the stored text is
 * another one by now, or forget it.
 * @param {Draft | null} draft
 * @param {string} text
 * @returns {'show' | 'offer' | 'forget'}
 */
export function fate(draft, text) {
  if (!draft || draft.text === text) return 'forget';
  return draft.base === text ? 'show' : 'offer';
}

/**
 * Returns whether a page is the answer to a text that was sent. A text that the server stores leads to another page, so
 * this one was refused.
 * @param {string} path
 */
export const isRefusal = (path) => /\/(editor\/(save|try)|dead-letters\/[^/]+\/redrive)$/.test(path);

/** Shows a message with a button above the form of an editor. */
function say(/** @type {HTMLElement} */ place, /** @type {string} */ text, /** @type {string} */ label, /** @type {() => void} */ action) {
  const notice = el('div', { class: 'alert', 'data-kind': 'info', role: 'status' }, el('p', {}, text));
  const act = () => {
    notice.remove();
    action();
  };
  notice.append(button(label, act, 'button plain small'));
  place.before(notice);
}

/**
 * Keeps the text of `<textarea data-draft="KEY">`.
 * @param {HTMLTextAreaElement} textarea
 * @param {{ getText(): string, setText(text: string): void }} editor
 */
export function keepDraft(textarea, editor) {
  const key = textarea.dataset.draft;
  if (!key) return;
  const draft = read(key);
  const isRefused = isRefusal(location.pathname);
  const base = isRefused && draft ? draft.base : editor.getText();
  const what = fate(draft, base);
  const place = textarea.form ?? textarea;
  if (isRefused) write(key, { base, text: editor.getText() });
  else if (what === 'forget' || !draft) write(key, null);
  else if (what === 'show') {
    editor.setText(draft.text);
    say(place, 'This is the text that you wrote before. It is not stored.', 'Discard it', () => editor.setText(base));
  } else {
    const about = 'You wrote another text before, from another version. It is not stored.';
    say(place, about, 'Show it', () => editor.setText(draft.text));
  }
  textarea.addEventListener('input', () => write(key, { base, text: editor.getText() }));
  textarea.form?.addEventListener('submit', ({ submitter }) => {
    const isOther = submitter?.hasAttribute('formaction');
    if (!isOther) write(key, { base, text: editor.getText(), sent: true });
  });
}

/**
 * Forgets the texts that were sent, when the server has led to another page than the editor or the login. Those that it
 * refuses stay.
 */
export function forgetSaved() {
  const isRefused = isRefusal(location.pathname);
  if (!isRefused && document.querySelector('[data-draft], main.bare')) return;
  try {
    for (const name of Object.keys(sessionStorage)) {
      const key = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : '';
      const draft = key ? read(key) : null;
      if (draft?.sent) write(key, isRefused ? { base: draft.base, text: draft.text } : null);
    }
  } catch {
    // The browser denies storage, so there are no texts.
  }
}
