import assert from 'node:assert/strict';
import test from 'node:test';
import { fate } from '../src/draft.js';

test('a text that is not stored is shown again beside the text that it changes', () => {
  const draft = { base: 'old', text: 'mine' };
  assert.equal(fate(null, 'old'), 'forget');
  assert.equal(fate(draft, 'old'), 'show');
  assert.equal(fate(draft, 'mine'), 'forget', 'the server has stored it');
  assert.equal(fate(draft, 'another version'), 'offer');
});
