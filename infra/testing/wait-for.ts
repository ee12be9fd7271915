import { waitUntil } from '../local/process/wait-until.ts'

const SUCCESS_MS = 60_000

/**
 * Polls until there is a result.
 *
 * @param what the awaited thing, for the error
 * @param poll gives undefined or false for "not yet"; an error of it ends the wait
 * @throws DeadlineError after `milliseconds`
 */
export async function waitFor<T>(
  what: string,
  milliseconds: number,
  poll: () => Promise<T | false | undefined>,
  intervalMs?: number,
): Promise<T> {
  const pollResult = async () => {
    const result = await poll()
    return result === false ? undefined : result
  }
  const signal = new AbortController().signal
  return await waitUntil(pollResult, {
    what,
    milliseconds,
    signal,
    ...(intervalMs === undefined ? {} : { intervalMs }),
  })
}

/** Repeats a call that may fail until it succeeds. @param what the awaited thing, for the error @throws DeadlineError after a minute */
export async function waitForSuccess(what: string, call: () => PromiseLike<unknown>): Promise<void> {
  const succeeds = async () => {
    try {
      await call()
      return true
    } catch {
      return false
    }
  }
  await waitFor(what, SUCCESS_MS, succeeds)
}
