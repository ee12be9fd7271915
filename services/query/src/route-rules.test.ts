import { expect, test } from 'bun:test'
import { OPERATOR_PATHS } from '@darkroom/contracts/routes'
import { createUnservedHttpOptions } from '@darkroom/infra/testing/unserved-http'
import { createApp, type QueryDeps } from './app.ts'
import { QUERY_RULES } from './route-rules.ts'

test('every route has a rule, and every rule a route', () => {
  const http = createUnservedHttpOptions()
  // No route is called, so that nothing else is needed.
  const app = createApp({ http, log: http.log, ui: new Map() } as unknown as QueryDeps)
  const routes = app.routes.map(({ method, path }) => `${method} ${path}`)
  const operators = OPERATOR_PATHS.map(path => `GET ${path}`)
  expect(routes.toSorted()).toEqual([...Object.keys(QUERY_RULES), ...operators].toSorted())
})
