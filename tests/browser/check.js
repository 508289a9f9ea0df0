// Visits the pages of a service in a real browser: `node check.js ADDRESS KEY`. Prints one line for each problem.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const [address, key] = process.argv.slice(2);
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const problems = [];

const browser = await chromium.launch({
  executablePath: process.env.STEPWELL_TEST_BROWSER ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});

/**
 * Opens a browser window in which a person is logged in. Errors of the console are problems; these include content
 * that the policy of the pages refuses.
 */
async function person(options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const note = (text) => problems.push(`${page.url()}: ${text}`);
  page.on('console', (message) => message.type() === 'error' && note(message.text()));
  page.on('pageerror', (error) => note(String(error)));
  await page.goto(`${address}/ui/login`);
  await page.fill('#key', key);
  await page.click('button[type=submit]');
  await page.waitForURL('**/ui/p/default');
  return page;
}

const at = (path) => `${address}/ui/p/default${path}`;

/** Checks a page for problems of accessibility, and for content that is wider than the window. */
async function check(page, path) {
  await page.goto(at(path));
  await page.waitForTimeout(300);
  const wider = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  if (wider > 0) problems.push(`${path}: the page is ${wider} px wider than the window`);
  await page.evaluate(axe);
  const { violations } = await page.evaluate((rules) => globalThis.axe.run(document, { runOnly: rules }), RULES);
  for (const { id, nodes } of violations) problems.push(`${path}: ${id}: ${nodes[0].html.slice(0, 200)}`);
}

/** A step of a journey: what fails in it is a problem of its own. */
async function journey(name, steps) {
  try {
    await steps();
  } catch (error) {
    problems.push(`${name}: ${String(error).split('\n').slice(0, 3).join(' ')}`);
  }
}

const wide = await person({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' });
let run = '';

await journey('create a job and run it', async () => {
  await wide.goto(at('/editor'));
  const editor = wide.locator('textarea[data-editor]');
  await editor.evaluate((area) => {
    const text = 'id: made-here\nsteps:\n  - {id: pause, type: wait, for: 0}\n';
    area.stepwellEditor ? area.stepwellEditor.setText(text) : (area.value = text);
  });
  await wide.getByRole('button', { name: 'Save' }).click();
  await wide.waitForURL('**/jobs/made-here**');
  await wide.getByRole('button', { name: /^Run/ }).first().click();
  await wide.waitForURL('**/runs/exec_*');
  run = new URL(wide.url()).pathname.replace('/ui/p/default', '');
  await wide.locator('.status[data-status=success]').first().waitFor();
});

await journey('cancel a run', async () => {
  await wide.goto(at('/runs?job_id=slow'));
  await wide.locator('main table a[href*="/runs/exec_"]').first().click();
  await wide.getByRole('button', { name: 'Cancel' }).first().click();
  await wide.locator('dialog button.danger').click();
  await wide.locator('.status[data-status=cancelled]').first().waitFor();
});

await journey('approve a step', async () => {
  await wide.goto(at('/approvals'));
  await wide.locator('main a[href*="/approvals/"]').first().click();
  await wide.getByRole('button', { name: 'Approve' }).click();
  await wide.waitForLoadState();
  await wide.goto(at('/runs?job_id=asks'));
  await wide.locator('.status[data-status=success]').first().waitFor();
});

await journey('redrive a dead letter', async () => {
  await wide.goto(at('/dead-letters'));
  await wide.locator('main a[href*="/dead-letters/exec_"]').first().click();
  await wide.getByRole('button', { name: /^Redrive/ }).first().click();
  await wide.waitForURL('**/runs/exec_*');
});

await journey('pause a queue', async () => {
  await wide.goto(at('/queues'));
  await wide.getByRole('button', { name: 'Pause' }).or(wide.getByText('Pause', { exact: true })).first().click();
  const reason = wide.locator('input[name=reason]:visible').first();
  if (await reason.isVisible().catch(() => false)) {
    await reason.fill('maintenance');
    await reason.press('Enter');
  }
  await wide.getByRole('button', { name: 'Resume' }).first().waitFor();
});

const pages = ['', '/queues', '/jobs', '/jobs/made-here', '/jobs/made-here/edit', '/jobs/made-here/versions',
  '/editor', '/runs', run, `${run}/log`, `${run}/steps/pause`, `${run}/files`, '/schedules', '/schedules/nightly',
  '/calendar', '/ledger', '/backfills', '/dead-letters', '/approvals', '/steps', '/steps/wait',
  '/policies', '/connections', '/connections/azure-devops', '/audit', '/access'];
const narrow = await person({ viewport: { width: 320, height: 700 }, colorScheme: 'dark' });
for (const path of pages) {
  await check(wide, path);
  await check(narrow, path);
}
await browser.close();
for (const problem of problems) console.log(problem);
console.log(`${pages.length} pages, ${problems.length} problems`);
