import { type ImportRecord, parseRecord, RecordError } from './record.ts'

/** A line of a file, with the record to import or the reason why there is none. */
export type LineEntry = { line: number; record: ImportRecord } | { line: number; error: RecordError }

const NEWLINE = 10
const MAX_LINE_BYTES = 512 * 1024 * 1024

/** Reads the generations of a JSON Lines file, with one line in memory at a time. Empty lines are skipped. */
export async function* readLines(path: string, now: Date): AsyncGenerator<LineEntry> {
  let line = 0
  for await (const bytes of splitLines(Bun.file(path).stream())) {
    line += 1
    const text = new TextDecoder().decode(bytes).trim()
    if (text !== '') yield parseLine(text, line, now)
  }
}

function parseLine(text: string, line: number, now: Date): LineEntry {
  try {
    return { line, record: parseRecord(JSON.parse(text), now) }
  } catch (cause) {
    if (cause instanceof RecordError) return { line, error: cause }
    return { line, error: new RecordError('is not JSON', { cause }) }
  }
}

async function* splitLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  let [pending, bytes]: [Uint8Array[], number] = [[], 0]
  for await (const chunk of stream) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      yield Buffer.concat([...pending, chunk.subarray(start, end)])
      ;[pending, bytes, start] = [[], 0, end + 1]
    }
    const rest = chunk.slice(start)
    bytes += rest.byteLength
    if (bytes > MAX_LINE_BYTES) throw new RecordError(`has a line of more than ${MAX_LINE_BYTES / 1024 ** 2} MB`)
    pending.push(rest)
  }
  if (bytes > 0) yield Buffer.concat(pending)
}
