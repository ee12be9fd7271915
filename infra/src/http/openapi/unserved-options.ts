import { createLog } from '../../log.ts'
import { createMetrics } from '../../metrics.ts'
import type { HttpAppOptions } from '../app.ts'
import { createIdentify } from '../identity.ts'

/** Creates the HTTP options of an app that is only looked at: none of its routes is called. */
export function createUnservedHttpOptions(): HttpAppOptions {
  return {
    config: { PORT: 3000, PUBLIC_URL: undefined, BODY_MEMORY_MB: 64 },
    log: createLog({ service: 'test', level: 'silent' }),
    metrics: createMetrics('test'),
    checks: {},
    identify: createIdentify({}),
    stopping: new AbortController().signal,
  }
}
