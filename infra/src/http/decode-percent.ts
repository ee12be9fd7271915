/** Decodes the percent-encoded characters of a text, as in an address; a text that is not encoded well stays as it is. */
export function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
