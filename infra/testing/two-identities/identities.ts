import type { Identify, Identity } from '../../src/http/identity.ts'

/** Two users of one studio, for tests. Each has a workspace. */
export interface TwoIdentities {
  /** An administrator. */
  alice: Identity
  /** No administrator. */
  bob: Identity
  /** Identifies a request by its header `x-test`: `alice`, or else Bob. */
  identify: Identify
  /** Returns how often each URL with its method was identified since the last call. */
  readCalls(): Record<string, number>
}

export function createTwoIdentities(): TwoIdentities {
  const [alice, bob] = [createIdentity(true), createIdentity(false)]
  let calls: string[] = []
  return {
    alice,
    bob,
    identify: async request => {
      calls.push(`${request.method} ${request.url}`)
      return request.headers.get('x-test') === 'alice' ? alice : bob
    },
    readCalls: () => {
      const counts = Object.fromEntries(
        [...Map.groupBy(calls, call => call)].map(([call, same]) => [call, same.length]),
      )
      calls = []
      return counts
    },
  }
}

function createIdentity(admin: boolean): Identity {
  return { userId: crypto.randomUUID(), workspaceId: crypto.randomUUID(), admin }
}
