import type { WireAnswer } from '../provider-fakes/wire-faults.ts'
import { createDocument, ENDPOINTS } from './endpoints.ts'

/** Endpoints as the platform API of the fake lists them. */
export interface PlatformState {
  /** Ids of endpoints that it does not know. */
  unknown: ReadonlySet<string>
  /** Ids of endpoints that are deprecated. */
  deprecated: ReadonlySet<string>
  /** Whether it refuses to list endpoints. */
  isWithoutList: boolean
  /** Documents in the place of an endpoint's own. */
  documents: ReadonlyMap<string, unknown>
}

/** Most endpoints of one request: [D] 50 for prices; [D, third party] 10 with schemas. */
const MOST = { prices: 50, schemas: 10 }

/** Answers `GET /models/pricing`. [D] fal.ai/docs/platform-apis/v1/models/pricing.md; that it answers 404 is [U] */
export function listPrices({ unknown }: PlatformState, query: URLSearchParams): WireAnswer {
  const ids = readIds(query)
  if (ids.length === 0 || ids.length > MOST.prices) return refuse(400, 'validation_error', 'endpoint_id is not valid')
  if (ids.some(id => unknown.has(id) || !Object.hasOwn(ENDPOINTS, id)))
    return refuse(404, 'not_found', 'Endpoint not found')
  const prices = ids.flatMap(id => {
    const endpoint = ENDPOINTS[id]
    if (!endpoint) return []
    return [{ endpoint_id: id, unit_price: endpoint.unitPrice, unit: endpoint.unit, currency: 'USD' }]
  })
  return { status: 200, body: { prices, next_cursor: null, has_more: false } }
}

/** Answers `GET /models`, with schemas. [D] fal.ai/docs/platform-apis/v1/models.md */
export function listModels(state: PlatformState, query: URLSearchParams): WireAnswer {
  const ids = readIds(query)
  if (state.isWithoutList) return refuse(500, 'server_error', 'An error occurred')
  if (query.get('expand') !== 'openapi-3.0' || ids.length > MOST.schemas || query.get('limit') !== '10')
    return refuse(400, 'validation_error', 'limit is not valid')
  const models = ids.map(id => {
    const endpoint = Object.hasOwn(ENDPOINTS, id) && !state.unknown.has(id) ? ENDPOINTS[id] : undefined
    if (!endpoint) return { endpoint_id: id }
    const status = state.deprecated.has(id) ? 'deprecated' : 'active'
    const openapi = state.documents.get(id) ?? createDocument(id, endpoint)
    return { endpoint_id: id, metadata: { display_name: id, category: endpoint.category, status }, openapi }
  })
  return { status: 200, body: { models, next_cursor: null, has_more: false } }
}

function readIds(query: URLSearchParams): string[] {
  return query.getAll('endpoint_id').flatMap(ids => ids.split(','))
}

function refuse(status: number, type: string, message: string): WireAnswer {
  return { status, body: { error: { type, message, docs_url: 'https://docs.fal.ai', request_id: 'x' } } }
}
