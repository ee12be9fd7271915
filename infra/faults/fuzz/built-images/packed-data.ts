import { deflateSync } from 'node:zlib'

const cache = new Map<number, Buffer>()

/** Returns compressed zeros: a thousandth of `bytes`, and `bytes` once they are inflated. Each size is compressed once. */
export function createPackedZeros(bytes: number): Buffer {
  const cached = cache.get(bytes)
  if (cached) return cached
  const packed = deflateSync(Buffer.alloc(bytes), { level: 9 })
  cache.set(bytes, packed)
  return packed
}
