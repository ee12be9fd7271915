import { type Generation, Submission } from '@darkroom/contracts/generation'
import type { Reference } from '@darkroom/contracts/reference'
import { transaction } from '@darkroom/infra/database'
import { createHttp, type HttpOptions } from '@darkroom/infra/http'
import type { Identify } from '@darkroom/infra/identity'
import { rawJson } from '@darkroom/infra/raw-json'
import { Elysia } from 'elysia'
import { accept } from './accept.ts'
import { type BackfillRouteDeps, backfillRoute } from './backfill/route.ts'
import { sourcesOfForm } from './form.ts'
import { insertReferences } from './reference-rows.ts'
import { persistReferenceImages, type ReferenceDeps, toReference } from './references.ts'

export interface IngestDeps extends ReferenceDeps, BackfillRouteDeps {
  http: HttpOptions
  identify: Identify
}

export type App = ReturnType<typeof createApp>

/** The service that takes intent in. */
export function createApp(deps: IngestDeps) {
  return new Elysia({ normalize: false })
    .use(createHttp(deps.http))
    .use(backfillRoute(deps))
    .post(
      '/api/generate',
      async ({ body, request, reserve }) => {
        const fetching = { reserve, signal: request.signal }
        const { document, created } = await accept(deps, deps.identify(request), body, fetching)
        return rawJson<Generation>(document, created ? 202 : 200)
      },
      { body: Submission },
    )
    .post('/api/references', async ({ body, request, set }): Promise<Reference[]> => {
      const identity = deps.identify(request)
      const rows = await persistReferenceImages(deps, identity, await sourcesOfForm(body))
      const kept = await transaction(deps.database, tx => insertReferences(tx, identity.workspaceId, rows))
      set.status = 201
      return kept.map(toReference)
    })
}
