/** Requests that a proxy has under way, with a share for each client. */
export interface RequestSlots {
  /** Takes a slot for a client. @returns a function that gives it back, however often it is called; `full` or `client-full` if there is none */
  take(client: string): (() => void) | 'full' | 'client-full'
}

/**
 * Creates the slots of a proxy. A client has at most half of them: one that opens all that it can leaves the others theirs.
 *
 * @param total requests under way at most
 */
export function createRequestSlots(total: number): RequestSlots {
  const counts = new Map<string, number>()
  let underWay = 0
  const change = (client: string, difference: number) => {
    underWay += difference
    const count = (counts.get(client) ?? 0) + difference
    if (count === 0) counts.delete(client)
    else counts.set(client, count)
  }
  return {
    take: client => {
      if (underWay >= total) return 'full'
      if ((counts.get(client) ?? 0) >= total / 2) return 'client-full'
      change(client, 1)
      let isTaken = true
      return () => {
        if (isTaken) change(client, -1)
        isTaken = false
      }
    },
  }
}

/** Requests that the launcher makes for itself. */
const OWN_REQUESTS = 16
const DEFAULT_MAX_REQUESTS = 256

/**
 * Returns the requests that a proxy may have under way: those that Bun's `fetch` can have in a process, except a few. More would wait for the
 * end of others without an answer.
 *
 * @param env the environment with which the process was started: Bun reads the variable only then
 */
export function countMaxRequests({
  BUN_CONFIG_MAX_HTTP_REQUESTS,
}: Readonly<Record<string, string | undefined>>): number {
  const most = Number(BUN_CONFIG_MAX_HTTP_REQUESTS)
  return (Number.isInteger(most) && most > OWN_REQUESTS ? most : DEFAULT_MAX_REQUESTS) - OWN_REQUESTS
}
