// htmx with server-sent events, without evaluation of code from attributes, for a page whose
// Content-Security-Policy is `script-src 'self'; style-src 'self'`.
import htmx from 'htmx.org/dist/htmx.esm.js';
import 'htmx.org/dist/ext/hx-sse.js';
import { csrfToken } from './session.js';

/** Takes the place of `Function` in htmx. */
function Refused() {
  throw new Error('this page evaluates no code from attributes');
}

/** HTML passes, since the server escapes it. Scripts in swapped content become empty. */
function trustedTypesPolicy() {
  const rules = { createHTML: (/** @type {string} */ html) => html, createScript: () => '' };
  try {
    return /** @type {any} */ (globalThis).trustedTypes?.createPolicy('stepwell', rules) ?? rules;
  } catch {
    return rules;
  }
}

/**
 * Starts htmx. `enhance` runs for the page and for each piece of content that htmx inserts.
 * @param {(root: ParentNode) => void} enhance
 */
export function startHtmx(enhance) {
  // app.css has the rules for indicators.
  const { indicatorStyleSheet } = htmx;
  htmx.config.includeIndicatorCSS = false;
  // The user opens and closes details, also in content that renews itself.
  htmx.config.morphIgnore = [...htmx.config.morphIgnore, 'open'];
  document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== indicatorStyleSheet);
  // The page of an error does not replace a part of a page. A part that says why it refuses a change (422) does.
  const refused = Array.from({ length: 100 }, (_, n) => 400 + n).filter((status) => status !== 422);
  htmx.config.noSwap = [...htmx.config.noSwap, ...refused, '5xx'];
  htmx.registerExtension('stepwell', {
    init: (/** @type {any} */ api) => api.initSecurity(trustedTypesPolicy(), Refused, Refused),
    htmx_before_on_init: () => false,
    htmx_config_request: (/** @type {Element} */ _element, /** @type {any} */ { ctx }) => {
      if (ctx.request.method !== 'GET') ctx.request.headers['x-csrf-token'] = csrfToken();
    },
    htmx_after_process: enhance,
  });
}
