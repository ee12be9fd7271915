export interface StoredObject {
  /** The whole object's size in bytes. */
  bytes: number
  lastModified: Date
}

export interface ByteRange {
  /** First and last byte, both included. */
  start: number
  end: number
}

/** A file to be kept, with what is known of it, so that it can be sent piece by piece and signed all the same. */
export interface FileBody {
  path: string
  bytes: number
  /** in hex */
  sha256: string
}

export type Body = Uint8Array | ReadableStream<Uint8Array> | FileBody

/** Where pictures are kept. An object is there whole or not at all; keys are made by `objectKey` or refused. */
export interface Store {
  /** A file must stay as it is meanwhile. Throws `StoreError` if the object could not be kept whole. */
  put(key: string, body: Body, options: { signal: AbortSignal }): Promise<StoredObject>
  /** The object's bytes, or null if there is none. */
  get(
    key: string,
    options?: { range?: ByteRange },
  ): Promise<{ object: StoredObject; body: Blob | ReadableStream<Uint8Array> } | null>
  head(key: string): Promise<StoredObject | null>
  /** Removing what is not there is no error. Once the signal is aborted nothing is begun any more. */
  remove(key: string, options?: { signal: AbortSignal }): Promise<void>
  list(prefix: string): AsyncIterable<string>
  /** Throws if nothing could be kept now. */
  ping(): Promise<void>
}

/** The store did not do what it was asked; trying again may help unless it says otherwise. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
}

/** A key that no one of ours made. */
export class InvalidKeyError extends Error {
  override readonly name = 'InvalidKeyError'
}

const KEY_PATTERN = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/

/** The key itself if it is one that can only lie below the store's root. @throws KeyError */
export function validateKey(key: string): string {
  if (key.length <= 512 && KEY_PATTERN.test(key) && !key.includes('..')) return key
  throw new InvalidKeyError('not a key of this store')
}
