/**
 * What is pasted of a text: its control characters other than tabs and line ends are shown as their pictures (U+2400 and on), as other
 * terminals do. A text that was copied from a page may hold some that nobody sees: they would end the bracket that keeps
 * pasted lines waiting for Enter, and be keys such as Ctrl-C.
 */
export function pastedText(text: string): string {
  return text.replace(/[^\P{Cc}\t\n\r]/gu, (control) => {
    const code = control.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : "\ufffd";
  });
}
