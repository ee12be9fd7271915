import { withDeadline } from '../runtime/timers.ts'

export interface ReadinessOptions {
  /** Conditions of readiness, by name. Each throws when it is not met. */
  checks: Record<string, (signal: AbortSignal) => Promise<void>>
  /** Aborted when the service begins to shut down. It is not ready from then on. */
  stopping: AbortSignal
  /** Added to the response while the service shuts down: what it waits for. */
  stopDetails?: () => Record<string, unknown>
}

/** Readiness of a service. */
export interface Readiness {
  ready: boolean
  stopping?: true
  checks: Record<string, 'ok' | 'failing'>
}

const CHECK_TIMEOUT_MS = 1_000

/** Responds with the readiness of a service: 200 when it is ready, else 503. */
export async function respondReadiness(options: ReadinessOptions): Promise<Response> {
  const readiness = await checkReadiness(options)
  const details = readiness.stopping ? options.stopDetails?.() : undefined
  return Response.json({ ...readiness, ...details }, { status: readiness.ready ? 200 : 503 })
}

/** Runs all checks in parallel. */
export async function checkReadiness({ checks, stopping }: ReadinessOptions): Promise<Readiness> {
  const results = Object.fromEntries(
    await Promise.all(
      Object.entries(checks).map(async ([name, check]) => [name, await runCheck(name, check)] as const),
    ),
  )
  const ready = !stopping.aborted && Object.values(results).every(result => result === 'ok')
  return { ready, ...(stopping.aborted ? { stopping: true as const } : {}), checks: results }
}

/** Runs one check. Its error is left out, since the response is public. */
async function runCheck(name: string, check: (signal: AbortSignal) => Promise<void>): Promise<'ok' | 'failing'> {
  const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS)
  return await withDeadline(check(signal), { milliseconds: CHECK_TIMEOUT_MS, operation: name, signal }).then(
    () => 'ok',
    () => 'failing',
  )
}
