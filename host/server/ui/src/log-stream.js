/** @typedef {{ number: number, at: string, step?: string | null, level?: string, text: string }} StreamLine */

/**
 * Reads the lines of a log from the stream that `data-log-stream` names, as long as the element is in the page.
 * @param {HTMLElement} root
 * @param {{ line: (line: StreamLine) => void, state: (state: string) => void }} handlers
 */
export function followStream(root, { line, state }) {
  const source = new EventSource(root.dataset.logStream ?? '');
  let last = -Infinity;
  source.addEventListener('open', () => state('live'));
  source.addEventListener('error', () => {
    if (!root.isConnected) source.close();
    state(source.readyState === EventSource.CLOSED ? 'disconnected' : 'reconnecting');
  });
  // The server sends this event after the last line of a run that has ended.
  source.addEventListener('end', () => {
    source.close();
    state('complete');
  });
  source.addEventListener('message', ({ data }) => {
    if (!root.isConnected) source.close();
    const message = JSON.parse(data);
    // A stream that connects again may repeat lines.
    if (message.number <= last) return;
    last = message.number;
    line(message);
  });
}
