import assert from 'node:assert/strict';
import test from 'node:test';
import { absolute, relative } from '../src/time.js';

const NOW = Date.parse('2026-03-29T12:00:00Z');

test('relative times have one unit, rounded down', () => {
  const cases = [
    [0, 'just now'],
    [9, 'just now'],
    [10, '10 s ago'],
    [59, '59 s ago'],
    [60, '1 min ago'],
    [3_599, '59 min ago'],
    [3_600, '1 h ago'],
    [86_399, '23 h ago'],
    [86_400, '1 d ago'],
    [364 * 86_400, '364 d ago'],
    [365 * 86_400, '1 y ago'],
    [-30, 'in 30 s'],
    [-7_200, 'in 2 h'],
  ];
  for (const [seconds, text] of cases) assert.equal(relative(NOW - seconds * 1000, NOW), text);
});

test('absolute times name their zone', () => {
  const before = Date.parse('2026-03-29T00:59:59Z');
  assert.equal(absolute(before, 'Europe/Berlin'), '2026-03-29 01:59:59 CET');
  assert.equal(absolute(before + 1000, 'Europe/Berlin'), '2026-03-29 03:00:00 CEST');
  assert.equal(absolute(NOW, 'UTC'), '2026-03-29 12:00:00 UTC');
  assert.match(absolute(NOW, 'No/Such'), /^2026-03-29 \d\d:00:00 /, 'an unknown zone falls back to the browser');
});
