/** Description of a part of a form by its headers. */
export interface PartDescription {
  name: string
  /** Whether it is a file: it has a file name, or a type that no text has. */
  isFile: boolean
  encoding: 'base64' | 'none'
}

/** Longest headers of a part, in bytes. */
const MAX_HEAD_BYTES = 16 * 1024
const UNENCODED: readonly string[] = ['', '7bit', '8bit', 'binary']
const FILE_TYPE = /^(?:image|video|audio)\/|^application\/octet-stream\b/i
/** A parameter may be split into several or have its encoding with it. @see https://www.rfc-editor.org/rfc/rfc2231 */
const FILE_NAME = /^filename(?:\*\d*\*?)?$/

/**
 * Reads the headers of a part of a form.
 *
 * @throws Error when they are too long, have a line that is no header, or no name; or when the content has an encoding that is not read
 */
export function describePart(head: Uint8Array): PartDescription {
  if (head.byteLength > MAX_HEAD_BYTES) throw new Error('the headers of a part are too long')
  const headers = parseHeaders(Buffer.from(head).toString('latin1'))
  const parameters = parseParameters(headers.get('content-disposition') ?? '')
  const name = parameters.get('name') ?? decodeExtended(parameters.get('name*'))
  if (name === undefined) throw new Error('a part has no name')
  const encoding = (headers.get('content-transfer-encoding') ?? '').toLowerCase()
  if (encoding !== 'base64' && !UNENCODED.includes(encoding)) throw new Error('a part has an encoding that is not read')
  return {
    name: Buffer.from(name, 'latin1').toString(),
    isFile:
      [...parameters.keys()].some(key => FILE_NAME.test(key)) || FILE_TYPE.test(headers.get('content-type') ?? ''),
    encoding: encoding === 'base64' ? 'base64' : 'none',
  }
}

/** Parses headers, of which one may go on in lines that begin with a blank. */
function parseHeaders(text: string): Map<string, string> {
  const lines = text.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)
  return new Map(lines.filter(line => line !== '').map(parseHeader))
}

function parseHeader(line: string): [string, string] {
  const colon = line.indexOf(':')
  const name = line.slice(0, colon).trim().toLowerCase()
  if (colon < 1 || !/^[!#$%&'*+.^_`|~\w-]+$/.test(name)) throw new Error('a part has a line that is no header')
  return [name, line.slice(colon + 1).trim()]
}

/** Parses what follows the first semicolon of a header: names and values, by name in lower case. */
function parseParameters(text: string): Map<string, string> {
  const parameters = new Map<string, string>()
  let at = text.indexOf(';')
  while (at >= 0 && at < text.length) {
    const equals = text.indexOf('=', at)
    if (equals < 0) break
    const name = text
      .slice(at + 1, equals)
      .trim()
      .toLowerCase()
    const { value, end } = readValue(text, equals + 1)
    parameters.set(name, value)
    at = text.indexOf(';', end)
  }
  return parameters
}

function readValue(text: string, from: number): { value: string; end: number } {
  const start = from + (/^[ \t]*/.exec(text.slice(from))?.[0].length ?? 0)
  if (text[start] === '"') return readQuoted(text, start + 1)
  const semicolon = text.indexOf(';', start)
  const end = semicolon < 0 ? text.length : semicolon
  return { value: text.slice(start, end).trim(), end }
}

/** Reads a value in quotes. Clients put quotes into it that they do not escape: it ends with the one before a semicolon, or at the end. */
function readQuoted(text: string, start: number): { value: string; end: number } {
  let value = ''
  for (let at = start; at < text.length; at++) {
    const [character = '', next = ''] = [text[at], text[at + 1]]
    if (character === '"' && /^[ \t]*(?:;|$)/.test(text.slice(at + 1))) return { value, end: at + 1 }
    const isEscape = character === '\\' && next === '"' && at + 2 < text.length
    value += isEscape ? next : character
    if (isEscape) at++
  }
  return { value, end: text.length }
}

/** Decodes a value with its encoding, as `UTF-8''na%C3%AFve`, to the bytes that it stands for. @see https://www.rfc-editor.org/rfc/rfc8187 */
function decodeExtended(value: string | undefined): string | undefined {
  return value
    ?.replace(/^[\w-]*'[\w-]*'/, '')
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
