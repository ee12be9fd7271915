import { type ConnectionCheck, ProviderError } from './adapter.ts'

/** Returns the result of a check, of which a ProviderError is one as well. @throws every other error */
export async function tryCheck(work: () => Promise<ConnectionCheck>): Promise<ConnectionCheck> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ProviderError) return { ok: false, error }
    throw error
  }
}
