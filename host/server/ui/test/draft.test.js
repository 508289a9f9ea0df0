import assert from 'node:assert/strict';
import test from 'node:test';
import { fate, isRefusal } from '../src/draft.js';

test('a text that is not stored is shown again beside the text that it changes', () => {
  const draft = { base: 'old', text: 'mine' };
  assert.equal(fate(null, 'old'), 'forget');
  assert.equal(fate(draft, 'old'), 'show');
  assert.equal(fate(draft, 'mine'), 'forget', 'the server has stored it');
  assert.equal(fate(draft, 'another version'), 'offer');
});

test('the answer to a text that was sent is a refusal', () => {
  for (const path of ['/ui/p/default/editor/save', '/ui/p/default/editor/try', '/ui/p/default/dead-letters/exec_1/redrive']) {
    assert.ok(isRefusal(path), path);
  }
  for (const path of ['/ui/p/default/editor', '/ui/p/default/jobs/save', '/ui/p/default/jobs/a/edit', '/ui/login']) {
    assert.ok(!isRefusal(path), path);
  }
});
