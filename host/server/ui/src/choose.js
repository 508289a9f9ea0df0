/** @param {Event} event */
function onChange(event) {
  const all = event.target instanceof HTMLInputElement ? event.target : null;
  const name = all?.dataset.checkAll;
  if (!all || !name) return;
  const boxes = all.form?.querySelectorAll(`input[type="checkbox"][name="${CSS.escape(name)}"]`) ?? [];
  /** @type {NodeListOf<HTMLInputElement>} */ (boxes).forEach((box) => (box.checked = all.checked));
}

/** Lets `<input type="checkbox" data-check-all="NAME">` check all checkboxes of that name in its form. */
export function startChoices() {
  document.addEventListener('change', onChange);
}
