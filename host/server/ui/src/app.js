import { startDialogs } from './dialog.js';
import { startHtmx } from './htmx.js';
import { startKeys } from './keys.js';
import { startLogs } from './log.js';
import { showTimes, startTimes } from './time.js';

/** @param {ParentNode} root */
function enhance(root) {
  showTimes(root);
  startLogs(root);
}

startDialogs();
startKeys();
startTimes();
startHtmx(enhance);
enhance(document);
