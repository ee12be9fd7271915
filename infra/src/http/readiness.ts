import { withDeadline } from '../runtime/timers.ts'

export interface ReadinessOptions {
  /** Conditions of readiness, by name. Each throws when it is not met. */
  checks: Record<string, (signal: AbortSignal) => Promise<void>>
  /** Aborted when the service begins to shut down. It is not ready from then on. */
  stopping: AbortSignal
  /** Describes what a stop waits for. */
  describeStop?: (() => Record<string, unknown>) | undefined
}

const CHECK_TIMEOUT_MS = 1_000

/** Runs all checks in parallel and responds with their results: 200 when the service is ready, else 503. */
export async function checkReadiness({ checks, stopping, describeStop }: ReadinessOptions): Promise<Response> {
  const results = Object.fromEntries(
    await Promise.all(
      Object.entries(checks).map(async ([name, check]) => [name, await runCheck(name, check)] as const),
    ),
  )
  const ready = !stopping.aborted && Object.values(results).every(result => result === 'ok')
  return Response.json(
    { ready, ...(stopping.aborted ? { stopping: true, ...describeStop?.() } : {}), checks: results },
    { status: ready ? 200 : 503 },
  )
}

/** Runs one check. Its error is left out, since the response is public. */
async function runCheck(name: string, check: (signal: AbortSignal) => Promise<void>): Promise<'ok' | 'failing'> {
  const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS)
  return await withDeadline(check(signal), { milliseconds: CHECK_TIMEOUT_MS, operation: name, signal }).then(
    () => 'ok',
    () => 'failing',
  )
}
