/** Parses a text as JSON; undefined where it is none. A parser's own error would show parts of the text. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
