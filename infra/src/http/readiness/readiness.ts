import { type EngineReader, type EngineState, runCheck } from './engines.ts'

export interface ReadinessOptions {
  /** Conditions of readiness, by name. Each throws when it is not met. */
  checks: Record<string, (signal: AbortSignal) => Promise<void>>
  /** Servers that the service is ready without. Their state is told as well. */
  engines?: EngineReader
  /** Aborted when the service begins to shut down. It is not ready from then on. */
  stopping: AbortSignal
  /** Added to the response while the service shuts down: what it waits for. */
  stopDetails?: () => Record<string, unknown>
}

/** Readiness of a service. */
export interface Readiness {
  ready: boolean
  stopping?: true
  checks: Record<string, EngineState>
  engines?: Record<string, EngineState>
}

const CHECK_TIMEOUT_MS = 1_000

/** Responds with the readiness of a service: 200 when it is ready, else 503. */
export async function respondReadiness(options: ReadinessOptions): Promise<Response> {
  const readiness = await checkReadiness(options)
  const details = readiness.stopping ? options.stopDetails?.() : undefined
  return Response.json({ ...readiness, ...details }, { status: readiness.ready ? 200 : 503 })
}

/** Runs all checks in parallel. */
export async function checkReadiness({ checks, engines, stopping }: ReadinessOptions): Promise<Readiness> {
  const [results, engineStates] = await Promise.all([runChecks(checks), engines?.read()])
  const ready = !stopping.aborted && Object.values(results).every(result => result === 'ok')
  return {
    ready,
    ...(stopping.aborted ? { stopping: true as const } : {}),
    checks: results,
    ...(engineStates ? { engines: engineStates } : {}),
  }
}

/** Returns the state of every server that a service uses, whether it is ready without it or not. */
export async function readAllEngines({ checks, engines }: Pick<ReadinessOptions, 'checks' | 'engines'>) {
  const [results, engineStates] = await Promise.all([runChecks(checks), engines?.read()])
  return { ...results, ...engineStates }
}

async function runChecks(checks: ReadinessOptions['checks']): Promise<Record<string, EngineState>> {
  const results = Object.entries(checks).map(
    async ([name, check]) => [name, await runCheck(name, check, CHECK_TIMEOUT_MS)] as const,
  )
  return Object.fromEntries(await Promise.all(results))
}
