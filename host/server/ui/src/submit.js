// The checks before a form is sent. Each may keep the form in the page.

/**
 * @typedef {(form: HTMLFormElement, submitter: HTMLButtonElement | null) => Promise<boolean> | null} Check
 * A check returns null when it has nothing to ask, and otherwise whether the form may be sent.
 */

/** @type {Check[]} */
const checks = [];
/** The forms whose next submission has passed all checks, and the forms that are being checked. */
const passed = new WeakSet();
const checked = new WeakSet();

/** @param {Check} check */
export function beforeSubmit(check) {
  if (checks.length === 0) document.addEventListener('submit', onSubmit, true);
  checks.push(check);
}

/** @param {SubmitEvent} event */
async function onSubmit(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const submitter = /** @type {HTMLButtonElement | null} */ (event.submitter);
  if (passed.delete(form)) return;
  if (checked.has(form)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  let held = false;
  for (const check of checks) {
    const asked = check(form, submitter);
    if (asked === null) continue;
    if (!held) {
      held = true;
      checked.add(form);
      event.preventDefault();
      event.stopImmediatePropagation();
    }
    if (!(await asked)) {
      checked.delete(form);
      return;
    }
  }
  if (!held) return;
  checked.delete(form);
  passed.add(form);
  form.requestSubmit(submitter);
  // A form that is invalid is not submitted; its next submission is checked again.
  passed.delete(form);
}
