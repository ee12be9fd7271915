/** Reads what is in the data of one event. */
export interface DataReader<T> {
  /** @param bytes a part of the data, of any length */
  read(bytes: Buffer): void
  /** @returns undefined for data in which there is nothing to read */
  finish(): T | undefined
}

/** Reads server-sent events from pieces of any length. */
export interface EventReader<T> {
  /** Yields what is in the data of each event that has ended. */
  read(bytes: Buffer): Generator<T, void>
  /** Yields what is in the data of the last event, where only the blank line behind it is missing. */
  finish(): Generator<T, void>
}

const NEWLINE = 0x0a
const COLON = 0x3a
/** Longest name of a field: `event`, `retry`. */
const MAX_NAME_CHARACTERS = 32
const LINE_BREAK = Buffer.from('\n')

/** Position of the reader: in the name of a field, in data, or in a line that is not read. */
type Position = 'name' | 'data' | 'skipped'

/** Creates a reader of events. Only their data is read, as it arrives. */
export function createEventReader<T>(createDataReader: () => DataReader<T>): EventReader<T> {
  let position: Position = 'name'
  let name = ''
  let data: DataReader<T> | undefined

  const readName = (bytes: Buffer, from: number): number => {
    const end = bytes.indexOf(COLON, from)
    name += bytes.toString('latin1', from, end === -1 ? bytes.length : end)
    if (name.length > MAX_NAME_CHARACTERS) position = 'skipped'
    if (end === -1) return bytes.length
    if (position === 'name') position = name === 'data' ? 'data' : 'skipped'
    return end + 1
  }
  const startLine = (): T | undefined => {
    const isBlank = position === 'name' && (name === '' || name === '\r')
    if (position === 'data') data?.read(LINE_BREAK)
    position = 'name'
    name = ''
    if (!isBlank || !data) return undefined
    const finished = data.finish()
    data = undefined
    return finished
  }
  return {
    *read(bytes) {
      for (let from = 0; from < bytes.length; ) {
        const newline = bytes.indexOf(NEWLINE, from)
        const line = bytes.subarray(from, newline === -1 ? bytes.length : newline)
        const at = position === 'name' ? readName(line, 0) : 0
        if (position === 'data') {
          data ??= createDataReader()
          data.read(line.subarray(at))
        }
        if (newline === -1) return
        from = newline + 1
        const finished = startLine()
        if (finished !== undefined) yield finished
      }
    },
    *finish() {
      const finished = data?.finish()
      data = undefined
      if (finished !== undefined) yield finished
    },
  }
}
