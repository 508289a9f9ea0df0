import assert from 'node:assert/strict';
import test from 'node:test';
import { match } from '../src/keys.js';
import { following } from '../src/theme.js';

const KNOWN = ['/', '?', 'g o', 'g d'];

test('a shortcut is one key, or two keys one after the other', () => {
  assert.deepEqual(match('/', null, KNOWN), { shortcut: '/' });
  assert.deepEqual(match('g', null, KNOWN), { first: 'g' });
  assert.deepEqual(match('o', 'g', KNOWN), { shortcut: 'g o' });
  assert.deepEqual(match('?', 'g', KNOWN), { shortcut: '?' });
  assert.deepEqual(match('g', 'g', KNOWN), { first: 'g' });
  assert.equal(match('o', null, KNOWN), null);
  assert.equal(match('x', 'g', KNOWN), null);
});

test('the themes follow each other', () => {
  assert.equal(following('system'), 'light');
  assert.equal(following('light'), 'dark');
  assert.equal(following('dark'), 'system');
  assert.equal(following('unknown'), 'system');
});
