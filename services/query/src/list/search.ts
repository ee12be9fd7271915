/** A parsed search: word prefixes, and phrases that must match word for word. */
export interface Search {
  prefixes: string[]
  phrases: string[]
}

/**
 * Parses the text of the search field. Every word is a prefix, quoted text is a phrase. A quote that is not closed is still
 * being typed, so its text is a prefix.
 *
 * @returns null if the text has no words
 */
export function parseSearch(input: string): Search | null {
  const parts = input.split('"')
  const isClosed = parts.length % 2 === 1
  const quoted = parts.filter((_, at) => at % 2 === 1).filter(isNotBlank)
  const unfinished = isClosed ? [] : quoted.splice(isNotBlank(parts.at(-1) ?? '') ? -1 : quoted.length)
  const words = parts.filter((_, at) => at % 2 === 0).flatMap(part => part.split(/\s+/).filter(isNotBlank))
  const search = { prefixes: [...words, ...unfinished], phrases: quoted }
  return search.prefixes.length + search.phrases.length === 0 ? null : search
}

function isNotBlank(part: string): boolean {
  return part.trim() !== ''
}
