import { createBackoff } from '../live/backoff.ts'
import { UnavailableError } from '../request-error.ts'

export interface RepeatRequestOptions {
  /** Runs a callback after a number of milliseconds. */
  setTimer?: (callback: () => void, ms: number) => void
}

const MAX_REPEATS = 3

/**
 * Makes an idempotent request, and repeats it after 0.5 s, 1 s and 2 s while the studio responds that it is not available. That
 * is as long as the restart of a part takes.
 *
 * @throws the error of the last request
 */
export async function repeatRequest<T>(
  request: () => Promise<T>,
  { setTimer = setTimeout }: RepeatRequestOptions = {},
): Promise<T> {
  const backoff = createBackoff({ initialMs: 500, maxMs: 2_000 })
  for (let repeats = 0; ; repeats += 1) {
    try {
      return await request()
    } catch (error) {
      if (repeats === MAX_REPEATS || !isUnavailableResponse(error)) throw error
      await new Promise<void>(resolve => setTimer(resolve, backoff.nextDelay()))
    }
  }
}

/** Returns whether the studio responded. A request without a response may have taken its whole deadline. */
function isUnavailableResponse(error: unknown): boolean {
  return error instanceof UnavailableError && error.status !== null
}
