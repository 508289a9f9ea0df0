// Two people in two browsers, each with a key of another project: `node projects.js ADDRESS KEY KEY`. Neither sees
// anything of the other one's project. Prints one line for each problem.
import { chromium } from 'playwright-core';

const [address, keyOfAnn, keyOfBob] = process.argv.slice(2);
/** A word in each text of Ann's project. */
const SECRET = 'canary-5e1f';
const problems = [];
const browsers = [];

/** Opens a browser of its own, in which a person logs in. */
async function person(key, project) {
  const browser = await chromium.launch({
    executablePath: process.env.STEPWELL_TEST_BROWSER ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
  browsers.push(browser);
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(20_000);
  page.on('pageerror', (error) => problems.push(String(error)));
  await page.goto(`${address}/ui/login`);
  await page.fill('#key', key);
  await page.click('button[type=submit]');
  await page.waitForURL(`**/ui/p/${project}`);
  return page;
}

function hold(is, what) {
  if (!is) problems.push(what);
}

const setText = (page, text) =>
  page.locator('textarea[data-editor]').evaluate((area, text) => area.stepwellEditor.setText(text), text);

/** Stores a job and runs it. Returns the path of the run below the project. */
async function makeAndRun(page, project, name) {
  await page.goto(`${address}/ui/p/${project}/editor`);
  await setText(page, `id: nightly\nname: ${name}\nmetadata: {tags: [${name}]}\nschedule: {every: 24h}\nsteps:\n  - {id: ask, type: approval, message: ${name}}\n`);
  await page.getByRole('button', { name: 'Save' }).click();
  await page.waitForURL('**/jobs/nightly');
  await page.getByRole('button', { name: /^Run/ }).first().click();
  await page.waitForURL('**/runs/exec_*');
  await page.locator('.status[data-status=parked]').first().waitFor();
  return new URL(page.url()).pathname.replace(`/ui/p/${project}`, '');
}

/** The pages of a project, with the things in it that a person could ask for by name. */
const pages = (run) => ['', '/jobs', '/jobs?q=canary', '/jobs/nightly', '/jobs/nightly/versions', '/jobs/nightly/edit', '/runs',
  '/runs?job_id=nightly', run, `${run}/log`, `${run}/files`, `${run}/steps/ask`, '/queues', '/schedules',
  '/schedules/nightly', '/calendar', '/ledger', '/backfills', '/dead-letters', '/approvals',
  `/approvals/${run.split('/').pop()}/ask`, '/locks', '/steps', '/policies?job=nightly', '/connections'];

async function journey() {
  const [ann, bob] = [await person(keyOfAnn, 'team-a'), await person(keyOfBob, 'team-b')];
  const run = await makeAndRun(ann, 'team-a', SECRET);
  const id = run.split('/').pop();
  for (const path of ['', '/jobs', run, '/approvals']) {
    await ann.goto(`${address}/ui/p/team-a${path}`);
    hold((await ann.content()).includes(SECRET), `Ann does not see her own job on ${path || 'the overview'}`);
  }
  // Bob asks for the same names: in his project there are no such things, and Ann's project is closed to him.
  for (const path of pages(run)) {
    const own = await bob.goto(`${address}/ui/p/team-b${path}`);
    hold(own.status() === 200 || own.status() === 404, `team-b${path}: the status is ${own.status()}`);
    const shown = await bob.content();
    hold(!shown.includes(SECRET) && !shown.includes('team-a'), `team-b${path} shows something of team-a`);
    const other = await bob.goto(`${address}/ui/p/team-a${path}`);
    hold(other.status() === 403, `team-a${path}: the status is ${other.status()}`);
    hold(!(await bob.content()).includes(SECRET), `team-a${path} shows its content to Bob`);
  }
  // A job of the same name is another one, and a page that is open does not learn of Ann's next run.
  const his = await makeAndRun(bob, 'team-b', 'tuesday');
  await bob.goto(`${address}/ui/p/team-b`);
  await bob.locator('#day').getByText('tuesday').first().waitFor();
  await ann.goto(`${address}/ui/p/team-a/approvals/${id}/ask`);
  await ann.getByRole('button', { name: 'Approve' }).click();
  await ann.locator('.status[data-status=success]').first().waitFor();
  await bob.waitForTimeout(4_000);
  hold(!(await bob.content()).includes(SECRET) && !(await bob.content()).includes(id), 'the open overview shows something of team-a');
  await bob.goto(`${address}/ui/p/team-b/runs`);
  const runs = await bob.locator('main table tbody tr').count();
  hold(runs === 1 && (await bob.content()).includes(his.split('/').pop()), `Bob sees ${runs} runs`);
  // Neither may choose the other project.
  for (const [page, other] of [[ann, 'team-b'], [bob, 'team-a']]) {
    hold(!(await page.locator('header').textContent()).includes(other), `the header names ${other}`);
  }
}

try {
  await journey();
} catch (error) {
  problems.push(String(error).split('\n').slice(0, 3).join(' '));
}
for (const browser of browsers) await browser.close();
for (const problem of problems) console.log(problem);
console.log(`two projects: ${problems.length} problems`);
