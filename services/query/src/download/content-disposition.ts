/**
 * Returns the header by which a browser saves a response as a file of this name.
 *
 * @param fallback name for clients that know only ASCII
 * @see https://www.rfc-editor.org/rfc/rfc6266#section-4.3
 */
export function formatAttachment(name: string, fallback: string): string {
  const isAscii = /^[\x20-\x7e]*$/.test(name)
  const ascii = (isAscii ? name : fallback).replace(/[^\x20-\x7e]|["\\%]/g, '_')
  return `attachment; filename="${ascii}"${isAscii ? '' : `; filename*=UTF-8''${encodeExtendedValue(name)}`}`
}

/** Percent-encodes all but the characters that may stand in an extended value. @see https://www.rfc-editor.org/rfc/rfc8187#section-3.2.1 */
function encodeExtendedValue(text: string): string {
  return encodeURIComponent(text).replace(
    /['()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
