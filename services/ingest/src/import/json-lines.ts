import { type Imported, RecordError, readRecord } from './record.ts'

/** What a line of a file says, or what is wrong with it. */
export type Read = { line: number; record: Imported } | { line: number; error: RecordError }

const MOST_BYTES = 512 * 1024 * 1024

/** The generations of a JSON Lines file, one line in memory at a time. Empty lines are passed over. */
export async function* readLines(path: string, now: Date): AsyncGenerator<Read> {
  let line = 0
  for await (const bytes of linesOf(Bun.file(path).stream())) {
    line += 1
    const text = new TextDecoder().decode(bytes).trim()
    if (text !== '') yield read(text, line, now)
  }
}

function read(text: string, line: number, now: Date): Read {
  try {
    return { line, record: readRecord(JSON.parse(text), now) }
  } catch (cause) {
    if (cause instanceof RecordError) return { line, error: cause }
    return { line, error: new RecordError('is not JSON', { cause }) }
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  let [pending, bytes]: [Uint8Array[], number] = [[], 0]
  for await (const chunk of stream) {
    let from = 0
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      yield Buffer.concat([...pending, chunk.subarray(from, at)])
      ;[pending, bytes, from] = [[], 0, at + 1]
    }
    const rest = chunk.slice(from)
    bytes += rest.byteLength
    if (bytes > MOST_BYTES) throw new RecordError(`has a line of more than ${MOST_BYTES / 1024 ** 2} MB`)
    pending.push(rest)
  }
  if (bytes > 0) yield Buffer.concat(pending)
}
