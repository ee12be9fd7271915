export interface StoredObject {
  /** The whole object's size in bytes. */
  bytes: number
  lastModified: Date
}

export interface ListedObject extends StoredObject {
  /** As the store has it: another program may have stored objects with keys of another form. */
  key: string
}

export interface ByteRange {
  /** First and last byte, both included. */
  start: number
  end: number
}

/** A file to be stored. Its size and hash are known in advance, so that it can be streamed in a signed request. */
export interface FileBody {
  path: string
  bytes: number
  /** In hex. */
  sha256: string
  /** In hex, where it was computed when the file was written. A store that compares it reads the file once more without it. */
  md5?: string
}

export type Body = Uint8Array | ReadableStream<Uint8Array> | FileBody

/** Storage for media. An object exists whole or not at all. Keys are checked by `validateKey`. */
export interface Store {
  /**
   * Stores an object. A file must not change meanwhile.
   *
   * @throws StoreError when the object could not be stored whole
   */
  put(key: string, body: Body, options: { signal: AbortSignal }): Promise<StoredObject>
  /** Returns the object with its bytes, or null when there is none. An aborted signal ends the wait for it, not what is read of it. */
  get(
    key: string,
    options?: { range?: ByteRange; signal?: AbortSignal },
  ): Promise<{ object: StoredObject; body: Blob | ReadableStream<Uint8Array> } | null>
  head(key: string, options?: { signal?: AbortSignal }): Promise<StoredObject | null>
  /** Removes an object. A missing object is no error. An aborted signal prevents removals that have not begun. */
  remove(key: string, options?: { signal: AbortSignal }): Promise<void>
  /** Lists the objects whose keys begin with `prefix`, in the order of their keys, from the first one behind `after` on. */
  list(prefix: string, options?: { after?: string }): AsyncIterable<ListedObject>
  /**
   * Removes what puts that were cut off have left behind: temporary files and unfinished multipart uploads.
   *
   * @param before those that were begun before; younger ones may be under way
   * @returns their number
   */
  removeUnfinished(before: Date): Promise<number>
  /** Throws when the store cannot be used at present. */
  ping(): Promise<void>
}

/** A failure of the store. A retry may help unless the message says otherwise. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
}

/** A key that does not have the form of the keys that Darkroom makes. */
export class InvalidKeyError extends Error {
  override readonly name = 'InvalidKeyError'
}

const KEY_PATTERN = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/

/**
 * Returns the key when it can only lie below the store's root.
 *
 * @throws InvalidKeyError
 */
export function validateKey(key: string): string {
  if (key.length <= 512 && KEY_PATTERN.test(key) && !key.includes('..')) return key
  throw new InvalidKeyError('invalid key of an object')
}
