/** A line of a document, or an item of the list that it is. */
export interface DocumentPart {
  /** `line 7` or `item 7`, from 1. */
  name: string
  /** Undefined if there are too many. */
  bytes: Uint8Array | undefined
}

/** Mark at the beginning of UTF-8 that some programs write. */
export const BOM = Buffer.from([0xef, 0xbb, 0xbf])
const [NEWLINE, RETURN, SPACE, TAB] = [0x0a, 0x0d, 0x20, 0x09]
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d]
const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c]

/** Splits a document into its lines; one that begins with `[` into the items of that list, and what follows it into lines. */
export async function* splitDocument(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<DocumentPart> {
  const splitter = new DocumentSplitter(maxBytes)
  for await (const chunk of chunks) yield* splitter.split(chunk)
  yield* splitter.end()
}

class DocumentSplitter {
  private pending: PartBuffer
  /** `bracket`: nothing but an opening bracket was read. */
  private mode: 'start' | 'bracket' | 'lines' | 'list' = 'start'
  private line = 1
  private item = 1
  /** The byte that ends a line: of a file whose first chunk has no other, it is that of old Macs. */
  private lineEnd: number | undefined
  /** Open brackets within an item, whether its end is in a string, after a backslash there, and whether an object has ended it. */
  private state = { depth: 0, inString: false, isEscaped: false, isAtEnd: false }
  private readonly maxBytes: number

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
    this.pending = new PartBuffer(maxBytes)
  }

  *split(chunk: Uint8Array): Generator<DocumentPart> {
    this.lineEnd ??= findLineEnd(chunk)
    let at = this.mode === 'start' || this.mode === 'bracket' ? this.begin(chunk) : 0
    while (at < chunk.length) at = yield* this.mode === 'list' ? this.splitList(chunk, at) : this.splitLine(chunk, at)
  }

  /** Skips blanks and finds out what the document is: a list begins with `[` and an object, or ends at once. */
  private begin(chunk: Uint8Array): number {
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at]
      if (byte === this.lineEnd) this.line += 1
      if (isBlankByte(byte)) continue
      if (this.mode === 'start' && byte === OPEN_ARRAY) this.mode = 'bracket'
      else {
        const isList = this.mode === 'bracket' && (byte === OPEN_OBJECT || byte === CLOSE_ARRAY)
        if (this.mode === 'bracket' && !isList) this.pending.add(Uint8Array.of(OPEN_ARRAY))
        this.mode = isList ? 'list' : 'lines'
        return at
      }
    }
    return chunk.length
  }

  /** Yields what is left at the end of the document. */
  *end(): Generator<DocumentPart> {
    if (this.pending.isBlank()) return
    yield { name: this.mode === 'list' ? `item ${this.item}` : `line ${this.line}`, bytes: this.pending.join() }
  }

  /** Adds the bytes until the end of a line. @returns the position after them */
  private *splitLine(chunk: Uint8Array, start: number): Generator<DocumentPart, number> {
    const end = chunk.indexOf(this.lineEnd ?? NEWLINE, start)
    this.pending.add(chunk.subarray(start, end < 0 ? chunk.length : end))
    if (end < 0) return chunk.length
    if (!this.pending.isBlank()) yield { name: `line ${this.line}`, bytes: this.pending.join() }
    this.line += 1
    this.pending = new PartBuffer(this.maxBytes)
    return end + 1
  }

  /** Adds the bytes until the end of an item. @returns the position after it, and after what separates it from the next */
  private *splitList(chunk: Uint8Array, start: number): Generator<DocumentPart, number> {
    const end = this.findItemEnd(chunk, start)
    this.pending.add(chunk.subarray(start, end))
    if (end === chunk.length && !this.state.isAtEnd) return end
    if (!this.pending.isBlank()) {
      yield { name: `item ${this.item}`, bytes: this.pending.join() }
      this.item += 1
    }
    this.pending = new PartBuffer(this.maxBytes)
    if (this.state.isAtEnd) return end
    if (chunk[end] === CLOSE_ARRAY) this.mode = 'lines'
    return end + 1
  }

  /** Returns the position after an item: that of the comma or the bracket, or that after an object; the end of the chunk if it goes on. */
  private findItemEnd(chunk: Uint8Array, start: number): number {
    const { state } = this
    state.isAtEnd = false
    for (let at = start; at < chunk.length; at += 1) {
      const byte = chunk[at]
      if (byte === this.lineEnd) this.line += 1
      if (state.inString) {
        if (state.isEscaped) state.isEscaped = false
        else if (byte === BACKSLASH) state.isEscaped = true
        else if (byte === QUOTE) state.inString = false
      } else if (byte === QUOTE) state.inString = true
      else if (state.depth === 0 && (byte === COMMA || byte === CLOSE_ARRAY)) return at
      else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) state.depth += 1
      else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
        state.depth = Math.max(0, state.depth - 1)
        state.isAtEnd = state.depth === 0
        if (state.isAtEnd) return at + 1
      }
    }
    return chunk.length
  }
}

/** Returns the byte that ends the lines of a document. After the last return of a chunk the next may begin with a line feed. */
function findLineEnd(chunk: Uint8Array): number {
  const firstReturn = chunk.indexOf(RETURN)
  const isOld = firstReturn >= 0 && firstReturn < chunk.length - 1 && !chunk.includes(NEWLINE)
  return isOld ? RETURN : NEWLINE
}

/** Copies of the pieces of a part, which are dropped once there are too many bytes. */
class PartBuffer {
  private bytes = 0
  private pieces: Uint8Array[] = []
  private hasText = false
  private readonly maxBytes: number

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  add(piece: Uint8Array): void {
    if (piece.byteLength === 0) return
    this.bytes += piece.byteLength
    this.hasText ||= !piece.every(isBlankByte)
    if (this.bytes <= this.maxBytes) this.pieces.push(piece.slice())
    else this.pieces = []
  }

  isBlank(): boolean {
    return !this.hasText
  }

  /** Returns the part; undefined if it is too long. */
  join(): Uint8Array | undefined {
    if (this.bytes > this.maxBytes) return undefined
    return this.pieces.length === 1 ? this.pieces[0] : Buffer.concat(this.pieces)
  }
}

function isBlankByte(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB || byte === RETURN || byte === NEWLINE
}
