// The session of the person, which may end while a page is open. What a person has written stays in the page.
import { el } from './dom.js';
import { beforeSubmit } from './submit.js';

const ADDRESS = '/ui/session';
const NOTICE = 'session-notice';

/** The token that the server expects in every request that changes something. */
export function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]')?.getAttribute('content') ?? '';
}

/** Gives the page a token of the present session. @param {string} token */
function takeToken(token) {
  document.querySelector('meta[name="csrf-token"]')?.setAttribute('content', token);
  const fields = document.querySelectorAll('input[type="hidden"][name="csrf"]');
  /** @type {NodeListOf<HTMLInputElement>} */ (fields).forEach((field) => (field.value = token));
}

/** Shows a notice above the content of the page. @param {...(Node | string)} content */
function notify(...content) {
  const text = el('p', {}, ...content);
  const notice = document.getElementById(NOTICE);
  if (notice?.textContent === text.textContent) return;
  notice?.remove();
  const shown = el('div', { id: NOTICE, class: 'alert notice', 'data-kind': 'warning', role: 'alert' }, text);
  (document.querySelector('main') ?? document.body).prepend(shown);
}

function tellEnded() {
  const login = el('a', { href: '/ui/login', target: '_blank', rel: 'noopener' }, 'Log in in a new tab');
  notify(el('strong', {}, 'Your session has ended.'), ' ', login, ', and continue here. This page keeps what you have written.');
}

/** Removes the notice, and lets the parts of the page repeat what failed. */
function tellAlive() {
  const notice = document.getElementById(NOTICE);
  if (!notice) return;
  notice.remove();
  document.dispatchEvent(new Event('stepwell:session'));
}

/**
 * Asks the server whether the session continues, and takes over its token. Otherwise shows a notice.
 * @returns {Promise<boolean>}
 */
export async function checkSession() {
  try {
    const headers = { accept: 'application/json', 'hx-request': 'true' };
    const response = await fetch(ADDRESS, { mode: 'same-origin', cache: 'no-store', headers });
    if (response.status === 401) {
      tellEnded();
      return false;
    }
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const { csrf } = await response.json();
    takeToken(csrf);
    tellAlive();
    return true;
  } catch {
    notify(el('strong', {}, 'The server does not answer.'), ' This page keeps what you have written. Try again.');
    return false;
  }
}

/**
 * Sends a change with the token of the session. When the page has the token of an earlier session, it takes over the
 * present one and sends the change once more.
 * @param {string} url
 * @param {RequestInit & { headers: Record<string, string> }} init
 */
export async function send(url, init) {
  const once = () => fetch(url, { ...init, mode: 'same-origin', headers: { ...init.headers, 'x-csrf-token': csrfToken() } });
  const response = await once();
  const isRefused = response.status === 401 || response.status === 403;
  return isRefused && (await checkSession()) ? once() : response;
}

/** The elements whose changes the server has refused because of the session. */
const lost = /** @type {Set<Element>} */ (new Set());

/** Keeps the page when the server refuses a request of htmx. @param {any} event */
function onHtmxResponse(event) {
  const { ctx } = event.detail;
  if (ctx.response.status !== 401 && ctx.response.status !== 403) return;
  event.preventDefault();
  if (ctx.request.method !== 'GET') lost.add(ctx.sourceElement);
  void checkSession();
}

/** Repeats the changes that were lost. */
function repeat() {
  const all = [...lost].filter((element) => element.isConnected);
  lost.clear();
  for (const element of all) {
    if (element instanceof HTMLButtonElement) element.click();
    else element.dispatchEvent(new Event('change', { bubbles: true }));
  }
}

/** A form that changes something needs a session. Scripts send those with `data-upload` themselves. @type {import('./submit.js').Check} */
const ofSession = (form) => (form.method === 'post' && !form.dataset.upload && csrfToken() ? checkSession() : null);

/** The time since which the server has not answered. @type {string | null} */
let silentSince = null;

/** Shows that the parts of a page that renew themselves do not. */
function onSilence() {
  silentSince ??= new Date().toLocaleTimeString();
  notify(el('strong', {}, 'The server does not answer.'), ` This page shows its state at ${silentSince}, and tries again.`);
}

/** Removes the notice when the server answers again. */
function onAnswer() {
  if (silentSince === null) return;
  silentSince = null;
  tellAlive();
}

/** Shows when the session ends, or the server does not answer, and continues when the person is logged in again. */
export function startSession() {
  const again = () => document.getElementById(NOTICE) && void checkSession();
  document.addEventListener('visibilitychange', () => document.hidden || again());
  window.addEventListener('focus', again);
  document.addEventListener('htmx:before:response', onAnswer);
  document.addEventListener('htmx:before:response', onHtmxResponse);
  document.addEventListener('htmx:error', onSilence);
  beforeSubmit(ofSession);
  document.addEventListener('stepwell:session', repeat);
}
