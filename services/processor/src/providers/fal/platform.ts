import { ProviderError } from '../adapter.ts'
import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import { isOtherServer } from '../http/is-other-server.ts'
import { readJson } from '../http/read-response.ts'
import { sendRequest } from '../http/send-request.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { toPlatformUrl } from './addresses.ts'
import { classifyFal } from './classify.ts'
import { findInputSchema, type InputSchema } from './input-schema.ts'
import type { UnitPrice } from './unit-price.ts'
import { ErrorBody, ModelList, PriceList } from './wire.ts'

/** An endpoint as fal lists it. */
export interface ListedEndpoint {
  isDeprecated: boolean
  /** Undefined where fal lists no schema that can be read. */
  input: InputSchema | undefined
}

/** fal's platform API: what it lists about its endpoints, at no cost. */
export interface Platform {
  /**
   * Lists the prices of endpoints, which needs a good key. @throws ProviderError `provider_refused` where there is no such API,
   * `model_unknown` where fal does not know one of the endpoints
   */
  listPrices(endpoints: readonly string[], signal: AbortSignal): Promise<Map<string, UnitPrice>>
  /** Lists endpoints with their schemas; one that fal does not know is not there. @throws ProviderError */
  listEndpoints(endpoints: readonly string[], signal: AbortSignal): Promise<Map<string, ListedEndpoint>>
}

const MAX_PRICE_BYTES = 1_000_000
const MAX_SCHEMA_BYTES = 20_000_000
/** Most endpoints of one request with schemas. [D, third party] */
const SCHEMAS_PER_REQUEST = 10

/** @see https://fal.ai/docs/platform-apis/v1/models.md, …/pricing.md [D] */
export function createPlatform(client: HttpClient): Platform {
  const platform: HttpClient = { ...client, baseUrl: toPlatformUrl(client.baseUrl), classify: classifyPlatform }
  return {
    listPrices: async (endpoints, signal) => {
      const query = toQuery(endpoints)
      const body = await get(platform, { path: `/models/pricing?${query}`, signal }, MAX_PRICE_BYTES)
      const { data } = PriceList.safeParse(body)
      if (!data) throw createMisbehavedError('retryable')
      return new Map(
        data.prices.flatMap(price =>
          price
            ? [[price.endpoint_id, { unitPrice: price.unit_price, unit: price.unit, currency: price.currency }]]
            : [],
        ),
      )
    },
    listEndpoints: async (endpoints, signal) => {
      const pages = Array.from({ length: Math.ceil(endpoints.length / SCHEMAS_PER_REQUEST) }, (_, page) =>
        endpoints.slice(page * SCHEMAS_PER_REQUEST, (page + 1) * SCHEMAS_PER_REQUEST),
      )
      const lists = await Promise.all(pages.map(page => listPage(platform, page, signal)))
      return new Map(lists.flat())
    },
  }
}

async function listPage(
  platform: HttpClient,
  endpoints: readonly string[],
  signal: AbortSignal,
): Promise<[string, ListedEndpoint][]> {
  const query = `${toQuery(endpoints)}&expand=openapi-3.0&limit=${SCHEMAS_PER_REQUEST}`
  const { data } = ModelList.safeParse(await get(platform, { path: `/models?${query}`, signal }, MAX_SCHEMA_BYTES))
  if (!data) throw createMisbehavedError('retryable')
  return data.models.flatMap((model): [string, ListedEndpoint][] => {
    // An id that fal does not know has no metadata. [D, third party]
    if (!model?.metadata) return []
    const input = findInputSchema(model.openapi, model.endpoint_id)
    return [[model.endpoint_id, { isDeprecated: model.metadata.status === 'deprecated', input }]]
  })
}

function toQuery(endpoints: readonly string[]): string {
  return endpoints.map(endpoint => `endpoint_id=${encodeURIComponent(endpoint)}`).join('&')
}

async function get(
  client: HttpClient,
  { path, signal }: Pick<HttpRequest, 'path' | 'signal'>,
  maxBytes: number,
): Promise<unknown> {
  const request: HttpRequest = { method: 'GET', path, signal, failureIfUnanswered: 'retryable' }
  try {
    return await readJson(await sendRequest(client, request), request, maxBytes)
  } catch (error) {
    throw isOtherServer(error) ? new ProviderError('provider_refused', { message: WRONG_ADDRESS }) : error
  }
}

const WRONG_ADDRESS =
  'There is no fal at this address: its list of prices is not there. Leave the address empty, unless a proxy has both of fal’s APIs.'

/** Maps a refusal of the platform: its own 404 is about an endpoint, any other is of a server that is no fal. */
function classifyPlatform(refusal: Parameters<typeof classifyFal>[0]): ReturnType<typeof classifyFal> {
  const isKnown = ErrorBody.safeParse(refusal.body).data?.error !== undefined
  return refusal.status === 404 && isKnown ? { code: 'model_unknown' } : classifyFal(refusal)
}
