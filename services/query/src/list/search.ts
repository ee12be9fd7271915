/** What somebody looks for: beginnings of words, and phrases that stand there word for word. */
export interface Search {
  prefixes: string[]
  phrases: string[]
}

/**
 * Reads what was typed into the search field: every word counts by its beginning, what is in quotes as it is. A quote that is
 * not closed yet is being typed: its last word counts by its beginning, too.
 *
 * @returns null if there is nothing to look for
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
