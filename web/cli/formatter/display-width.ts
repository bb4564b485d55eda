/** Characters that take two columns: East Asian wide and full-width ones (Unicode Standard Annex 11), and emoji. */
const wide =
  /[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\u3247\u3250-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{1b2ff}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]|(?![\u{1f1e6}-\u{1f1ff}])\p{Emoji_Presentation}/u;

function characterWidth(character: string): number {
  return wide.test(character) ? 2 : 1;
}

/** Columns that a terminal gives the text. */
export function displayWidth(text: string): number {
  return [...text].reduce((sum, character) => sum + characterWidth(character), 0);
}

/** Cuts text to `width` columns, the last of which shows that something is missing. */
export function ellipsis(text: string, width: number): string {
  if (width <= 0) return "";
  const characters = [...text];
  if (width === 1) return characters[0] ?? "";
  if (displayWidth(text) <= width) return text;
  let kept = "";
  let columns = 0;
  for (const character of characters) {
    columns += characterWidth(character);
    if (columns > width - 1) break;
    kept += character;
  }
  return `${kept}…`;
}
