import assert from 'node:assert/strict';
import test from 'node:test';
import { offset, pause, toMarks } from '../src/validate.js';

/** Makes a document as the editor has it. */
function document(text) {
  const lines = text.split('\n');
  const line = (number) => {
    const from = lines.slice(0, number - 1).join('\n').length + (number > 1 ? 1 : 0);
    return { from, to: from + lines[number - 1].length, text: lines[number - 1] };
  };
  return { lines: lines.length, line };
}

const marked = (text, problem) => {
  const [mark] = toMarks(document(text), [{ severity: 'error', message: 'm', ...problem }]);
  return text.slice(mark.from, mark.to);
};

test('columns count characters', () => {
  assert.equal(offset('\u{1f600}a', 2), 2);
  assert.equal(offset('ab', 0), 0);
  assert.equal(offset('ab', 9), 2);
});

test('a mark covers a word, or the rest of a line', () => {
  const text = 'id: a\n  typ: sql\n\nlast';
  assert.equal(marked(text, { line: 2, column: 3 }), 'typ');
  assert.equal(marked(text, { line: 2, column: 6 }), ': sql');
  assert.equal(marked(text, { line: 2, column: 99 }), 'typ: sql');
  assert.equal(marked(text, { line: 3, column: 1 }), '');
  assert.equal(marked(text, { line: 0, column: 0 }), 'id');
  assert.equal(marked(text, { line: 99, column: 1 }), 'last');
  assert.equal(marked('\u{1f600}: typ', { line: 1, column: 4 }), 'typ');
});

test('a mark has the fix', () => {
  const problem = { line: 1, column: 1, severity: 'warning', message: 'no timeout', fix: 'add `timeout`' };
  const [mark] = toMarks(document('a'), [problem]);
  assert.equal(mark.message, 'no timeout\nFix: add `timeout`');
  assert.equal(mark.severity, 'warning');
});

test('checks that take long have longer pauses between them', () => {
  assert.deepEqual([0, 199, 1_000, 60_000].map(pause), [0, 0, 3_000, 10_000]);
});
