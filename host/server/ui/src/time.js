/** The units of relative times: seconds, and the name of the unit. */
const UNITS = /** @type {const} */ ([
  [86_400 * 365, 'y'],
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
]);

/**
 * Returns the distance between two times in words, such as `3 min ago` and `in 2 h`.
 * @param {number} time milliseconds since 1970
 * @param {number} now milliseconds since 1970
 */
export function relative(time, now) {
  const seconds = Math.round(Math.abs(now - time) / 1000);
  if (seconds < 10) return 'just now';
  const [size, unit] = UNITS.find(([size]) => seconds >= size) ?? [1, 's'];
  const amount = `${Math.floor(seconds / size)} ${unit}`;
  return time > now ? `in ${amount}` : `${amount} ago`;
}

/**
 * Returns the date and time with the zone, such as `2026-03-29 08:15:00 GMT+1`.
 * @param {number} time milliseconds since 1970
 * @param {string} [zone] an IANA zone; without it, the zone of the browser
 */
export function absolute(time, zone) {
  const format = (/** @type {string | undefined} */ timeZone) =>
    new Intl.DateTimeFormat('en-GB', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      timeZoneName: 'short',
    });
  let formatter;
  try {
    formatter = format(zone);
  } catch {
    formatter = format(undefined);
  }
  const part = Object.fromEntries(formatter.formatToParts(time).map(({ type, value }) => [type, value]));
  return `${part.year}-${part.month}-${part.day} ${part.hour}:${part.minute}:${part.second} ${part.timeZoneName}`;
}

/**
 * Writes the texts of the relative times below an element.
 * @param {ParentNode} root
 */
export function showTimes(root) {
  const now = Date.now();
  for (const element of root.querySelectorAll('time[data-relative][datetime]')) {
    const time = Date.parse(element.getAttribute('datetime') ?? '');
    if (Number.isNaN(time)) continue;
    const text = relative(time, now);
    if (element.textContent !== text) element.textContent = text;
    if (!element.hasAttribute('title')) {
      element.setAttribute('title', absolute(time, element.getAttribute('data-zone') ?? undefined));
    }
  }
}

/** Updates the relative times of the page every 20 seconds. */
export function startTimes() {
  setInterval(() => showTimes(document), 20_000);
  document.addEventListener('visibilitychange', () => document.hidden || showTimes(document));
}
