// Visits the pages of a service in a real browser: `node check.js ADDRESS KEY COMPONENT`. KEY is that of an administrator,
// and COMPONENT the file of a step. Prints one line for each problem.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { wrongEdits } from './editing.js';
import { locks } from './locks.js';

const [address, key, component] = process.argv.slice(2);
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const problems = [];
/** The parts of errors of the console that a journey causes itself. */
let expected = [];

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
  const note = (text) => expected.some((part) => text.includes(part)) || problems.push(`${page.url()}: ${text}`);
  page.on('console', (message) => message.type() === 'error' && note(`${message.text()} (${message.location().url})`));
  page.on('pageerror', (error) => note(String(error)));
  await page.goto(`${address}/ui/login`);
  await page.fill('#key', key);
  await page.click('button[type=submit]');
  await page.waitForURL('**/ui/p/default');
  return page;
}

const at = (path) => `${address}/ui/p/default${path}`;

/** Notes content that is wider than the window, and in a window of 1280 px also tables whose columns are cut. */
async function checkWidth(page, path) {
  const { width } = page.viewportSize();
  const { wider, cut } = await page.evaluate(() => {
    const over = (element) => element.scrollWidth - element.clientWidth;
    const tables = [...document.querySelectorAll('.table-wrap')].filter((table) => over(table) > 0);
    return {
      wider: over(document.documentElement),
      cut: tables.map((table) => `${table.getAttribute('aria-label')} by ${over(table)} px`),
    };
  });
  if (wider > 0) problems.push(`${path}: the page is ${wider} px wider than the window of ${width} px`);
  if (width === 1280) cut.forEach((table) => problems.push(`${path}: columns are cut: ${table}`));
}

/** Checks a page for problems of accessibility, and for content that is too wide. */
async function check(page, path) {
  await page.goto(at(path));
  await page.waitForTimeout(300);
  const size = page.viewportSize();
  for (const width of size.width === 1280 ? [1024, 1280] : [size.width]) {
    await page.setViewportSize({ ...size, width });
    await checkWidth(page, path);
  }
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

/** Asks the API. */
async function api(method, path, body, more = {}) {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...more };
  const answer = await fetch(`${address}/api/v2${path}`, { method, headers, body: body && JSON.stringify(body) });
  return answer.status === 204 ? null : answer.json();
}

/** Ends all sessions of people. */
async function endSessions() {
  const { items } = await api('GET', '/sessions');
  for (const { id } of items) await api('DELETE', `/sessions/${id}`);
}

/** Fails a journey. */
function hold(is, what) {
  if (!is) throw new Error(what);
}

const setText = (page, text) =>
  page.locator('textarea[data-editor]').evaluate((area, text) => area.stepwellEditor.setText(text), text);
const getText = (page) => page.locator('textarea[data-editor]').evaluate((area) => area.stepwellEditor.getText());

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
  await wide.locator('dialog').getByLabel('Reason').fill('no longer needed');
  await wide.locator('dialog button.danger').click();
  await wide.locator('.status[data-status=cancelled]').first().waitFor();
  await wide.getByText('no longer needed').first().waitFor();
});

await journey('approve a step', async () => {
  await wide.goto(at('/approvals'));
  await wide.locator('main a[href*="/approvals/"]').first().click();
  await wide.getByRole('button', { name: 'Approve' }).click();
  await wide.waitForURL('**/runs/exec_*');
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

await journey('discard dead letters and say so', async () => {
  const discard = wide.getByRole('button', { name: 'Discard chosen' });
  const nothing = 'Nothing has changed: choose at least one dead letter first.';
  await api('POST', '/jobs/fails/run', {});
  await wide.goto(at('/dead-letters'));
  await wide.locator('input[name=ids]').first().waitFor();
  await discard.click();
  await wide.getByRole('alert').getByText(nothing).waitFor();
  hold((await wide.locator('dialog').count()) === 0, 'a dialog asks about nothing');
  await wide.getByRole('button', { name: 'Redrive chosen' }).click();
  await wide.getByRole('alert').getByText(nothing).waitFor();
  await wide.locator('input[name=ids]').first().check();
  await wide.getByLabel('Reason for discarding').fill('known');
  await discard.click();
  await wide.locator('dialog button.danger').click();
  const message = wide.getByRole('status').getByText('1 dead letter is discarded.');
  await message.waitFor();
  const box = await message.boundingBox();
  hold(box.y >= 0 && box.y < 900, `the message is out of sight, at ${box.y} px`);
});

await journey('register a step', async () => {
  expected = ['422', '400'];
  await wide.goto(at('/steps'));
  await wide.getByLabel('Component (.wasm)').setInputFiles(component);
  await wide.getByRole('button', { name: 'Register', exact: true }).click();
  await wide.waitForURL('**/steps/hello');
  await wide.getByText('Registered').first().waitFor();
  await wide.goto(at('/steps'));
  await wide.getByLabel('Component (.wasm)').setInputFiles({ name: 'not.wasm', mimeType: 'application/wasm', buffer: Buffer.from('text') });
  await wide.getByRole('button', { name: 'Register', exact: true }).click();
  await wide.locator('[data-upload-result]').getByText(/not a|component/).waitFor();
  expected = [];
});

await journey('locks', () => locks({ page: wide, at, api, hold }));

await journey('a form that is refused says why', async () => {
  expected = ['422'];
  await wide.goto(at('/editor'));
  await wide.locator('#builder').getByRole('button', { name: 'Add', exact: true }).first().click();
  await wide.locator('#builder [role=alert]').getByText('a variable needs a name').waitFor();
  // A text that the server refuses stays, also when the person looks at another page before.
  const text = 'id: refused\nsteps:\n  - {id: pause, type: wait, fro: 0}\n';
  await setText(wide, text);
  await wide.getByRole('button', { name: 'Save' }).click();
  await wide.getByText('The job is not stored.').waitFor();
  hold((await getText(wide)) === text, 'the answer has another text');
  await wide.goto(at('/jobs'));
  await wide.goto(at('/editor'));
  await wide.getByText('This is the text that you wrote before.').waitFor();
  hold((await getText(wide)) === text, 'the text is gone');
  await wide.getByRole('button', { name: 'Discard it' }).click();
  await wide.goto(at('/editor'));
  hold((await getText(wide)).includes('my-job'), 'the text is not discarded');
  expected = [];
});

await journey('a text survives the end of the session', async () => {
  expected = ['401', '403'];
  const editing = await person({ viewport: { width: 1280, height: 900 } });
  await editing.goto(at('/editor'));
  const text = 'id: kept\nsteps:\n  - {id: pause, type: wait, for: 0}\n';
  await setText(editing, text);
  await endSessions();
  // The check of the text says that the session has ended, and so does saving. Neither leaves the page.
  await setText(editing, `# One more line.\n${text}`);
  await editing.locator('#session-notice').getByText('Your session has ended').waitFor();
  await editing.getByRole('button', { name: 'Save' }).click();
  await editing.waitForTimeout(500);
  hold(editing.url() === at('/editor'), `saving led to ${editing.url()}`);
  hold((await getText(editing)).startsWith('# One more line.'), 'the text is gone');
  const [login] = await Promise.all([
    editing.context().waitForEvent('page'),
    editing.getByRole('link', { name: 'Log in in a new tab' }).click(),
  ]);
  await login.fill('#key', key);
  await login.click('button[type=submit]');
  await login.waitForURL('**/ui/p/default');
  await login.close();
  await editing.bringToFront();
  await editing.getByRole('button', { name: 'Save' }).click();
  await editing.waitForURL('**/jobs/kept');
  await editing.goto(at('/jobs/kept/edit'));
  hold((await getText(editing)).startsWith('# One more line.'), 'another text is stored');
  // The text is stored, so the next new job begins with the text of a new job.
  await editing.goto(at('/editor'));
  hold((await getText(editing)).includes('my-job'), 'the stored text is shown again');
  // A text that is not stored survives a reload.
  await setText(editing, 'id: mine\n');
  await editing.reload();
  await editing.getByText('This is the text that you wrote before.').waitFor();
  hold((await getText(editing)) === 'id: mine\n', 'the text did not survive a reload');
  await editing.getByRole('button', { name: 'Discard it' }).click();
  hold((await getText(editing)).includes('my-job'), 'the text is not discarded');
  await editing.context().close();
});
// The sessions of the journeys have ended, too, and a page that renews itself learns of that.
await wide.goto(`${address}/ui/login`);
await wide.fill('#key', key);
await wide.click('button[type=submit]');
await wide.waitForURL('**/ui/p/default');
expected = [];

await journey('the editor shows hidden characters', async () => {
  await wide.goto(at('/editor'));
  await setText(wide, 'id: a\nname: "x\u202egnp.exe \u2066\u200b\u0007"\n');
  await wide.locator('.cm-hidden').first().waitFor();
  const shown = await wide.locator('.cm-hidden').allTextContents();
  hold(shown.join(' ') === 'U+202E U+2066 U+200B \u2407', `the editor shows ${shown.join(' ')}`);
  await setText(wide, 'id: a\n');
  await wide.evaluate(() => sessionStorage.clear());
});

await journey('no edit needs a style that the policy refuses', async () => {
  await wide.goto(at('/editor'));
  await wide.locator('.cm-content').waitFor();
  const wrong = await wrongEdits(wide, setText, getText, () => problems.length);
  await wide.evaluate(() => sessionStorage.clear());
  hold(wrong.length === 0, wrong.join('; '));
});

await journey('the preview keeps the parts of the last text without problems', async () => {
  await wide.goto(at('/editor'));
  const text = 'id: previewed\nschedule: {every: 1h}\nsteps:\n  - {id: pause, type: wait, for: 0}\n';
  await setText(wide, text);
  const policy = wide.locator('#preview-policy');
  // The preview of the text that the editor begins with has decisions, too, and no fires.
  await wide.locator('#preview-fires', { hasText: 'UTC' }).waitFor();
  await policy.getByText('Granted').waitFor();
  await setText(wide, text.replace('for: 0', 'fro: 0'));
  await wide.getByText('Policy: as before.').waitFor();
  hold(await policy.getByText('Granted').isVisible(), 'the decisions of policy are gone');
  const fires = await wide.locator('#preview-fires').textContent();
  hold(fires.includes('UTC'), `the fires are gone: ${fires}`);
  hold((await wide.getByText('Graph: as before.').count()) === 0, 'the graph does not follow the text');
  await setText(wide, 'id: [');
  await wide.getByText('Graph: as before.').waitFor();
  const graph = await wide.locator('#preview-graph').textContent();
  hold(graph.includes('pause'), `the graph is gone: ${graph}`);
  await setText(wide, text.replace('pause', 'rest'));
  await policy.getByText('rest', { exact: true }).waitFor();
  hold((await wide.getByText(/: as before\.$/).count()) === 0, 'the notice stays');
  await wide.locator('#builder details.step', { hasText: 'rest' }).waitFor();
  await wide.evaluate(() => sessionStorage.clear());
});

await journey('seven windows with a live log', async () => {
  const { execution_id: id } = await api('POST', '/jobs/slow/run', {});
  const windows = [];
  // A browser opens six connections to a server. All tabs of a browser without a window are visible.
  for (let n = 0; n < 7; n += 1) {
    const tab = await wide.context().newPage();
    tab.setDefaultTimeout(20_000);
    await tab.goto(at(`/runs/${id}/log`));
    await tab.locator('.log-status').getByText(/; (live|waiting for its turn)/).waitFor();
    windows.push(tab);
  }
  const live = async () => {
    const states = await Promise.all(windows.map((tab) => tab.locator('.log-status').textContent()));
    return states.filter((state) => state.endsWith('; live')).length;
  };
  hold((await live()) <= 3, `${await live()} windows have a connection of their own`);
  // Each gets its turn, and other pages load meanwhile.
  const turns = windows.map((tab) => tab.locator('.log-status').getByText(/; live$/).waitFor());
  await wide.goto(at('/jobs'));
  await wide.getByRole('heading', { name: 'Jobs' }).waitFor();
  await Promise.all(turns);
  for (const tab of windows) await tab.close();
  await api('POST', `/runs/${id}/cancel`, {});
});

await journey('a hidden tab has no stream', async () => {
  const { execution_id: id } = await api('POST', '/jobs/slow/run', {});
  const context = wide.context();
  const tabs = [];
  for (let n = 0; n < 3; n += 1) {
    const tab = await context.newPage();
    tab.setDefaultTimeout(20_000);
    // All tabs of a browser without a window are visible, so each says which one is.
    await tab.addInitScript(() => {
      let hidden = false;
      Object.defineProperty(document, 'hidden', { get: () => hidden });
      globalThis.hide = (is) => {
        hidden = is;
        document.dispatchEvent(new Event('visibilitychange'));
      };
    });
    await tab.goto(at(`/runs/${id}/log`));
    await tab.locator('.log-status').getByText('live').waitFor();
    tabs.push(tab);
    await tab.evaluate(() => globalThis.hide(true));
    await tab.locator('.log-status').getByText('paused').waitFor();
  }
  await tabs[0].evaluate(() => globalThis.hide(false));
  await tabs[0].locator('.log-status').getByText('live').waitFor();
  for (const tab of tabs) await tab.close();
  await api('POST', `/runs/${id}/cancel`, {});
});

await journey('a log of a million lines', async () => {
  const tab = await wide.context().newPage();
  tab.setDefaultTimeout(120_000);
  await tab.addInitScript(() => {
    // A stream of a million lines, as fast as the page takes them.
    globalThis.EventSource = class extends EventTarget {
      static CLOSED = 2;
      readyState = 1;
      constructor() {
        super();
        this.sent = 0;
        setTimeout(() => this.more());
      }
      more() {
        for (const end = this.sent + 20_000; this.sent < end; this.sent += 1) {
          const level = this.sent % 1_000 === 0 ? 'error' : 'info';
          const line = { number: this.sent + 1, at: '2026-03-29T12:00:00Z', step: 'load', level, text: `row ${this.sent} of the table` };
          this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(line) }));
        }
        if (this.sent < 1_000_000) setTimeout(() => this.more());
        else this.dispatchEvent(new Event('end'));
      }
      close() {
        this.readyState = 2;
      }
    };
  });
  await tab.goto(at(`${run}/log`));
  await tab.locator('.log-status').getByText('1,000,000 lines').waitFor();
  const view = tab.locator('.log-view');
  const rows = () => tab.locator('.log-rows > *').count();
  hold((await rows()) < 200, `the page has ${await rows()} rows`);
  await tab.getByText('row 999999 of the table').waitFor();
  await view.focus();
  await view.press('Home');
  await tab.getByText('row 0 of the table').waitFor();
  for (let n = 0; n < 40; n += 1) await view.press('PageDown');
  hold((await rows()) < 200, `the page has ${await rows()} rows after scrolling`);
  await tab.getByLabel('Search').fill('row 765432 of');
  await tab.locator('.log-status').getByText('1 match').waitFor();
  await tab.getByRole('button', { name: 'Next' }).click();
  await tab.getByText('row 765432 of the table').waitFor();
  const used = await tab.evaluate(() => performance.memory.usedJSHeapSize / 2 ** 20);
  hold(used < 400, `the page uses ${Math.round(used)} MiB`);
  await tab.close();
});

const pages = ['', '/queues', '/jobs', '/jobs/made-here', '/jobs/made-here/edit', '/jobs/made-here/versions',
  '/editor', '/runs', run, `${run}/log`, `${run}/steps/pause`, `${run}/files`, '/schedules', '/schedules/nightly',
  '/calendar', '/ledger', '/backfills', '/dead-letters', '/dead-letters?state=', '/approvals', '/locks', '/locks/test-db',
  '/steps', '/steps/wait', '/policies?job=made-here', '/audit/verify',
  '/policies', '/connections', '/connections/azure-devops', '/audit', '/access'];
const narrow = await person({ viewport: { width: 320, height: 700 }, colorScheme: 'dark' });
for (const path of pages) {
  await journey(`the page ${path}`, async () => {
    await check(wide, path);
    await check(narrow, path);
  });
}
await browser.close();
for (const problem of problems) console.log(problem);
console.log(`${pages.length} pages, ${problems.length} problems`);
