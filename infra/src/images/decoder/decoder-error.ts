/**
 * An image was not decoded, and that is not its fault: `busy`, too many wait; `closed`, the process is stopping; `unstartable`, no
 * decoder process starts.
 */
export class DecoderError extends Error {
  override readonly name = 'DecoderError'
  readonly reason: 'busy' | 'closed' | 'unstartable'

  constructor(reason: DecoderError['reason'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

/** The end of a decoder process that was at work on an image. It is the cause of a `MediaError`. */
export class DecoderKilledError extends Error {
  override readonly name = 'DecoderKilledError'
  readonly reason: KillReason

  constructor(reason: KillReason) {
    super(`the decoder was ended: ${reason}`)
    this.reason = reason
  }
}

/** `crash`: the process ended by itself, or something else ended it. */
export type KillReason = 'deadline' | 'memory' | 'crash'
