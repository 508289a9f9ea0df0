import { startCopies } from './copy.js';
import { showResult, startChoices } from './choose.js';
import { startDialogs } from './dialog.js';
import { forgetSaved } from './draft.js';
import { startHtmx } from './htmx.js';
import { startKeys } from './keys.js';
import { startLogs } from './log.js';
import { startSession } from './session.js';
import { showTimes, startTimes } from './time.js';
import { startUploads } from './upload.js';

/** @param {ParentNode} root */
function enhance(root) {
  showTimes(root);
  startLogs(root);
}

startCopies();
startChoices();
startDialogs();
startKeys();
startSession();
startTimes();
startUploads();
startHtmx(enhance);
enhance(document);
forgetSaved();
showResult();
