import type { Bucket } from './bucket.ts'

/** The key that an object is put under, and the signal that ends the put. */
export interface PutTarget {
  bucket: Bucket
  key: string
  signal: AbortSignal
}
