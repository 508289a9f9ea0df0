import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

/** @param {string} side @param {string} color */
const mark = (side, color) => ({ [`border-${side}`]: `3px solid var(--${color})` });

const look = EditorView.theme({
  '&': { color: 'var(--text)', backgroundColor: 'var(--surface)', fontSize: 'var(--size-code)', height: '100%' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.5', overflow: 'auto' },
  '.cm-content': { caretColor: 'var(--text)' },
  '.cm-cursor, .cm-dropCursor': { borderLeftColor: 'var(--text)', borderLeftWidth: '2px' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': {
    background: 'var(--selection)',
  },
  '.cm-gutters': { color: 'var(--muted)', backgroundColor: 'var(--sunken)', borderRight: '1px solid var(--line)' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--hover)' },
  '.cm-selectionMatch': { backgroundColor: 'var(--found)' },
  '.cm-searchMatch': { backgroundColor: 'var(--found)', outline: '1px solid var(--control)' },
  '.cm-searchMatch-selected': { backgroundColor: 'var(--found)', outline: '2px solid var(--focus)' },
  '&.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--selection)' },
  '.cm-panels': { color: 'var(--text)', backgroundColor: 'var(--sunken)' },
  '.cm-panels-top': { borderBottom: '1px solid var(--line)' },
  '.cm-panel.cm-search': { padding: '8px 32px 8px 8px', fontSize: 'var(--size-small)' },
  '.cm-panel.cm-search label': { fontSize: 'inherit' },
  '.cm-panel.cm-search [name=close]': { color: 'var(--text)', fontSize: '20px', width: '28px', height: '28px' },
  '.cm-textfield': {
    color: 'var(--text)',
    backgroundColor: 'var(--surface)',
    border: '1px solid var(--control)',
    fontSize: 'inherit',
  },
  '.cm-button': {
    color: 'var(--text)',
    backgroundColor: 'var(--surface)',
    backgroundImage: 'none',
    border: '1px solid var(--control)',
    borderRadius: 'var(--radius)',
    fontSize: 'inherit',
  },
  '.cm-textfield:focus-visible, .cm-button:focus-visible, [name=close]:focus-visible': {
    outline: '2px solid var(--focus)',
  },
  '.cm-tooltip': {
    color: 'var(--text)',
    backgroundColor: 'var(--surface)',
    border: '1px solid var(--control)',
    borderRadius: 'var(--radius)',
  },
  '.cm-hidden': {
    color: 'var(--failed)',
    backgroundColor: 'var(--failed-soft)',
    border: '1px solid var(--failed)',
    borderRadius: '3px',
    padding: '0 2px',
    unicodeBidi: 'isolate',
    direction: 'ltr',
  },
  '.cm-diagnosticText': { whiteSpace: 'pre-wrap' },
  '.cm-diagnostic-error': mark('left', 'failed'),
  '.cm-diagnostic-warning': mark('left', 'parked'),
  '.cm-panel.cm-panel-lint ul [aria-selected]': { backgroundColor: 'var(--selection)', color: 'var(--text)' },
  '.cm-panel.cm-panel-lint ul:focus [aria-selected]': { backgroundColor: 'var(--selection)', color: 'var(--text)' },
  // CodeMirror draws wavy lines and gutter marks with images from data URLs, which the policy refuses.
  '.cm-lintRange': { backgroundImage: 'none !important' },
  '.cm-lintRange-error': { textDecoration: 'underline wavy var(--failed)', textUnderlineOffset: '3px' },
  '.cm-lintRange-warning': { textDecoration: 'underline wavy var(--parked)', textUnderlineOffset: '3px' },
  '.cm-lint-marker': { content: 'normal !important', width: '12px', height: '12px', margin: '3px 1px 0' },
  '.cm-lint-marker-error': { backgroundColor: 'var(--failed)', borderRadius: '50%' },
  '.cm-lint-marker-warning': { backgroundColor: 'var(--parked)', clipPath: 'polygon(50% 0, 100% 100%, 0 100%)' },
});

const colors = HighlightStyle.define([
  { tag: [tags.definition(tags.propertyName), tags.propertyName], color: 'var(--syntax-key)' },
  { tag: [tags.content], color: 'var(--text)' },
  { tag: [tags.string, tags.attributeValue], color: 'var(--syntax-string)' },
  { tag: [tags.comment, tags.lineComment], color: 'var(--muted)', fontStyle: 'italic' },
  { tag: [tags.keyword, tags.typeName, tags.labelName, tags.meta], color: 'var(--syntax-other)' },
  { tag: [tags.separator, tags.punctuation, tags.squareBracket, tags.brace], color: 'var(--muted)' },
]);

/** The look of the editor, from the custom properties of app.css. */
export const theme = [look, syntaxHighlighting(colors)];
