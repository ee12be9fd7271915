/** A parsed search: word prefixes, and phrases that must match word for word. */
export interface Search {
  prefixes: string[]
  phrases: string[]
}

/** Quotes as keyboards have them, and as phones and word processors replace them. */
const QUOTES = /["\u201C-\u201F\uFF02]/
/** White space and commas, those of Arabic, Chinese and Japanese too. */
const GAPS = /[\s,\u060C\u3001\uFF0C]+/

/**
 * Parses the text of the search field. Every word is a prefix, quoted text is a phrase. A quote that is not closed is still
 * being typed, so its text is a prefix. What is repeated counts once.
 *
 * @returns null if the text has no words
 */
export function parseSearch(input: string): Search | null {
  const parts = input.split(QUOTES)
  const isClosed = parts.length % 2 === 1
  const quoted = parts.filter((_, at) => at % 2 === 1).filter(isNotBlank)
  const unfinished = isClosed ? [] : quoted.splice(isNotBlank(parts.at(-1) ?? '') ? -1 : quoted.length)
  const words = parts.filter((_, at) => at % 2 === 0).flatMap(part => part.split(GAPS).filter(isNotBlank))
  // Each word takes its time for each row, also one that is repeated.
  const search = { prefixes: [...new Set([...words, ...unfinished])], phrases: [...new Set(quoted)] }
  return search.prefixes.length + search.phrases.length === 0 ? null : search
}

function isNotBlank(part: string): boolean {
  return part.trim() !== ''
}
