// The editor of job files: a bundle of its own, which only the pages with an editor load.
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from '@codemirror/language';
import { forceLinting, lintGutter, lintKeymap, linter } from '@codemirror/lint';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { EditorState } from '@codemirror/state';
import {
  EditorView,
  drawSelection,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import { difference, startBuilder } from './builder.js';
import { el } from './dom.js';
import { keepDraft } from './draft.js';
import { theme } from './editor-theme.js';
import { HIDDEN, symbolOf } from './hidden.js';
import { replaceSelection } from './selection.js';
import { pause, toMarks, validate } from './validate.js';

const LEAVE = 'Press Escape, then Tab to leave the editor. Ctrl+F searches; F8 goes to the next problem.';

/**
 * Returns the source of the marks: the diagnostics of the server for the text.
 * @param {HTMLTextAreaElement} textarea
 */
function marksFor(textarea) {
  /** @type {AbortController | undefined} */
  let running;
  /** The time that the last check took, in milliseconds. */
  let took = 0;
  return async (/** @type {EditorView} */ view) => {
    running?.abort();
    const own = (running = new AbortController());
    const { doc } = view.state;
    // A text whose check takes long is checked after a longer pause. A further change overtakes the check.
    await new Promise((resolve) => setTimeout(resolve, pause(took)));
    if (own.signal.aborted || !view.state.doc.eq(doc)) return [];
    const begun = performance.now();
    const fire = (/** @type {string} */ name, /** @type {object} */ detail) =>
      textarea.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
    try {
      const diagnostics = await validate(textarea.dataset.validate ?? '', doc.toString(), own.signal);
      took = performance.now() - begun;
      // An answer for an old text has places of that text.
      if (!view.state.doc.eq(doc)) return [];
      fire('stepwell:diagnostics', { diagnostics });
      return toMarks(doc, diagnostics);
    } catch (error) {
      if (!own.signal.aborted) fire('stepwell:validation-failed', { message: String(error) });
      return [];
    }
  };
}

/** Shows a hidden character as its symbol. @param {number} code */
function hidden(code) {
  const title = `hidden character U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  return el('span', { class: 'cm-hidden', title, role: 'img', 'aria-label': title }, symbolOf(code));
}

/** @param {HTMLTextAreaElement} textarea */
function extensions(textarea) {
  const label = textarea.labels?.[0]?.textContent?.trim() || textarea.getAttribute('aria-label') || 'YAML';
  return [
    lineNumbers(),
    foldGutter(),
    lintGutter(),
    history(),
    drawSelection(),
    highlightSpecialChars({ specialChars: HIDDEN, render: hidden }),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    highlightSelectionMatches(),
    bracketMatching(),
    replaceSelection,
    indentOnInput(),
    indentUnit.of('  '),
    search({ top: true }),
    yaml(),
    theme,
    EditorState.tabSize.of(2),
    EditorState.allowMultipleSelections.of(true),
    EditorState.readOnly.of(textarea.readOnly || textarea.disabled),
    EditorView.contentAttributes.of({ tabindex: '0', 'aria-label': label, 'aria-description': LEAVE }),
    textarea.dataset.validate ? linter(marksFor(textarea), { delay: 300 }) : [],
    keymap.of([...lintKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...defaultKeymap, indentWithTab]),
    EditorView.updateListener.of((update) => {
      if (!update.docChanged) return;
      textarea.value = update.state.doc.toString();
      textarea.dispatchEvent(new Event('input', { bubbles: true }));
    }),
  ];
}

/**
 * Returns the focus to the editor when a dialog of CodeMirror closes, such as that for the number of a line. CodeMirror
 * looks for the focus in the document, which does not see into a shadow root.
 * @param {ShadowRoot} root
 * @param {EditorView} view
 */
function returnFocus(root, view) {
  const after = (/** @type {Event} */ event) => {
    if (!(event.target instanceof Element) || !event.target.closest('.cm-dialog')) return;
    setTimeout(() => root.activeElement ?? view.focus());
  };
  for (const type of ['submit', 'keydown', 'click']) root.addEventListener(type, after);
}

/**
 * Puts an editor in the place of a textarea, whose value follows the text of the editor.
 * @param {HTMLTextAreaElement & { stepwellEditor?: { getText(): string, setText(text: string): void } }} textarea
 */
function enhance(textarea) {
  if (textarea.stepwellEditor) return;
  const host = el('div', { class: 'editor' });
  // CodeMirror makes `style` elements in a document, which the policy refuses, and constructed style sheets in a
  // shadow root, which the policy allows.
  const root = host.attachShadow({ mode: 'open' });
  textarea.after(host, el('p', { class: 'hint' }, LEAVE));
  textarea.hidden = true;
  const state = EditorState.create({ doc: textarea.value, extensions: extensions(textarea) });
  const view = new EditorView({ state, root, parent: root });
  returnFocus(root, view);
  textarea.labels?.forEach((label) => label.addEventListener('click', () => view.focus()));
  textarea.form?.addEventListener('reset', () => setTimeout(() => textarea.stepwellEditor?.setText(textarea.value)));
  textarea.stepwellEditor = {
    getText: () => view.state.doc.toString(),
    setText: (text) => view.dispatch({ changes: difference(view.state.doc.toString(), text) }),
  };
  keepDraft(textarea, textarea.stepwellEditor);
  document.addEventListener('stepwell:session', () => {
    if (textarea.dataset.validate) forceLinting(view);
    textarea.dispatchEvent(new Event('input', { bubbles: true }));
  });
}

function start() {
  const found = document.querySelectorAll('textarea[data-editor="yaml"]');
  /** @type {NodeListOf<HTMLTextAreaElement>} */ (found).forEach(enhance);
}

start();
startBuilder();
document.addEventListener('htmx:after:process', start);
