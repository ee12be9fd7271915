import type { NatsError } from 'nats'

const NOT_FOUND = 404

/** What the bus was asked for, or null if it does not have it. @throws NatsError if it says anything else */
export async function nullIfNotFound<T>(request: Promise<T>): Promise<T | null> {
  return await request.catch((error: NatsError) => {
    if (error.api_error?.code === NOT_FOUND) return null
    throw error
  })
}
