/** Bytes that are no picture and no video that we keep. */
export class MediaError extends Error {
  override readonly name = 'MediaError'
  /** `damaged` may have happened on the way; what is `unfit` is so wherever it is had from. */
  readonly reason: 'damaged' | 'unfit'

  constructor(reason: MediaError['reason'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
