/** Says whether the text can only be an image's ID. */
export function isImageId(text: string): boolean {
  return /^(sha256:)?[a-f0-9]{64}$/.test(text);
}
