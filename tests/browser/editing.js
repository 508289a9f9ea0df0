// Edits in the editor. Each begins with the same text, and the pages' policy must refuse no part of it: the browser
// reports refused content as an error of the console.
const TEXT = 'id: a\nname: "b"\nsteps:\n  - {id: pause, type: wait, for: 0}\n  - id: more\n    type: wait\n    for: 0\n';
const LINES = TEXT.split('\n');

/** Presses keys one after the other. */
const press = async (page, ...keys) => {
  for (const key of keys) await page.keyboard.press(key);
};

/** Sends the text of an input method: two states of its composition, and the text that it ends with. */
async function compose(page) {
  const input = await page.context().newCDPSession(page);
  for (const text of ['に', 'にほ']) {
    await input.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length });
  }
  await input.send('Input.insertText', { text: '日本' });
  await input.detach();
}

/** Drags with the mouse from one line of the editor to another. */
async function drag(page, from, to) {
  const line = (n) => page.locator('.cm-line').nth(n).boundingBox();
  const [first, last] = [await line(from), await line(to)];
  await page.mouse.move(first.x + 10, first.y + 8);
  await page.mouse.down();
  await page.mouse.move(first.x + 20, first.y + 30, { steps: 5 });
  await page.mouse.move(last.x + 60, last.y + 8, { steps: 5 });
  await page.mouse.up();
}

/** Pastes a text that has a look. */
const paste = (page) =>
  page.locator('.cm-content').evaluate((content) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/html', '<p style="color: red">pasted</p>');
    clipboardData.setData('text/plain', 'pasted');
    content.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  });

const starts = (...lines) => (text) => text.startsWith(lines.join('\n'));
const is = (expected) => (text) => text === expected;

/** Each edit: its name, what the person does, and what the text must be then. */
const EDITS = [
  ['a letter over everything', (page) => press(page, 'Control+a', 'x'), is('x')],
  ['a letter over a line', (page) => press(page, 'Shift+End', 'x'), is(`x\n${LINES.slice(1).join('\n')}`)],
  ['a letter over lines', (page) => press(page, 'Shift+ArrowDown', 'Shift+ArrowDown', 'x'),
    is(`x${LINES.slice(2).join('\n')}`)],
  ['a new line over everything', (page) => press(page, 'Control+a', 'Enter'), is('\n')],
  ['the deletion of everything', (page) => press(page, 'Control+a', 'Delete'), is('')],
  ['undo and redo', (page) => press(page, 'Control+a', 'x', 'Control+z', 'Control+y', 'Control+z'), is(TEXT)],
  ['cut and paste', (page) => press(page, 'Control+a', 'Control+x', 'Control+v'), is(TEXT)],
  ['paste with a look', async (page) => {
    await press(page, 'Shift+End');
    await paste(page);
  }, starts('pasted', LINES[1])],
  ['words of a keyboard of a phone', async (page) => {
    await press(page, 'Control+a');
    await page.keyboard.insertText('id: b\n');
  }, is('id: b\n')],
  ['an input method', compose, starts('日本id: a')],
  ['an input method over everything', async (page) => {
    await press(page, 'Control+a');
    await compose(page);
  }, is('日本')],
  ['bold, italic and underlined', (page) => press(page, 'Control+a', 'Control+b', 'Control+i', 'Control+u'), is(TEXT)],
  ['several cursors', (page) => press(page, 'Control+Alt+ArrowDown', 'Control+Alt+ArrowDown', 'Shift+End', 'y', 'z'),
    is(`yz\nyz\nyz\n${LINES.slice(3).join('\n')}`)],
  ['every place of a word', async (page) => {
    await page.locator('.cm-line').nth(3).getByText('wait').dblclick();
    await press(page, 'Control+d', 'y', 'z');
  }, is(TEXT.replaceAll('wait', 'yz'))],
  ['a text that is dragged', async (page) => {
    await page.locator('.cm-line').first().dblclick({ position: { x: 10, y: 8 } });
    await drag(page, 0, 4);
  }, (text) => text.length === TEXT.length && !text.startsWith('id')],
  ['search and replace', async (page) => {
    await press(page, 'Control+f');
    await page.keyboard.type('wait');
    await page.locator('input[name=replace]').fill('http');
    await page.locator('button[name=replaceAll]').click();
    await press(page, 'Escape');
  }, is(TEXT.replaceAll('wait', 'http'))],
  ['a line by its number', async (page) => {
    await press(page, 'Control+Alt+g');
    await page.keyboard.type('3');
    await press(page, 'Enter');
    await page.locator('.cm-content:focus').waitFor();
    await press(page, 'Shift+End', 'x');
  }, starts(LINES[0], LINES[1], 'x', LINES[3])],
  ['a fold', async (page) => {
    await page.locator('.cm-foldGutter .cm-gutterElement span').last().click();
    await page.locator('.cm-foldPlaceholder').waitFor();
    await page.locator('.cm-content').focus();
    await press(page, 'Control+a', 'x');
  }, is('x')],
  ['lines that move', (page) => press(page, 'Alt+ArrowDown', 'Control+/', 'Control+Shift+k'), starts(LINES[1], LINES[2])],
];

/**
 * Does all edits, and returns those after which the text is not the expected one.
 * @param refused returns the number of errors of the console so far
 */
export async function wrongEdits(page, setText, getText, refused) {
  const wrong = [];
  for (const [name, act, expected] of EDITS) {
    await setText(page, TEXT);
    await page.locator('.cm-content').focus();
    await press(page, 'Control+Home');
    const before = refused();
    await act(page);
    await page.waitForTimeout(100);
    const text = await getText(page);
    if (!expected(text)) wrong.push(`${name}: the text is ${JSON.stringify(text)}`);
    if (refused() > before) wrong.push(`${name}: the console has errors`);
  }
  return wrong;
}
