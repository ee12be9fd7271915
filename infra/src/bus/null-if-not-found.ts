import type { NatsError } from 'nats'

const NOT_FOUND = 404

/** Returns the response to a request, or null if it is 404. @throws NatsError for any other error */
export async function nullIfNotFound<T>(request: Promise<T>): Promise<T | null> {
  return await request.catch((error: NatsError) => {
    if (error.api_error?.code === NOT_FOUND) return null
    throw error
  })
}
