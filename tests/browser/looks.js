// Compares the looks of pages with earlier ones: `node looks.js ADDRESS KEY FOUND PATH...`, where each PATH is
// NAME=PATH. Prints one line for each page that looks different. With UPDATE_EXPECT=1, the new looks become the expected
// ones.
//
// A look is a screenshot at an eighth of its size: it shows the layout and the colours, and neither letters nor numbers.
// What differs from run to run is made equal before: times, numbers, and drawings over time.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const EXPECTED = new URL('looks/', import.meta.url).pathname;
const SCALE = 8;
/** A pixel differs when one of its colours differs by more than this, of 255. */
const COLOUR = 40;
/** The share of pixels that may differ: fonts and their edges are not the same on all machines. */
const SHARE = 0.02;

const [address, key, found, ...paths] = process.argv.slice(2);
const update = process.env.UPDATE_EXPECT === '1';
const browser = await chromium.launch({
  executablePath: process.env.STEPWELL_TEST_BROWSER ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--font-render-hinting=none', '--disable-lcd-text'],
});

/** Opens a window in which a person is logged in. */
async function person(colorScheme) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    colorScheme,
    reducedMotion: 'reduce',
    locale: 'en-GB',
    timezoneId: 'UTC',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  await page.goto(`${address}/ui/login`);
  await page.fill('#key', key);
  await page.click('button[type=submit]');
  await page.waitForURL('**/ui/p/default');
  return page;
}

/** Makes equal what differs from run to run. */
function equal() {
  for (const time of document.querySelectorAll('time')) time.textContent = 'at this time';
  for (const drawing of document.querySelectorAll('main svg')) drawing.style.visibility = 'hidden';
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    text.data = text.data.replace(/\d[\d.,:_]*/g, '0');
  }
  document.activeElement?.blur();
  scrollTo(0, 0);
}

/** Makes a look of a screenshot, and compares it with the expected one. Runs in a window. */
async function compare({ image, expected, scale, colour }) {
  const read = async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    return createImageBitmap(new Blob([bytes], { type: 'image/png' }));
  };
  const canvas = (width, height) => Object.assign(document.createElement('canvas'), { width, height });
  const draw = (bitmap, width, height) => {
    const context = canvas(width, height).getContext('2d', { willReadFrequently: true });
    context.imageSmoothingQuality = 'high';
    context.drawImage(bitmap, 0, 0, width, height);
    return context;
  };
  const base64 = (context) => context.canvas.toDataURL('image/png').split(',')[1];
  const full = await read(image);
  const [width, height] = [Math.round(full.width / scale), Math.round(full.height / scale)];
  const look = draw(full, width, height);
  if (!expected) return { look: base64(look), share: 1, difference: base64(look) };
  const other = await read(expected);
  if (other.width !== width || other.height !== height) {
    return { look: base64(look), share: 1, difference: base64(look) };
  }
  const [one, two] = [look, draw(other, width, height)].map((context) => context.getImageData(0, 0, width, height));
  const marks = canvas(width, height).getContext('2d');
  const marked = marks.createImageData(width, height);
  let differ = 0;
  for (let at = 0; at < one.data.length; at += 4) {
    const differs = [0, 1, 2].some((part) => Math.abs(one.data[at + part] - two.data[at + part]) > colour);
    differ += differs ? 1 : 0;
    marked.data.set(differs ? [255, 0, 0, 255] : [255, 255, 255, 255], at);
  }
  marks.putImageData(marked, 0, 0);
  return { look: base64(look), share: differ / (width * height), difference: base64(marks) };
}

const blank = await (await browser.newContext()).newPage();
const people = { light: await person('light'), dark: await person('dark') };
await mkdir(found, { recursive: true });
await mkdir(EXPECTED, { recursive: true });
let different = 0;
for (const [name, path] of paths.map((path) => path.split(/=(.*)/s))) {
  const page = name.endsWith('-dark') ? people.dark : people.light;
  await page.goto(`${address}/ui/p/default${path}`, { waitUntil: 'networkidle' });
  // Live parts of a page would bring their times back. A request without an answer, unlike a failed one, shows no notice.
  await page.route('**/*', () => {});
  await page.evaluate(equal);
  const image = await page.screenshot({ animations: 'disabled', caret: 'hide' });
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  const file = join(EXPECTED, `${name}.png`);
  const expected = await readFile(file, 'base64').catch(() => '');
  const { look, share, difference } = await blank.evaluate(compare, {
    image: image.toString('base64'), expected, scale: SCALE, colour: COLOUR,
  });
  if (share <= SHARE) continue;
  if (update) {
    await writeFile(file, look, 'base64');
    console.log(`${file} is new`);
    continue;
  }
  different += 1;
  await writeFile(join(found, `${name}.png`), image);
  await writeFile(join(found, `${name}-look.png`), look, 'base64');
  await writeFile(join(found, `${name}-difference.png`), difference, 'base64');
  const percent = (100 * share).toFixed(1);
  console.log(`${path} looks different in ${percent} % of its area: see ${join(found, name)}.png and ${name}-difference.png`);
}
await browser.close();
console.log(`${paths.length} pages, ${different} look different`);
