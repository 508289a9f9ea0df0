/**
 * The characters that a terminal or a browser obeys instead of showing them: controls except the tab, characters that
 * reorder text, and characters without a width. The server has the same list.
 */
export const HIDDEN =
  /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/**
 * Returns the symbol that stands for a hidden character.
 * @param {number} code
 */
export function symbolOf(code) {
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return '\u2421';
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}
