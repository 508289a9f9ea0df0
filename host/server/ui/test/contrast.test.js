import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

const css = readFileSync(new URL('../src/css/tokens.css', import.meta.url), 'utf8');

/** The colours of the first rule with a selector. */
function colors(selector) {
  const start = css.indexOf(`${selector} {`);
  const body = css.slice(start, css.indexOf('}', start));
  const found = body.matchAll(/--([\w-]+): (#[0-9a-f]{3,6});/g);
  return Object.fromEntries([...found].map(([, name, color]) => [name, color]));
}

function luminance(color) {
  const hex = color.length === 4 ? [...color.slice(1)].map((digit) => digit + digit).join('') : color.slice(1);
  const [red, green, blue] = hex.match(/../g).map((pair) => {
    const part = Number.parseInt(pair, 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a, b) {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

const SURFACES = ['canvas', 'surface', 'sunken', 'hover'];
const STATUSES = ['success', 'failed', 'running', 'queued', 'waiting', 'parked', 'timeout', 'lost'];
const SOFT = STATUSES.map((name) => `${name}-soft`);
/** Each colour of text with the backgrounds that it has. */
const TEXT = {
  text: [...SURFACES, ...SOFT, 'selection', 'found', 'accent-soft'],
  muted: SURFACES,
  accent: [...SURFACES, ...SOFT],
  'accent-strong': [...SURFACES, ...SOFT, 'accent-soft'],
  'on-accent': ['accent', 'accent-strong'],
  surface: ['failed', 'failed-strong'],
  'syntax-key': SURFACES,
  'syntax-string': SURFACES,
  'syntax-other': SURFACES,
  ...Object.fromEntries(STATUSES.map((name) => [name, [...SURFACES, `${name}-soft`]])),
};
const CONTROLS = { control: SURFACES, focus: [...SURFACES, 'selection'], accent: ['accent-soft', 'line'] };
const LIGHT = colors(':root');
const DARK = colors(":root[data-theme='dark']");

for (const [theme, palette] of Object.entries({ light: LIGHT, dark: DARK })) {
  test(`the ${theme} theme has the contrast of WCAG 2.2 AA`, () => {
    const problems = [];
    for (const [pairs, least] of [[TEXT, 4.5], [CONTROLS, 3]]) {
      for (const [name, backgrounds] of Object.entries(pairs)) {
        for (const background of backgrounds) {
          const ratio = contrast(palette[name], palette[background]);
          if (ratio < least) problems.push(`${name} on ${background}: ${ratio.toFixed(2)} instead of ${least}`);
        }
      }
    }
    assert.deepEqual(problems, []);
  });
}

test('both themes have the same colours, and the build has the dark one twice', () => {
  assert.deepEqual(Object.keys(LIGHT), Object.keys(DARK));
  const built = readFileSync(new URL('../dist/app.css', import.meta.url), 'utf8');
  assert.equal(built.split('color-scheme:dark').length, 4, 'once in a media query, and in two rules');
});
