/** The time for which a button says that it has copied, in milliseconds. */
const SHOWN = 2_000;

/** @param {MouseEvent} event */
async function onClick(event) {
  const target = event.target instanceof Element ? event.target.closest('[data-copy]') : null;
  if (!(target instanceof HTMLElement)) return;
  const label = target.textContent;
  const text = target.dataset.copy || location.href;
  try {
    await navigator.clipboard.writeText(text);
    target.textContent = 'Copied';
  } catch {
    // Browsers have no clipboard for pages without TLS.
    target.textContent = target.dataset.copy ? 'Select and copy the text' : 'Copy the address of this page';
  }
  setTimeout(() => (target.textContent = label), SHOWN);
}

/** Buttons with `data-copy="TEXT"` copy the text, and those with an empty one the address of the page. */
export function startCopies() {
  document.addEventListener('click', onClick);
}
