import { el } from './dom.js';
import { beforeSubmit } from './submit.js';

/** @param {Event} event */
function onChange(event) {
  const all = event.target instanceof HTMLInputElement ? event.target : null;
  const name = all?.dataset.checkAll;
  if (!all || !name) return;
  const boxes = all.form?.querySelectorAll(`input[type="checkbox"][name="${CSS.escape(name)}"]`) ?? [];
  /** @type {NodeListOf<HTMLInputElement>} */ (boxes).forEach((box) => (box.checked = all.checked));
}

/** The notice of a form in which nothing is chosen. */
const NOTICE = 'form-notice';

/**
 * Keeps a form in the page whose checkboxes of the name in `data-needs` are all empty, and says so.
 * @type {import('./submit.js').Check}
 */
function hasChosen(form) {
  const { needs, needsText } = form.dataset;
  document.getElementById(NOTICE)?.remove();
  if (!needs || form.querySelector(`input[type="checkbox"][name="${CSS.escape(needs)}"]:checked`)) return null;
  const notice = el('div', { id: NOTICE, class: 'alert', 'data-kind': 'error', role: 'alert' }, needsText ?? '');
  form.append(notice);
  notice.scrollIntoView({ block: 'nearest' });
  return Promise.resolve(false);
}

/** Shows the result of a change, which is at the top of the page, also when the browser has scrolled away from it. */
export function showResult() {
  document.querySelector('[data-flash]')?.scrollIntoView({ block: 'nearest' });
}

/** Lets `<input type="checkbox" data-check-all="NAME">` check all checkboxes of that name in its form. */
export function startChoices() {
  document.addEventListener('change', onChange);
  beforeSubmit(hasChosen);
}
