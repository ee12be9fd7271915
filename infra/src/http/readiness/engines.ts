import { withDeadline } from '../../runtime/timers.ts'

/** State of a server that the services share. */
export type EngineState = 'ok' | 'failing'

/** Reader of the state of the servers that a service uses, and is ready without. */
export interface EngineReader {
  read(): Promise<Record<string, EngineState>>
}

type Check = (signal: AbortSignal) => Promise<void>

/** Time in which an engine answers, in ms: whoever asks for readiness waits a second. */
const CHECK_MS = 700
/** Time for which an answer is used again, in ms: several probes ask every second, and a store charges for requests. */
const REUSE_MS = { ok: 5_000, failing: 1_000 }

/** Creates a reader that checks the engines when it is read, and at no other time. Concurrent reads share one check. */
export function createEngineReader(
  checks: Record<string, Check>,
  { now = () => performance.now() }: { now?: () => number } = {},
): EngineReader {
  const readers = Object.entries(checks).map(([name, check]) => {
    const read = reuseState(() => runCheck(name, check, CHECK_MS), now)
    return async () => [name, await read()] as const
  })
  return { read: async () => Object.fromEntries(await Promise.all(readers.map(read => read()))) }
}

/** Runs a check. Its error is left out, since the response is public. @returns `failing` also when it takes too long */
export async function runCheck(name: string, check: Check, milliseconds: number): Promise<EngineState> {
  const signal = AbortSignal.timeout(milliseconds)
  return await withDeadline(check(signal), { milliseconds, operation: name, signal }).then(
    () => 'ok',
    () => 'failing',
  )
}

function reuseState(run: () => Promise<EngineState>, now: () => number): () => Promise<EngineState> {
  let latest: { state: Promise<EngineState>; until: number } | undefined
  return async () => {
    if (latest && now() < latest.until) return await latest.state
    const own = { state: run(), until: Number.POSITIVE_INFINITY }
    latest = own
    const state = await own.state
    own.until = now() + REUSE_MS[state]
    return state
  }
}
