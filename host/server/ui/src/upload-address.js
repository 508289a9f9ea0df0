/**
 * Returns the address of an upload: that of the form, with its checked boxes as the query.
 * @param {string} action
 * @param {Iterable<[string, unknown]>} fields
 */
export function uploadAddress(action, fields) {
  const texts = [...fields].filter(([, value]) => typeof value === 'string');
  const query = new URLSearchParams(/** @type {[string, string][]} */ (texts)).toString();
  return query ? `${action}?${query}` : action;
}
