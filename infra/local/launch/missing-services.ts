import type { Service } from '@darkroom/contracts/routes'
import { sleep } from '../../src/runtime/timers.ts'
import type { SupervisedService } from './services.ts'

/** Time that services have to become ready once the studio can be opened, in milliseconds, before it is reported without them. */
const COMPLETE_MS = 10_000

const MISSING: Record<Service, string> = {
  ingest: 'ingest does not run: what is made can be looked at, and nothing new is taken.',
  processor: 'processor does not run: new prompts are taken and wait for it, and what is made can be looked at.',
  query: 'query does not run: nothing can be looked at.',
}

/**
 * Waits until every service is ready, but not for one that has exited, and not longer than ten seconds.
 *
 * @returns lines for users about what is missing
 */
export async function findMissingServices(
  services: readonly SupervisedService[],
  signal: AbortSignal,
): Promise<string[]> {
  const ended = new AbortController()
  const settled = Promise.all(services.map(({ ready, exited }) => Promise.race([ready, exited])))
  await Promise.race([settled, sleep(COMPLETE_MS, AbortSignal.any([signal, ended.signal]))])
  ended.abort()
  const missing = services.filter(service => !service.wasReady())
  if (missing.length === 0) return []
  return [...missing.map(({ name }) => MISSING[name]), 'Darkroom goes on trying, and reports here when it succeeds.']
}
