import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { OPERATOR_PATHS } from '@darkroom/contracts/routes'
import { describeRoutes, type Paths } from '@darkroom/infra/http/openapi/describe-routes'
import { createUnservedHttpOptions } from '@darkroom/infra/http/openapi/unserved-options'
import { createApp, type IngestDeps } from './app.ts'
import { INGEST_DOCS } from './openapi/route-docs.ts'
import { INGEST_RULES } from './route-rules.ts'

const DOCUMENT = join(import.meta.dirname, '..', '..', '..', 'contracts', 'openapi.json')

test('every route has a rule, and every rule a route', () => {
  const app = createUnservedApp()
  const routes = app.routes.map(({ method, path }) => `${method} ${path}`)
  const operators = OPERATOR_PATHS.map(path => `GET ${path}`)
  expect(routes.toSorted()).toEqual([...Object.keys(INGEST_RULES), ...operators].toSorted())
})

test('the description of the API has every route as it is', async () => {
  const { paths: published } = await Bun.file(DOCUMENT).json()
  const paths = describeRoutes(createUnservedApp().routes, INGEST_RULES, INGEST_DOCS)
  const operations = (of: Paths) =>
    Object.entries(of).flatMap(([path, item]) => Object.keys(item).map(name => `${name} ${path}`))
  expect(operations(paths)).toHaveLength(Object.keys(INGEST_RULES).length)
  expect(published).toMatchObject(JSON.parse(JSON.stringify(paths)))
})

/** Creates the app with what its routes need: nothing, as none is called. */
function createUnservedApp() {
  const http = createUnservedHttpOptions()
  return createApp({ http, log: http.log, config: {} } as unknown as IngestDeps)
}
