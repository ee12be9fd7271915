import type { CompatibleServer } from '@darkroom/contracts/connection-kinds'
import { z } from 'zod'
import { ProviderError } from '../adapter.ts'
import { findPage, queryListing } from './query-page.ts'
import type { ServerClients } from './server-clients.ts'

const Listed = z.looseObject({
  id: z.string(),
  type: z.string().optional().catch(undefined),
  owned_by: z.string().optional().catch(undefined),
  architecture: z.looseObject({}).optional().catch(undefined),
})
const ListedModels = z.array(Listed).or(z.looseObject({ data: z.array(Listed) }))
type ListedItem = z.infer<typeof Listed>

/**
 * Recognises a server by its list of models and by pages that only one kind of server has. Nothing is made, and nothing costs.
 *
 * @throws ProviderError when it does not answer, refuses the key, or is not an API
 */
export async function identifyServer({ api, root }: ServerClients, signal: AbortSignal): Promise<CompatibleServer> {
  const page = await queryListing(api, '/models', signal)
  if (page.kind === 'json') {
    const { data } = ListedModels.safeParse(page.body)
    const server = data && recogniseList(Array.isArray(data) ? data : data.data, { isBare: Array.isArray(data), page })
    if (server) return server
  }
  const signs = await Promise.all([
    findPage(root, '/system', signal),
    findPage(root, '/sdcpp/v1/capabilities', signal),
    findPage(api, '/model/info', signal),
    page.kind === 'json' ? undefined : findPage(api, '/users/me', signal),
  ])
  const recognised = recognisePages(signs)
  if (recognised) return recognised
  if (page.kind === 'not-api') throw createNotApiError()
  return 'openai'
}

export function createNotApiError(): ProviderError {
  return new ProviderError('provider_misbehaved', {
    message:
      'Something answers at this address, but not an images API. Check the address: it has the port of the server, and often ends in /v1.',
    failure: 'permanent',
  })
}

function recogniseList(
  items: readonly ListedItem[],
  { isBare, page }: { isBare: boolean; page: { headers: Headers } },
): CompatibleServer | undefined {
  if ([...page.headers.keys()].some(name => name.startsWith('x-litellm-'))) return 'litellm'
  if (isBare && items.some(({ type }) => type !== undefined)) return 'together'
  if (items.some(({ id }) => id === 'sd-cpp-local')) return 'sd-cpp'
  if (items.some(({ owned_by }) => owned_by === 'xai')) return 'xai'
  if (items.some(({ owned_by }) => owned_by === 'vllm')) return 'vllm-omni'
  return items.some(({ architecture }) => architecture?.output_modalities !== undefined) ? 'openrouter' : undefined
}

const has = (body: unknown, ...names: string[]) =>
  typeof body === 'object' && body !== null && names.every(name => Object.hasOwn(body, name))

function recognisePages([system, capabilities, modelInfo, account]: readonly unknown[]): CompatibleServer | undefined {
  if (has(system, 'backends', 'loaded_models')) return 'localai'
  if (has(capabilities, 'supported_modes')) return 'sd-cpp'
  if (z.looseObject({ data: z.array(z.looseObject({ model_name: z.string() })).min(1) }).safeParse(modelInfo).success)
    return 'litellm'
  return has(account, 'credits') ? 'recraft' : undefined
}
