import assert from 'node:assert/strict';
import test from 'node:test';
import { difference } from '../src/builder.js';

test('a change is as small as possible', () => {
  for (const [before, after, change] of /** @type {[string, string, object][]} */ ([
    ['a: 1\nb: 2\n', 'a: 1\nb: 3\n', { from: 8, to: 9, insert: '3' }],
    ['aa', 'aaa', { from: 2, to: 2, insert: 'a' }],
    ['abc', 'abc', { from: 3, to: 3, insert: '' }],
    ['', 'x', { from: 0, to: 0, insert: 'x' }],
    ['x\nx\n', 'x\n', { from: 2, to: 4, insert: '' }],
  ])) {
    const found = difference(before, after);
    assert.deepEqual(found, change);
    assert.equal(before.slice(0, found.from) + found.insert + before.slice(found.to), after);
  }
});
