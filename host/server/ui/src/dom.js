/**
 * Makes an element. Children that are strings become text, never markup.
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * Makes a button that does not submit a form.
 * @param {string} text
 * @param {() => void} action
 * @param {string} [kind]
 */
export function button(text, action, kind = 'button') {
  const element = el('button', { type: 'button', class: kind }, text);
  element.addEventListener('click', action);
  return element;
}

/**
 * Puts a label before a field.
 * @param {string} label
 * @param {HTMLElement} field
 */
export const labelled = (label, field) => el('label', { class: 'field-inline' }, el('span', {}, label), field);

let ids = 0;

/**
 * Shows a modal dialog, and removes it from the page after it closes.
 * @param {string} title
 * @param {Node[]} content
 * @returns {HTMLDialogElement}
 */
export function show(title, content) {
  const id = `dialog-title-${(ids += 1)}`;
  const heading = el('h2', { id }, title);
  const dialog = /** @type {HTMLDialogElement} */ (
    el('dialog', { class: 'dialog', 'aria-labelledby': id }, heading, ...content)
  );
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/**
 * Reads a setting of this browser. Returns null where the browser denies storage.
 * @param {string} name
 */
export function setting(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/**
 * Stores a setting of this browser, or removes it when the value is null.
 * @param {string} name
 * @param {string | null} value
 */
export function store(name, value) {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // The setting then holds for this page only.
  }
}
