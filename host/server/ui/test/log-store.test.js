import assert from 'node:assert/strict';
import test from 'node:test';
import { LogStore } from '../src/log-store.js';
import { expression } from '../src/log-text.js';
import { Numbers } from '../src/numbers.js';

const AT = '2026-03-29T12:00:00.250Z';

/** Makes a store with lines of two steps and all levels. */
function filled(lines, max) {
  const store = new LogStore(max);
  const levels = ['trace', 'debug', 'info', 'warn', 'error'];
  for (let i = 0; i < lines; i += 1) {
    store.push({ number: i + 1, at: AT, step: i % 2 ? 'load' : 'extract', level: levels[i % 5], text: `line ${i}` });
  }
  while (!store.scan(1_000));
  return store;
}

const list = (numbers) => Array.from({ length: numbers.length }, (_, i) => numbers.at(i));

test('a list of numbers grows, finds and drops', () => {
  const numbers = new Numbers();
  for (let i = 0; i < 5_000; i += 1) numbers.push(i * 2);
  assert.equal(numbers.length, 5_000);
  assert.equal(numbers.find(-1), 0);
  assert.equal(numbers.find(7), 4);
  assert.equal(numbers.find(1e9), 5_000);
  numbers.dropBelow(9_001);
  assert.equal(numbers.length, 499);
  assert.equal(numbers.at(0), 9_002);
  for (let i = 0; i < 5_000; i += 1) numbers.push(20_000 + i);
  assert.equal(numbers.length, 5_499);
  assert.equal(numbers.at(0), 9_002);
  assert.equal(numbers.at(5_498), 24_999);
});

test('lines come back as they arrived', () => {
  const store = filled(10);
  assert.deepEqual(store.get(3), { number: 4, at: Date.parse(AT), step: 'load', level: 'warn', text: 'line 3' });
  store.push({ number: 11, at: 'never', text: 'bare', level: 'odd' });
  const { at, ...line } = store.get(10);
  assert.deepEqual(line, { number: 11, step: '', level: 'info', text: 'bare' });
  assert.ok(Number.isNaN(at));
});

test('the filter selects a step and levels, and the search counts in what it selected', () => {
  const store = filled(20);
  assert.equal(store.rows.length, 20);
  store.select('load', 'warn', expression('LINE 1'));
  store.scan(1_000);
  assert.deepEqual(list(store.rows), [3, 9, 13, 19]);
  assert.deepEqual(list(store.matches), [13, 19]);
  store.push({ number: 21, at: AT, step: 'load', level: 'error', text: 'line 1 again' });
  assert.ok(store.busy);
  store.scan(1_000);
  assert.ok(!store.busy);
  assert.deepEqual(list(store.matches), [13, 19, 20]);
});

test('a full store drops its oldest lines in blocks', () => {
  const store = filled(40_000, 20_000);
  assert.equal(store.end, 40_000);
  assert.equal(store.first, 24_576);
  assert.ok(store.end - store.first <= 20_000);
  assert.equal(store.rows.length, store.end - store.first);
  assert.equal(store.rows.at(0), store.first);
  assert.equal(store.get(store.first).text, `line ${store.first}`);
  assert.equal(store.get(39_999).text, 'line 39999');
});

test('a scan ends when its time runs out', () => {
  const store = new LogStore();
  for (let i = 0; i < 100_000; i += 1) store.push({ number: i, at: AT, text: 'x' });
  assert.equal(store.scan(0), false);
  assert.ok(store.rows.length < 100_000);
  while (!store.scan(0));
  assert.equal(store.rows.length, 100_000);
});
