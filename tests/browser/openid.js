// Logs in at an OpenID provider in a real browser: `node openid.js PUBLIC ADDRESS KEY JOURNEY`. PUBLIC is the address in
// the configuration of the service, which listens at ADDRESS, and KEY is a key of an administrator. Prints one line for
// each problem.
import { chromium } from 'playwright-core';

const [place, address, key, journey] = process.argv.slice(2);
const problems = [];
const browser = await chromium.launch({
  executablePath: process.env.STEPWELL_TEST_BROWSER ?? '/usr/bin/chromium',
  args: ['--no-sandbox', `--host-resolver-rules=MAP ${new URL(place).host} ${address}`],
});
const page = await browser.newPage();
page.setDefaultTimeout(20_000);
/** The browser reports each page with an error status. */
const isStatus = (text) => text.startsWith('Failed to load resource');
page.on('console', (message) => message.type() === 'error' && !isStatus(message.text()) && problems.push(message.text()));
page.on('pageerror', (error) => problems.push(String(error)));

function hold(is, what) {
  if (!is) problems.push(`${what}, at ${page.url()}`);
}

const at = (path) => `${place}/ui${path}`;
const button = () => page.getByRole('link', { name: /^Log in with Acme/ });
const alert = () => page.getByRole('alert').textContent();

/** Goes to a page without a session, and logs in on the way. */
async function logIn(path) {
  await page.goto(at(path));
  hold(page.url().startsWith(at('/login?next=')), 'a page without a session does not lead to the login');
  await button().click();
  await page.waitForURL(at(path));
}

const JOURNEYS = {
  async 'in and out'() {
    await logIn('/p/default/runs?status=failed');
    const menu = page.locator('header details.menu', { hasText: 'ann@team.example' });
    await menu.locator('summary').click();
    hold((await menu.textContent()).includes('Role: operator'), 'the menu does not show the role');
    const sections = await page.getByRole('navigation', { name: 'Main', exact: true }).textContent();
    hold(sections.includes('Dead letters') && !sections.includes('Access'), `an operator sees ${sections}`);
    await menu.getByRole('button', { name: 'Log out' }).click();
    await page.waitForURL(at('/login?left=true'));
    await page.getByRole('status').getByRole('link').click();
    await page.getByText('The session of the provider has ended.').waitFor();
    await page.goto(at('/p/default/jobs'));
    hold(page.url() === at('/login?next=%2Fui%2Fp%2Fdefault%2Fjobs'), 'the session has not ended');
  },
  async 'a session that ends'() {
    await logIn('/p/default/jobs');
    const headers = { authorization: `Bearer ${key}` };
    const { items } = await (await fetch(`http://${address}/api/v2/sessions`, { headers })).json();
    for (const { id } of items) await fetch(`http://${address}/api/v2/sessions/${id}`, { method: 'DELETE', headers });
    await page.getByRole('link', { name: 'Dead letters' }).first().click();
    await page.waitForURL(/\/ui\/login\?next=/);
    await button().click();
    await page.waitForURL(at('/p/default/dead-letters'));
  },
  async 'a login that the provider refuses'() {
    await page.goto(at('/p/default/jobs'));
    await button().click();
    await page.waitForURL(/\/callback\?/);
    hold((await alert()).includes('access_denied'), `the page says ${await alert()}`);
    hold((await page.context().cookies()).every(({ name }) => !name.includes('session')), 'there is a session');
    hold(await button().isVisible(), 'the page has no button to try again');
  },
  async 'a person without a role'() {
    await page.goto(at('/p/default/jobs'));
    await button().click();
    await page.waitForURL(/\/callback\?/);
    hold((await alert()).includes('has no role in any project'), `the page says ${await alert()}`);
    await page.goto(at('/p/default/jobs'));
    hold(page.url().startsWith(at('/login')), 'there is a session');
  },
};

try {
  await JOURNEYS[journey]();
} catch (error) {
  problems.push(`${page.url()}: ${String(error).split('\n').slice(0, 3).join(' ')}`);
}
await browser.close();
for (const problem of problems) console.log(problem);
console.log(`${journey}: ${problems.length} problems`);
