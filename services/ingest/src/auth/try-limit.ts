import { ProblemError } from '@darkroom/infra/http/problem'

/** A limit on the tries of everyone together, with a right secret or a wrong one: who guesses must not learn which it was. */
export interface TryLimit {
  /** Counts a try. @throws ProblemError `too_many` with a `Retry-After` */
  take(): void
}

/**
 * Creates a limit of `tries` in any `milliseconds`. A try that is refused does not count.
 *
 * @param options `now` returns a time that never goes back, in ms; that of the process unless given
 */
export function createTryLimit(options: { tries: number; milliseconds: number; now?: () => number }): TryLimit {
  const { tries, milliseconds, now = () => performance.now() } = options
  let times: number[] = []
  return {
    take: () => {
      times = times.filter(time => now() - time < milliseconds)
      const [oldest] = times
      if (oldest === undefined || times.length < tries) {
        times.push(now())
        return
      }
      const retryAfterSeconds = Math.ceil((oldest + milliseconds - now()) / 1_000)
      throw new ProblemError('too_many', 'Too many secrets were tried. Wait a minute.', { retryAfterSeconds })
    },
  }
}
