import { NatsError } from 'nats'
import { DeadlineError } from '../runtime/timers.ts'

/** Follows whether the server that a client is connected to answers the requests of JetStream. */
export interface RequestHealth {
  /** Makes a request, and records whether it was answered. @throws the error of the request */
  observe<T>(request: () => Promise<T>): Promise<T>
}

const SILENT_MS = 5_000
const MIN_FAILURES = 3
/** Any other error of the API is an answer, as that something does not exist. This one says that there is no leader. */
const UNAVAILABLE_CODE = 10008

/**
 * Creates the health of requests. A server that is cut off from its cluster answers pings, and no request of JetStream: its clients do
 * better at another one.
 *
 * @param options `onSilent`: called when several requests in a row were not answered, over some seconds, and then once each of these
 *   times again
 */
export function createRequestHealth(options: { onSilent: () => void; now?: () => number }): RequestHealth {
  const { onSilent, now = () => performance.now() } = options
  let failures = 0
  let silentSince = 0
  const recordFailure = () => {
    if (failures === 0) silentSince = now()
    failures += 1
    if (failures < MIN_FAILURES || now() - silentSince < SILENT_MS) return
    failures = 0
    onSilent()
  }
  return {
    observe: async request => {
      try {
        const response = await request()
        failures = 0
        return response
      } catch (error) {
        if (isUnanswered(error)) recordFailure()
        else failures = 0
        throw error
      }
    },
  }
}

function isUnanswered(error: unknown): boolean {
  if (error instanceof DeadlineError) return true
  return error instanceof NatsError && (error.api_error === undefined || error.api_error.err_code === UNAVAILABLE_CODE)
}
