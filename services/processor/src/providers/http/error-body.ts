import { withDeadline } from '@darkroom/infra/runtime/timers'
import { redact } from './http-client.ts'

/** Longest part of an error's body that is read, in bytes. */
const MAX_ERROR_BYTES = 65_536
/** Longer than a network or a machine stands still, and short beside the job that waits. */
const ERROR_BODY_MS = 10_000

/**
 * Reads the body of an error: its beginning, for ten seconds at most, and without the secrets. The rest is cancelled. Never throws.
 *
 * @returns the parsed JSON, a text that is none, or undefined where nothing could be read
 */
export async function readErrorBody(
  response: Response,
  secrets: readonly string[],
  milliseconds = ERROR_BODY_MS,
): Promise<unknown> {
  const reader = response.body?.getReader()
  if (!reader) return undefined
  const chunks: Uint8Array[] = []
  await withDeadline(readBeginning(reader, chunks), {
    milliseconds,
    operation: 'reading an error',
  }).catch(() => undefined)
  void reader.cancel().catch(() => undefined)
  const bytes = Buffer.concat(chunks).subarray(0, MAX_ERROR_BYTES)
  return parseBody(new TextDecoder().decode(bytes), secrets)
}

async function readBeginning(reader: { read(): Promise<{ value?: Uint8Array | undefined }> }, chunks: Uint8Array[]) {
  for (let length = 0; length < MAX_ERROR_BYTES; ) {
    const { value } = await reader.read()
    if (value === undefined) return
    chunks.push(value)
    length += value.byteLength
  }
}

function parseBody(text: string, secrets: readonly string[]): unknown {
  try {
    // Texts are looked through once they are parsed: JSON may write a character in several ways.
    return JSON.parse(text, (_, value) => (typeof value === 'string' ? redact(value, secrets) : value))
  } catch {
    return text.trim() === '' ? undefined : redact(text, secrets)
  }
}
