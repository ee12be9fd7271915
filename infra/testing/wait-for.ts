import { waitUntil } from '../local/process/wait-until.ts'

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
