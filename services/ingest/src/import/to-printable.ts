const MAX_CHARACTERS = 500
/** Control characters, marks that change the direction of what follows, line separators, and halves of characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/**
 * Returns a text for a terminal. Names of files and keys come from strangers: what would move the cursor, change colours, hide
 * something or begin a line is shown as its code.
 */
export function toPrintable(text: string): string {
  const cut = text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text
  return cut.replace(UNPRINTABLE, character => `\\u{${character.codePointAt(0)?.toString(16)}}`)
}
