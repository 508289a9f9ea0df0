// Takes the screenshots of the documentation from a demo: `node screenshots.js STEPWELL DIRECTORY`.
import { spawn } from 'node:child_process';
import { mkdir, stat } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

/** The maximum size of an image in bytes. */
const MOST = 150_000;

const [stepwell, directory] = process.argv.slice(2);
const demo = spawn(stepwell, ['demo', '--port', '0'], { stdio: ['ignore', 'pipe', 'pipe'] });
const ended = once(demo, 'exit');
const gone = () => demo.kill('SIGINT');
process.on('exit', gone);

/** Returns the first match in the lines of a stream. The rest of the stream goes to nowhere. */
async function said(stream, pattern) {
  for await (const line of createInterface({ input: stream })) {
    const found = line.match(pattern);
    if (found) {
      stream.resume();
      return found[1];
    }
  }
  throw new Error(`the demo ends before it says ${pattern}`);
}

const ran = said(demo.stderr, /(The samples have run)/);
const link = await said(demo.stdout, /(http:\S+\/ui\/once\S+)/);
await ran;
const at = (path) => new URL(`/ui/p/default${path}`, link).href;

const browser = await chromium.launch({
  executablePath: process.env.STEPWELL_TEST_BROWSER ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});

/** Opens a window in which a person is logged in. */
async function open(colorScheme, state) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    colorScheme,
    storageState: state,
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  return page;
}

/** Scrolls to the card with this element. */
async function show(element) {
  await element.first().evaluate((found) => found.closest('.card').scrollIntoView());
}

/** Saves what the window shows. */
async function save(page, name) {
  await page.evaluate(() => document.activeElement?.blur());
  await page.waitForTimeout(400);
  const path = join(directory, `${name}.png`);
  await page.screenshot({ path, animations: 'disabled' });
  const { size } = await stat(path);
  if (size > MOST) throw new Error(`${path} has ${size} bytes, more than ${MOST}`);
  console.log(`${path} ${size} bytes`);
}

await mkdir(directory, { recursive: true });
const light = await open('light');
await light.goto(link);
const dark = await open('dark', await light.context().storageState());

/** Runs a job, and returns the address of the run. */
async function run(job) {
  await light.goto(at(`/jobs/${job}`));
  await light.getByRole('button', { name: /^Run/ }).first().click();
  await light.waitForURL('**/runs/exec_*');
  return light.url();
}

const stores = await run('store-reports');
await run('month-end');
await light.goto(at(''));
await save(light, 'overview');
await light.goto(stores);
await light.locator('.status[data-status=success]').first().waitFor();
await show(light.locator('svg.timeline'));
await save(light, 'run');
await light.goto(at('/queues'));
await show(light.getByText('the exchange is closed'));
await save(light, 'queues');
await light.goto(at('/jobs/daily-sales/edit'));
await light.locator('.cm-content').first().waitFor();
await save(light, 'editor');
await light.goto(at('/schedules/night-backup'));
await save(light, 'schedule');
await light.goto(at('/dead-letters'));
await save(light, 'dead-letters');
await dark.goto(stores);
await show(dark.locator('svg.timeline'));
await save(dark, 'run-dark');
await browser.close();
gone();
await ended;
