import type { Generation, GenerationPage } from '@darkroom/contracts/generation'
import { Uuid } from '@darkroom/contracts/generation'
import type { GenerationCount } from '@darkroom/contracts/history/library'
import type { Timeline } from '@darkroom/contracts/history/timeline'
import { identityOf } from '@darkroom/infra/http/identity'
import { ProblemError } from '@darkroom/infra/http/problem'
import { Elysia } from 'elysia'
import { z } from 'zod'
import { createJsonResponse } from '../json-response.ts'
import { type CountDeps, countGenerations } from './count.ts'
import { readDocuments } from './documents.ts'
import { FilterParameters, parseFilter } from './filter-parameters.ts'
import { type ListPools, listPage } from './list.ts'
import { ListParameters, parseListQuery } from './list-parameters.ts'
import { DEFAULT_TIME_ZONE } from './time-zone.ts'
import { readTimeline } from './timeline.ts'

/** Creates the routes of `/api/generations`: the list, one generation, and the count and timeline of a filter. */
export function createListRoutes(deps: CountDeps & ListPools) {
  const { database, pages } = deps
  return new Elysia({ normalize: false })
    .get(
      '/api/generations',
      async ({ query, request }) => {
        const { workspaceId, admin } = identityOf(request)
        if (query.includeParameters && !admin)
          throw new ProblemError('forbidden', 'Only administrators see parameters in full.')
        return createJsonResponse<GenerationPage>(
          request,
          await listPage({ database, pages }, parseListQuery(query, workspaceId)),
        )
      },
      { query: ListParameters },
    )
    .get(
      '/api/generations/timeline',
      async ({ query, request }) => {
        const { workspaceId } = identityOf(request)
        const timeline = await readTimeline(database, {
          ...parseFilter(query, workspaceId),
          zone: query.zone ?? DEFAULT_TIME_ZONE,
        })
        return createJsonResponse<Timeline>(request, timeline)
      },
      { query: FilterParameters },
    )
    .get(
      '/api/generations/count',
      async ({ query, request }) => {
        const { workspaceId } = identityOf(request)
        const count = await countGenerations(deps, parseFilter(query, workspaceId))
        return createJsonResponse<GenerationCount>(request, count)
      },
      { query: FilterParameters },
    )
    .get(
      '/api/generations/:id',
      async ({ params: { id }, request }) => {
        const { workspaceId } = identityOf(request)
        const document = (await readDocuments(database, { workspaceId, ids: [id] })).get(id)
        if (document === undefined) throw new ProblemError('not_found', 'There is no such generation.')
        return createJsonResponse<Generation>(request, document)
      },
      { params: z.strictObject({ id: Uuid }) },
    )
}
