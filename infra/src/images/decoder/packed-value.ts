/** A value whose byte arrays lie beside it, in order. In the value each is replaced by its length. */
export interface PackedValue {
  value: unknown
  parts: Uint8Array[]
}

const LENGTH_KEY = 'packedBytes'

/** Packs a value for JSON. It consists of plain objects, arrays, texts, numbers and byte arrays. */
export function packValue(value: unknown): PackedValue {
  const parts: Uint8Array[] = []
  const pack = (part: unknown): unknown => {
    if (part instanceof Uint8Array) {
      parts.push(part)
      return { [LENGTH_KEY]: part.byteLength }
    }
    if (Array.isArray(part)) return part.map(pack)
    if (typeof part !== 'object' || part === null) return part
    return Object.fromEntries(Object.entries(part).map(([key, nested]) => [key, pack(nested)]))
  }
  return { value: pack(value), parts }
}

/** Unpacks a value, with views of `body` as its byte arrays. @throws Error if it describes other bytes than are there */
export function unpackValue(value: unknown, body: Uint8Array): unknown {
  let offset = 0
  const unpack = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(unpack)
    if (typeof part !== 'object' || part === null) return part
    if (LENGTH_KEY in part) return readPart(Number(part[LENGTH_KEY]))
    return Object.fromEntries(Object.entries(part).map(([key, nested]) => [key, unpack(nested)]))
  }
  const readPart = (length: number) => {
    const start = offset
    offset += length
    if (!(length >= 0 && offset <= body.byteLength)) throw new Error('the response has other bytes than it describes')
    return body.subarray(start, offset)
  }
  return unpack(value)
}
