/**
 * Runs tasks concurrently. When one fails, the others are aborted and awaited, so that none is still running when the caller
 * handles the failure.
 *
 * @returns the results, in the order of the tasks
 * @throws the error of the first task that failed
 */
export async function allOrAbort<Results extends readonly unknown[]>(
  signal: AbortSignal,
  tasks: readonly [...{ [Index in keyof Results]: (signal: AbortSignal) => Promise<Results[Index]> }],
): Promise<Results> {
  const failed = new AbortController()
  const combinedSignal = AbortSignal.any([signal, failed.signal])
  const settled = await Promise.allSettled(
    tasks.map(async task => {
      try {
        return await task(combinedSignal)
      } catch (error) {
        failed.abort(error)
        throw error
      }
    }),
  )
  failed.signal.throwIfAborted()
  return settled.map(result => result.status === 'fulfilled' && result.value) as unknown as Results
}
