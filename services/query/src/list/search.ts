/** What somebody looks for: beginnings of words, and phrases that stand there word for word. */
export interface Search {
  beginnings: string[]
  phrases: string[]
}

/**
 * Reads what was typed into the search field: every word counts by its beginning, what is in quotes as it is. A quote that is
 * not closed yet is being typed: its last word counts by its beginning, too.
 *
 * @returns null if there is nothing to look for
 */
export function readSearch(typed: string): Search | null {
  const parts = typed.split('"')
  const closed = parts.length % 2 === 1
  const quoted = parts.filter((_, at) => at % 2 === 1).filter(isSaid)
  const unfinished = closed ? [] : quoted.splice(isSaid(parts.at(-1) ?? '') ? -1 : quoted.length)
  const words = parts.filter((_, at) => at % 2 === 0).flatMap(part => part.split(/\s+/).filter(isSaid))
  const search = { beginnings: [...words, ...unfinished], phrases: quoted }
  return search.beginnings.length + search.phrases.length === 0 ? null : search
}

function isSaid(part: string): boolean {
  return part.trim() !== ''
}
