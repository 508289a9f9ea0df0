import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uploadAddress } from '../src/upload-address.js';

test('checked boxes are the query, and files are not', () => {
  assert.equal(uploadAddress('/a', []), '/a');
  const fields = /** @type {[string, unknown][]} */ ([['file', {}], ['replace', 'true'], ['force', 'a b']]);
  assert.equal(uploadAddress('/a', fields), '/a?replace=true&force=a+b');
});
