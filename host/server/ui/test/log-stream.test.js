import assert from 'node:assert/strict';
import test from 'node:test';
import { followStream } from '../src/log-stream.js';

class Source extends EventTarget {
  static CLOSED = 2;
  readyState = 1;

  constructor(url) {
    super();
    this.url = url;
    Source.last = this;
  }

  close() {
    this.readyState = Source.CLOSED;
  }

  send(type, data) {
    this.dispatchEvent(Object.assign(new Event(type), { data }));
  }
}

function follow() {
  globalThis.EventSource = Source;
  globalThis.document = Object.assign(new EventTarget(), { hidden: false });
  const root = { dataset: { logStream: '/log' }, isConnected: true };
  const seen = { lines: [], states: [] };
  followStream(root, { line: ({ number }) => seen.lines.push(number), state: (state) => seen.states.push(state) });
  return { root, seen, source: Source.last };
}

test('a stream that connects again repeats no line', () => {
  const { seen, source } = follow();
  assert.equal(source.url, '/log');
  source.send('open');
  for (const number of [1, 2, 3]) source.send('message', JSON.stringify({ number }));
  source.send('error');
  source.send('open');
  for (const number of [2, 3, 4]) source.send('message', JSON.stringify({ number }));
  source.send('end', '{}');
  assert.deepEqual(seen.lines, [1, 2, 3, 4]);
  assert.deepEqual(seen.states, ['live', 'reconnecting', 'live', 'complete']);
  assert.equal(source.readyState, Source.CLOSED);
});

test('a stream ends with its element', () => {
  const { root, source } = follow();
  root.isConnected = false;
  source.send('message', JSON.stringify({ number: 1 }));
  assert.equal(source.readyState, Source.CLOSED);
});

test('a hidden page has no stream, and continues after the last line when it is visible again', () => {
  const { seen, source } = follow();
  const show = (hidden) => {
    document.hidden = hidden;
    document.dispatchEvent(new Event('visibilitychange'));
  };
  source.send('message', JSON.stringify({ number: 7 }));
  show(true);
  assert.equal(source.readyState, Source.CLOSED);
  show(false);
  assert.notEqual(Source.last, source);
  assert.equal(Source.last.url, '/log?after=7');
  Source.last.send('message', JSON.stringify({ number: 8 }));
  Source.last.send('end', '{}');
  const ended = Source.last;
  show(true);
  show(false);
  assert.equal(Source.last, ended);
  assert.deepEqual(seen.lines, [7, 8]);
  assert.deepEqual(seen.states, ['paused', 'complete']);
});

test('a page that opens in the background has no stream until it is visible', () => {
  globalThis.EventSource = Source;
  globalThis.document = Object.assign(new EventTarget(), { hidden: true });
  Source.last = undefined;
  followStream({ dataset: { logStream: '/log' }, isConnected: true }, { line() {}, state() {} });
  assert.equal(Source.last, undefined);
  document.hidden = false;
  document.dispatchEvent(new Event('visibilitychange'));
  assert.equal(Source.last.url, '/log');
});
