import { button, el, show } from './dom.js';
import { beforeSubmit } from './submit.js';

/**
 * Asks for confirmation. Returns true when the user confirms.
 * @param {string} text
 * @param {string} label the text of the button that confirms
 * @param {boolean} danger
 * @param {...Node} fields
 * @returns {Promise<boolean>}
 */
export function confirmed(text, label, danger, ...fields) {
  return new Promise((resolve) => {
    const cancel = button('Back', () => dialog.close(), 'button plain');
    const confirm = button(label, () => dialog.close('confirmed'), danger ? 'button danger' : 'button');
    cancel.autofocus = danger;
    confirm.autofocus = !danger;
    const actions = el('div', { class: 'dialog-actions' }, cancel, confirm);
    const dialog = show('Please confirm', [el('p', {}, text), ...fields, actions]);
    fields.forEach((field) =>
      field.addEventListener('keydown', (event) => {
        if (/** @type {KeyboardEvent} */ (event).key !== 'Enter') return;
        event.preventDefault();
        dialog.close('confirmed');
      }),
    );
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'confirmed'));
  });
}

/** @type {import('./submit.js').Check} */
function confirmation(form, submitter) {
  const text = submitter?.dataset.confirm ?? form.dataset.confirm;
  if (text === undefined) return null;
  const label = submitter?.textContent?.trim() || 'Confirm';
  const danger = submitter?.classList.contains('danger') ?? false;
  const reason = form.querySelector('input[type="hidden"][data-reason]');
  return reason instanceof HTMLInputElement ? withReason(reason, text, label, danger) : confirmed(text, label, danger);
}

/** Asks for confirmation and for a reason, which a hidden field of the form takes. */
async function withReason(
  /** @type {HTMLInputElement} */ target,
  /** @type {string} */ text,
  /** @type {string} */ label,
  /** @type {boolean} */ danger,
) {
  const field = /** @type {HTMLInputElement} */ (el('input', { maxlength: '1000', autocomplete: 'off' }));
  const title = el('label', { class: 'field' }, target.dataset.reason ?? '', field);
  const answer = await confirmed(text, label, danger, title);
  if (answer) target.value = field.value.trim();
  return answer;
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
  beforeSubmit(confirmation);
  document.addEventListener('htmx:confirm', onHtmxConfirm);
  document.addEventListener('click', onClick);
}
