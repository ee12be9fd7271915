import { ProviderError } from '../src/providers/adapter.ts'

/** Returns the ProviderError that `work` throws. @throws Error when it throws none */
export async function getProviderError(work: () => Promise<unknown>): Promise<ProviderError> {
  const error = await work().then(
    () => undefined,
    error => error,
  )
  if (error instanceof ProviderError) return error
  throw new Error(`expected a ProviderError, not ${error}`)
}
