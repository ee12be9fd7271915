/**
 * Does several things side by side. When one fails the others are told to give up, and waited for, so that nothing goes on
 * behind the back of whoever deals with the failure.
 *
 * @throws what the first that failed threw
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
