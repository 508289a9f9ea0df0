import { send } from './session.js';
import { uploadAddress } from './upload-address.js';

/** @param {HTMLFormElement} form */
async function upload(form) {
  const file = form.querySelector('input[type="file"]');
  const chosen = file instanceof HTMLInputElement ? file.files?.[0] : undefined;
  const result = form.querySelector('[data-upload-result]');
  const button = form.querySelector('button[type="submit"]');
  if (!chosen || !result || !(button instanceof HTMLButtonElement)) return;
  button.disabled = true;
  result.textContent = `Sending ${chosen.name} …`;
  try {
    const headers = { 'content-type': form.dataset.upload ?? '', accept: 'application/json' };
    const address = uploadAddress(form.action, new FormData(form));
    const response = await send(address, { method: 'POST', headers, body: chosen });
    const answer = await response.json();
    result.textContent = answer.text ?? answer.problem ?? `The server answered ${response.status}.`;
    if (response.ok && typeof answer.next === 'string') location.assign(answer.next);
  } catch (error) {
    result.textContent = `The file was not sent: ${error}`;
  } finally {
    button.disabled = false;
  }
}

/** @param {SubmitEvent} event */
function onSubmit(event) {
  const form = event.target instanceof HTMLFormElement ? event.target : null;
  if (!form?.dataset.upload) return;
  event.preventDefault();
  void upload(form);
}

/** Sends the file of `<form data-upload="MEDIA TYPE">` as the body of a request, and shows the answer. */
export function startUploads() {
  document.addEventListener('submit', onSubmit);
}
