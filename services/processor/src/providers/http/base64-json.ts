import type { FailureClass } from '@darkroom/contracts/failures'
import { createEventReader, type DataReader } from './event-reader.ts'
import { createMisbehavedError } from './transport-error.ts'

/** JSON whose long base64 texts were decoded while it arrived. In `body` the number of a file stands where its text was. */
export interface Base64Json {
  body: unknown
  files: Uint8Array[]
}

export interface Base64JsonOptions {
  /** Names of the fields with base64 texts, or with a list of them: `b64_json`. */
  fields: readonly string[]
  /** Most bytes of all files together, decoded. */
  maxFileBytes: number
  /** Class of an answer that is cut off, too long, or no JSON. */
  failure: FailureClass
  /** Most bytes of what is not in these fields; 1,000,000 unless given. */
  maxRestBytes?: number
}

/** Most bytes of what is not base64, unless given. */
const MAX_REST_BYTES = 1_000_000
const QUOTE = 0x22
const BACKSLASH = 0x5c

/**
 * Reads JSON with files in it as it arrives: neither the body nor a base64 text is ever in memory as a whole. It takes at most twice
 * `maxFileBytes`, while the parts of a file are joined, and `maxRestBytes` for the rest; an image of 60 MB was measured to take 175 MB
 * with what was not collected yet.
 *
 * @throws ProviderError `provider_misbehaved` when it is cut off, longer than allowed, or no JSON
 */
export async function readBase64Json(
  chunks: AsyncIterable<Uint8Array>,
  { fields, maxFileBytes, failure, maxRestBytes }: Base64JsonOptions,
): Promise<Base64Json> {
  const reader = createReader(fields, maxFileBytes, maxRestBytes)
  try {
    for await (const chunk of chunks) reader.read(toBuffer(chunk))
    return reader.finish()
  } catch (error) {
    throw toReadError(error, failure)
  }
}

/**
 * Reads server-sent events whose data is JSON with files in it, as they arrive. An event that is longer than allowed, or no JSON, is left
 * out: what comes after it may have been paid for. So is one that is cut off, but not one that lacks only the blank line behind it.
 *
 * @param options `maxFileBytes` is that of one event
 * @throws the error of the source
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export async function* readBase64Events(
  chunks: AsyncIterable<Uint8Array>,
  { fields, maxFileBytes }: Pick<Base64JsonOptions, 'fields' | 'maxFileBytes'>,
): AsyncGenerator<Base64Json, void> {
  const events = createEventReader(() => createTolerantReader(fields, maxFileBytes))
  try {
    for await (const chunk of chunks) yield* events.read(toBuffer(chunk))
  } catch (error) {
    yield* events.finish()
    throw error
  }
  yield* events.finish()
}

/** Creates a reader of JSON that has nothing in it where it cannot be read. */
function createTolerantReader(fields: readonly string[], maxFileBytes: number): DataReader<Base64Json> {
  let reader: ReturnType<typeof createReader> | undefined = createReader(fields, maxFileBytes)
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work()
    } catch (error) {
      if (!isReadError(error)) throw error
      reader = undefined
      return undefined
    }
  }
  return {
    read: bytes => attempt(() => reader?.read(bytes)),
    finish: () => attempt(() => reader?.finish()),
  }
}

/** Errors of the source are its own: only those of the readers mean that the answer makes no sense. */
function toReadError(error: unknown, failure: FailureClass): unknown {
  return isReadError(error) ? createMisbehavedError(failure) : error
}

function isReadError(error: unknown): boolean {
  return error instanceof SyntaxError || error instanceof RangeError
}

function toBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

/** Position of the reader: outside of texts, in one that stays in the rest, or in one that is decoded. */
type Position = 'outside' | 'text' | 'file'

function createReader(fields: readonly string[], maxFileBytes: number, maxRestBytes = MAX_REST_BYTES) {
  const isFile = new RegExp(`"(?:${fields.join('|')})"\\s*:\\s*(?:\\[(?:\\s*\\d+\\s*,)*\\s*)?$`)
  const rest: string[] = []
  const files: Uint8Array[] = []
  let position: Position = 'outside'
  let isEscaped = false
  let restBytes = 0
  let fileBytes = 0
  let tail = ''
  let decoder = createDecoder()
  const appendRest = (text: string) => {
    restBytes += text.length
    if (restBytes > maxRestBytes) throw new RangeError('too long')
    rest.push(text)
    tail = (tail + text).slice(-100)
  }
  const readFile = (bytes: Buffer, from: number): number => {
    const quote = bytes.indexOf(QUOTE, from)
    const end = quote === -1 ? bytes.length : quote
    fileBytes += decoder.push(bytes.toString('latin1', from, end))
    if (fileBytes > maxFileBytes) throw new RangeError('too long')
    if (quote === -1) return end
    appendRest(String(files.push(decoder.finish()) - 1))
    position = 'outside'
    return end + 1
  }
  const readRest = (bytes: Buffer, from: number): number => {
    let end = from
    for (; end < bytes.length; end += 1) {
      const byte = bytes[end]
      if (isEscaped) isEscaped = false
      else if (byte === BACKSLASH && position === 'text') isEscaped = true
      else if (byte === QUOTE && position === 'text') position = 'outside'
      else if (byte === QUOTE) {
        appendRest(bytes.toString('latin1', from, end))
        if (isFile.test(tail)) {
          decoder = createDecoder()
          position = 'file'
          return end + 1
        }
        position = 'text'
        from = end
      }
    }
    appendRest(bytes.toString('latin1', from, end))
    return end
  }
  return {
    read: (bytes: Buffer) => {
      for (let at = 0; at < bytes.length; ) at = position === 'file' ? readFile(bytes, at) : readRest(bytes, at)
    },
    // The rest was read as Latin-1, byte for byte: it may be cut anywhere in a character.
    finish: (): Base64Json => ({ body: JSON.parse(Buffer.from(rest.join(''), 'latin1').toString('utf8')), files }),
  }
}

/** Decodes base64 in pieces of any length. A data URL's beginning is skipped. @throws SyntaxError when it is invalid */
function createDecoder() {
  const parts: Uint8Array[] = []
  let carried = ''
  let isBegun = false
  const decode = (text: string) => {
    const part = Uint8Array.fromBase64(text)
    parts.push(part)
    return part.byteLength
  }
  return {
    push: (piece: string): number => {
      // A slash may be escaped in JSON.
      let text = carried + (piece.includes('\\') ? piece.replaceAll('\\', '') : piece)
      if (!isBegun && text.startsWith('data:')) {
        const comma = text.indexOf(',')
        if (comma === -1) {
          carried = text
          return 0
        }
        text = text.slice(comma + 1)
      }
      isBegun ||= text.length >= 5
      // The last four characters may be the padded ones, which end the text.
      const whole = Math.max(0, Math.floor((text.length - 1) / 4) * 4)
      carried = text.slice(whole)
      return isBegun && whole > 0 ? decode(text.slice(0, whole)) : 0
    },
    finish: (): Uint8Array => {
      decode(carried)
      return Buffer.concat(parts)
    },
  }
}
