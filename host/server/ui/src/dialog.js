import { button, el, show } from './dom.js';

/**
 * Asks for confirmation. Returns true when the user confirms.
 * @param {string} text
 * @param {string} label the text of the button that confirms
 * @param {boolean} danger
 * @returns {Promise<boolean>}
 */
export function confirmed(text, label, danger) {
  return new Promise((resolve) => {
    const cancel = button('Back', () => dialog.close(), 'button plain');
    const confirm = button(label, () => dialog.close('confirmed'), danger ? 'button danger' : 'button');
    cancel.autofocus = danger;
    confirm.autofocus = !danger;
    const actions = el('div', { class: 'dialog-actions' }, cancel, confirm);
    const dialog = show('Please confirm', [el('p', {}, text), actions]);
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'confirmed'));
  });
}

/** The forms whose next submission the user has confirmed. */
const passed = new WeakSet();

/** @param {SubmitEvent} event */
async function onSubmit(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const submitter = /** @type {HTMLButtonElement | null} */ (event.submitter);
  const text = submitter?.dataset.confirm ?? form.dataset.confirm;
  if (text === undefined || passed.delete(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const label = submitter?.textContent?.trim() || 'Confirm';
  if (!(await confirmed(text, label, submitter?.classList.contains('danger') ?? false))) return;
  passed.add(form);
  form.requestSubmit(submitter);
  // A form that is invalid is not submitted; its next submission needs a confirmation again.
  passed.delete(form);
}

/** @param {any} event */
async function onHtmxConfirm(event) {
  const { ctx, issueRequest, dropRequest } = event.detail;
  event.preventDefault();
  const source = /** @type {HTMLElement} */ (ctx.sourceElement);
  const label = source.matches('button') ? source.textContent?.trim() || 'Confirm' : 'Confirm';
  const answer = await confirmed(ctx.confirm, label, source.classList.contains('danger'));
  if (answer) issueRequest();
  else dropRequest();
}

/** @param {MouseEvent} event */
function onClick(event) {
  const target = event.target instanceof Element ? event.target : null;
  const opener = target?.closest('[data-open-dialog]');
  const id = opener?.getAttribute('data-open-dialog');
  const dialog = id ? document.getElementById(id) : target?.closest('[data-close-dialog]')?.closest('dialog');
  if (!(dialog instanceof HTMLDialogElement)) return;
  if (opener) dialog.showModal();
  else dialog.close();
}

/**
 * Confirms the forms with `data-confirm` and the requests with `hx-confirm`. Buttons with
 * `data-open-dialog="ID"` open a dialog of the page, and `data-close-dialog` closes the one around it.
 */
export function startDialogs() {
  document.addEventListener('submit', onSubmit, true);
  document.addEventListener('htmx:confirm', onHtmxConfirm);
  document.addEventListener('click', onClick);
}
