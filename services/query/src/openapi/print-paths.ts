import { describeRoutes } from '@darkroom/infra/http/openapi/describe-routes'
import { createUnservedHttpOptions } from '@darkroom/infra/http/openapi/unserved-options'
import { createApp } from '../app.ts'
import { QUERY_RULES } from '../route-rules.ts'
import { QUERY_DOCS } from './route-docs.ts'

/** Prints the description of the service's routes, for `bun run docs`. No route is called, so that the app needs nothing else. */
const http = createUnservedHttpOptions()
const deps = { http, log: http.log, config: {} } as unknown as Parameters<typeof createApp>[0]
process.stdout.write(JSON.stringify(describeRoutes(createApp(deps).routes, QUERY_RULES, QUERY_DOCS)))
