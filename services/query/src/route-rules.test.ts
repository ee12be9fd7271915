import { expect, test } from 'bun:test'
import { OPERATOR_PATHS } from '@darkroom/contracts/routes'
import { createIdentify } from '@darkroom/infra/http/identity'
import { createLog } from '@darkroom/infra/log'
import { createMetrics } from '@darkroom/infra/metrics'
import { createApp, type QueryDeps } from './app.ts'
import { QUERY_RULES } from './route-rules.ts'

test('every route has a rule, and every rule a route', () => {
  const log = createLog({ service: 'test', level: 'silent' })
  const http = {
    config: { PORT: 3000, PUBLIC_URL: undefined, BODY_MEMORY_MB: 64 },
    log,
    metrics: createMetrics('test'),
    checks: {},
    identify: createIdentify({}),
    stopping: new AbortController().signal,
  }
  // No route is called, so that nothing else is needed.
  const app = createApp({ http, log, ui: new Map() } as unknown as QueryDeps)
  const routes = app.routes.map(({ method, path }) => `${method} ${path}`)
  const operators = OPERATOR_PATHS.map(path => `GET ${path}`)
  expect(routes.toSorted()).toEqual([...Object.keys(QUERY_RULES), ...operators].toSorted())
})
