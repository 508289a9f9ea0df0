// A bundle of its own, which the head of a page loads before anything is painted.
import { setting, store } from './dom.js';

const NAME = 'stepwell-theme';
const THEMES = ['system', 'light', 'dark'];

/**
 * Returns the theme after another one.
 * @param {string} theme
 */
export function following(theme) {
  return THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
}

function current() {
  const theme = setting(NAME) ?? 'system';
  return THEMES.includes(theme) ? theme : 'system';
}

/** @param {string} theme */
function apply(theme) {
  const { dataset } = document.documentElement;
  if (theme === 'system') delete dataset.theme;
  else dataset.theme = theme;
  for (const toggle of document.querySelectorAll('[data-theme-toggle]')) {
    toggle.textContent = `Theme: ${theme}`;
  }
}

/** Applies the stored theme. Buttons with `data-theme-toggle` change it. */
export function startTheme() {
  apply(current());
  document.addEventListener('DOMContentLoaded', () => apply(current()));
  addEventListener('storage', ({ key }) => key === NAME && apply(current()));
  document.addEventListener('click', ({ target }) => {
    if (!(target instanceof Element && target.closest('[data-theme-toggle]'))) return;
    const theme = following(document.documentElement.dataset.theme ?? 'system');
    store(NAME, theme === 'system' ? null : theme);
    apply(theme);
  });
}

if (typeof document !== 'undefined') startTheme();
