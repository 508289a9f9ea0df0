import assert from 'node:assert/strict';
import test from 'node:test';
import { LIMIT, cut, expression, pieces, summary, symbol } from '../src/log-text.js';

const shown = (text) => pieces(text).map((piece) => piece.text).join('');

test('control characters become symbols', () => {
  assert.deepEqual(pieces('a\u001b[31mb'), [
    { text: 'a', kind: 'plain' },
    { text: '\u241b', kind: 'control' },
    { text: '[31mb', kind: 'plain' },
  ]);
  assert.equal(shown('\u0000\r\n\u007f'), '\u2400\u240d\u240a\u2421');
  assert.equal(shown('\u0085\u202eevil\u2066\u200f\ufeff\u2028'), 'U+0085U+202EevilU+2066U+200FU+FEFFU+2028');
  assert.equal(shown('a\tb, \u00e9, \u{1f600}'), 'a\tb, \u00e9, \u{1f600}', 'a tab and other characters stay');
});

test('no character that changes terminals or directions passes', () => {
  for (let code = 0; code <= 0xffff; code += 1) {
    const character = String.fromCharCode(code);
    const isHidden = /[\p{Cc}\p{Bidi_Control}]/u.test(character) && character !== '\t';
    if (isHidden) assert.deepEqual(pieces(character), [{ text: symbol(character), kind: 'control' }]);
  }
});

test('every character that shows nothing or reorders text has a symbol', () => {
  const hidden = ['\u00ad', '\u180e', '\u200b', '\u202a', '\u202d', '\u202e', '\u2060', '\u2066', '\u2068', '\u206f', '\ufff9'];
  for (const character of hidden) assert.match(shown(`a${character}b`), /^aU\+[0-9A-F]{4}b$/);
  assert.equal(shown('a\u{e0041}b'), 'aU+E0041b', 'a tag takes two units');
});

test('the search marks text in any case and takes signs literally', () => {
  const found = (text, query) =>
    pieces(text, expression(query)).filter(({ kind }) => kind === 'found').map((piece) => piece.text);
  assert.deepEqual(found('Error, error', 'ERROR'), ['Error', 'error']);
  assert.deepEqual(found('a.b axb [x](y)*', 'a.b'), ['a.b']);
  for (const sign of '.*+?^${}()|[]\\/-') assert.deepEqual(found(`a${sign}b`, sign), [sign]);
  assert.equal(expression(''), null);
  assert.deepEqual(pieces('a\u001bb', expression('a\u001b')), [
    { text: 'a', kind: 'found' },
    { text: '\u241b', kind: 'control' },
    { text: 'b', kind: 'plain' },
  ]);
});

test('long lines are cut between characters', () => {
  assert.equal(cut('x'.repeat(LIMIT)).length, LIMIT);
  assert.equal(cut('x'.repeat(LIMIT + 1)).length, LIMIT);
  assert.equal(cut(`${'x'.repeat(LIMIT - 1)}\u{1f600}`), 'x'.repeat(LIMIT - 1));
});

test('the status counts', () => {
  const log = { lines: 1, shown: 1, dropped: 0, matches: null, match: 0, state: 'live' };
  assert.equal(summary(log), '1 line; live');
  assert.equal(
    summary({ lines: 12_345, shown: 20, dropped: 8_192, matches: 1, match: 1, state: 'complete' }),
    '12,345 lines, 20 shown, 1 match, at match 1, without the oldest 8,192; complete',
  );
});
