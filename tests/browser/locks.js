// The pages of locks: who holds one, who waits, and how an administrator takes one away.

/**
 * @param tools `page` of an administrator, `at` makes addresses, `api` asks the API, `hold` fails the journey
 */
export async function locks({ page, at, api, hold }) {
  const client = async (name) => (await api('POST', '/keys', { name, role: 'operator', projects: ['default'] })).token;
  const [deployer, tester] = [await client('deployer'), await client('tester')];
  const ask = (token, name, more) =>
    api('POST', '/locks', { locks: [{ name }], ...more }, { authorization: `Bearer ${token}`, prefer: 'respond-async' });
  await page.goto(at('/locks'));
  await page.getByText('No lock is held or waited for.').waitFor();
  const held = await ask(deployer, 'deploy-web', { reason: 'release 7' });
  hold(held.state === 'held', `the lock is not held: ${JSON.stringify(held)}`);
  await ask(deployer, 'test-db', { reason: 'a <b>bold</b> reason' });
  const waits = await ask(tester, 'deploy-web', { reason: 'smoke test', wait: '600s' });
  hold(waits.state === 'waiting', `the second client does not wait: ${JSON.stringify(waits)}`);

  // The open page shows the locks by itself.
  const row = page.getByRole('row', { name: /deploy-web/ });
  await row.getByText('release 7').waitFor();
  hold((await row.locator('td.number').textContent()) === '1', 'the row does not count who waits');
  await page.getByText('a <b>bold</b> reason').waitFor();
  await page.locator('input[name=prefix]').fill('test');
  await page.locator('input[name=prefix]').press('Enter');
  await page.waitForURL('**/locks?prefix=test');
  hold((await page.getByText('deploy-web').count()) === 0, 'the filter shows another lock');
  await page.goto(at('/locks'));
  await page.getByRole('link', { name: 'deploy-web' }).click();

  const part = (name) => page.getByRole('region', { name, exact: true });
  await part('Holders').getByText('release 7').waitFor();
  await part('Queue').getByText('smoke test').waitFor();
  await part('Events').getByText('acquired').first().waitFor();
  const force = part('Take the lock away');
  // Without a reason, the browser keeps the form.
  await force.getByRole('button', { name: 'Take away' }).click();
  hold((await page.locator('dialog').count()) === 0, 'the form is sent without a reason');
  await force.getByLabel('Reason').fill('the release hangs');
  await force.getByRole('button', { name: 'Take away' }).click();
  await page.locator('dialog').getByText('Take the lock away from all its holders?').waitFor();
  await page.locator('dialog').getByRole('button', { name: 'Back' }).click();
  await part('Holders').getByText('release 7').waitFor();
  await force.getByRole('button', { name: 'Take away' }).click();
  await page.locator('dialog button.danger').click();
  await page.getByText('The lock is taken away from its holders.').waitFor();

  // The client that waited has it now.
  await part('Holders').getByText('smoke test').waitFor();
  hold((await part('Queue').count()) === 0, 'the queue still has the client');
  await part('Events').getByText('the release hangs').first().waitFor();
}
