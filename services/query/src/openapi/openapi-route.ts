import { join } from 'node:path'
import { Elysia } from 'elysia'
import { createJsonResponse } from '../json-response.ts'

/** The description of the API of all services, which `bun run docs` makes from their routes: it is served though other services are away. */
const DOCUMENT = join(import.meta.dirname, '..', '..', '..', '..', 'contracts', 'openapi.json')

/** Creates the route of the description of the API. It is read at its first request. */
export function createOpenApiRoute() {
  let document: Promise<string> | undefined
  return new Elysia({ normalize: false }).get('/openapi.json', async ({ request }) => {
    document ??= Bun.file(DOCUMENT).text()
    return createJsonResponse<object>(request, await document)
  })
}
