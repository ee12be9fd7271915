/** Bytes that are no image and no video of an accepted kind. The message can follow a file's name in a sentence. */
export class MediaError extends Error {
  override readonly name = 'MediaError'
  /** `damaged`: the bytes may have been damaged in transit. `unfit`: every copy of the file is rejected. */
  readonly reason: 'damaged' | 'unfit'

  constructor(reason: MediaError['reason'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
