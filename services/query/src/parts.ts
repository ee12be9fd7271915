import type { PartState, Parts, StudioReadiness } from '@darkroom/contracts/parts'
import { splitAddresses } from '@darkroom/infra/http/addresses'
import { checkReadiness, type ReadinessOptions } from '@darkroom/infra/http/readiness/readiness'

/** Base URLs of the other services, of several of a kind by commas. One without is taken to be there. */
export interface PartUrls {
  ingest: string | undefined
  processor: string | undefined
  /** Host that the services are known by, which is the studio's; that of each URL unless given. */
  host?: string
}

/** Reader of the state of the other services. */
export interface PartReader {
  read(): Promise<Record<'ingest' | 'processor', PartState>>
}

const REQUEST_TIMEOUT_MS = 1_000
/** Time for which an answer is used again: every open page asks. */
const REUSE_MS = 1_000

/**
 * Creates a reader that requests the readiness of the services when it is read, and at no other time. Concurrent reads share one
 * request to each service.
 */
export function createPartReader(urls: PartUrls): PartReader {
  let latest: { states: ReturnType<PartReader['read']>; at: number } | undefined
  return {
    read: () => {
      const now = performance.now()
      if (!latest || now - latest.at > REUSE_MS) latest = { states: readStates(urls), at: now }
      return latest.states
    },
  }
}

/** Returns which of the other services do their work. */
export async function readParts(reader: PartReader): Promise<Parts> {
  const { ingest, processor } = await reader.read()
  return { ingest: ingest === 'ok' ? 'ok' : 'away', processor: processor === 'ok' ? 'ok' : 'away' }
}

/**
 * Responds with the readiness of the whole studio. The status is 200 when people can look at what is made, though a part may be
 * missing, else 503.
 */
export async function respondStudioReadiness(reader: PartReader, options: ReadinessOptions): Promise<Response> {
  const [states, { ready, checks, engines }] = await Promise.all([reader.read(), checkReadiness(options)])
  const parts = { ...states, query: ready ? ('ok' as const) : ('starting' as const) }
  const isComplete = Object.values({ ...parts, ...engines }).every(state => state === 'ok')
  const body: StudioReadiness = { ready: isComplete, parts, checks, ...(engines ? { engines } : {}) }
  return Response.json(body, { status: ready ? 200 : 503, headers: { 'cache-control': 'no-store' } })
}

async function readStates({ ingest, processor, host }: PartUrls): ReturnType<PartReader['read']> {
  const [ingestState, processorState] = await Promise.all([readBestState(ingest, host), readBestState(processor, host)])
  return { ingest: ingestState, processor: processorState }
}

/** Returns the best state of the services of a kind: one of them is enough to do its work. */
async function readBestState(urls: string | undefined, host: string | undefined): Promise<PartState> {
  if (urls === undefined) return 'ok'
  const states = await Promise.all(splitAddresses(urls).map(url => readState(url, host)))
  return (['ok', 'starting'] as const).find(state => states.includes(state)) ?? 'away'
}

async function readState(url: string, host: string | undefined): Promise<PartState> {
  try {
    const target = new URL('/readyz', url)
    const headers = host === undefined ? {} : { host }
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
    const response = await fetch(target, { headers, redirect: 'manual', signal })
    await response.body?.cancel()
    return response.ok ? 'ok' : 'starting'
  } catch {
    return 'away'
  }
}
