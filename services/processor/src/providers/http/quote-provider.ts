const MAX_QUOTE_CHARACTERS = 300
/** Text that is for programs: HTML, JSON. */
const MARKUP = /^\s*[<{[]/
const URLS = /\b[a-z][a-z0-9+.-]*:\/\/\S+|\bdata:\S+|\bwww\.\S+|\b(?:[a-z0-9-]+\.)+[a-z]{2,}(?:\/\S*|\b)/gi
/** Whatever may be a key, an identifier, or encoded bytes. */
const KEY_LIKE = /[\w+/=.~-]*(?:[\w-]{20,}|[\w+/=.~-]{32,})[\w+/=.~-]*|\b(?:sk|pk|key)[-_][\w-]{6,}|\bBearer \S+/g
const CONTROLS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu

/**
 * Returns a provider's own words as a sentence for users, marked as theirs: `It says: “…”`. URLs and whatever looks like a key are
 * left out. Undefined where nothing is left that a user could read.
 *
 * @param text of a response, which may be anything
 */
export function quoteProvider(text: unknown): string | undefined {
  if (typeof text !== 'string' || MARKUP.test(text)) return undefined
  // Cut first: the patterns read no more than what can be shown.
  const line = text
    .slice(0, MAX_QUOTE_CHARACTERS * 4)
    .replace(CONTROLS, ' ')
    .trim()
  const safe = line
    .replace(URLS, '…')
    .replace(KEY_LIKE, '…')
    .replace(/["“”„]/g, "'")
  // Half a character, of the text or of a cut, is one that no database takes.
  const words = shorten(safe).toWellFormed()
  return /\p{L}{2}/u.test(words) ? `It says: “${words}”` : undefined
}

/** Returns a message, followed by the provider's own words. */
export function withQuote(message: string, text: unknown): string {
  const quote = quoteProvider(text)
  return quote === undefined ? message : `${message} ${quote}`
}

function shorten(text: string): string {
  return text.length <= MAX_QUOTE_CHARACTERS ? text : `${text.slice(0, MAX_QUOTE_CHARACTERS - 1).trimEnd()}…`
}
