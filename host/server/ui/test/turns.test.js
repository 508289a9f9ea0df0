import assert from 'node:assert/strict';
import test from 'node:test';
import { MOST, Turns } from '../src/turns.js';

/** The storage of a browser, which all its windows share. */
class Storage {
  getItem(key) {
    return this[key] ?? null;
  }

  setItem(key, value) {
    this[key] = value;
  }

  removeItem(key) {
    delete this[key];
  }
}

/** Opens windows of one browser, each with a live log, and returns which of them have their turn. */
function browser(t, windows) {
  globalThis.localStorage = new Storage();
  const live = new Set();
  const all = Array.from({ length: windows }, (_, n) => {
    const turns = new Turns((mine) => (mine ? live.add(n) : live.delete(n)), () => 4_000);
    turns.enter();
    t.mock.timers.tick(1);
    return turns;
  });
  return { all, live };
}

test('three logs of a browser are live at one time, and each gets its turn', (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'] });
  const { all, live } = browser(t, 7);
  assert.equal(live.size, MOST);
  const seen = new Set();
  for (let second = 0; second < 20; second += 1) {
    t.mock.timers.tick(1_000);
    assert.ok(live.size <= MOST, `${live.size} are live`);
    live.forEach((n) => seen.add(n));
  }
  assert.equal(seen.size, 7);
  all.forEach((turns) => turns.leave());
  assert.deepEqual(Object.keys(globalThis.localStorage), []);
});

test('a window that closes or crashes makes room for another one', (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'] });
  const { all, live } = browser(t, 4);
  assert.deepEqual([...live], [0, 1, 2]);
  all[0].leave();
  t.mock.timers.tick(1_000);
  assert.ok(live.has(3), 'the window that waited is live');
  all.forEach((turns) => turns.leave());
  globalThis.localStorage.setItem('stepwell-live-log:crashed', `0 ${Date.now()}`);
  const one = new Turns(() => {}, () => 4_000);
  one.enter();
  t.mock.timers.tick(7_000);
  assert.equal(globalThis.localStorage.getItem('stepwell-live-log:crashed'), null);
  one.leave();
});

test('a log is live without a turn where the browser denies storage, and keeps its turn while nobody waits', (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'] });
  for (const storage of [undefined, new Storage()]) {
    globalThis.localStorage = storage;
    const told = [];
    const turns = new Turns((mine) => told.push(mine), () => 4_000);
    turns.enter();
    t.mock.timers.tick(60_000);
    assert.deepEqual(told, [true]);
    turns.leave();
  }
});
