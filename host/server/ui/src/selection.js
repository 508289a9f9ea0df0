import { EditorView } from '@codemirror/view';

/**
 * Replaces or deletes a selection in the state of the editor. A browser that does so in the page keeps the look of
 * the selected text in `style` attributes, which the policy refuses. Compositions stay with the browser, which adds
 * no style to their text.
 */
export const replaceSelection = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { inputType, data, isComposing } = event;
    if (inputType.startsWith('format')) return true;
    const { selection, readOnly } = view.state;
    if (isComposing || view.composing || readOnly || selection.ranges.every((range) => range.empty)) return false;
    const deletes = inputType.startsWith('delete') && inputType !== 'deleteCompositionText';
    if (!deletes && !(inputType === 'insertText' && data)) return false;
    const text = view.state.toText(deletes ? '' : (data ?? ''));
    const userEvent = deletes ? 'delete.selection' : 'input.type';
    view.dispatch(view.state.replaceSelection(text), { userEvent, scrollIntoView: true });
    return true;
  },
});
