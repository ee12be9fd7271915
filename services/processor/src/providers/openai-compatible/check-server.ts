import type { Sizes } from '@darkroom/contracts/model'
import { readErrorCode } from '@darkroom/infra/runtime/error-code'
import { type ConnectionCheck, ProviderError } from '../adapter.ts'
import { discoverModels } from './discover-models.ts'
import { queryListing, queryPage } from './query-page.ts'
import type { ResolvedDialect } from './resolve-dialect.ts'
import type { ServerClients } from './server-clients.ts'
import type { ListedModel } from './server-preset.ts'

/** Checks the address and the key of a server whose dialect is resolved, and describes what it found. @throws ProviderError */
export async function checkServer(
  clients: ServerClients,
  dialect: ResolvedDialect,
  signal: AbortSignal,
): Promise<ConnectionCheck> {
  const { server, preset } = dialect
  const { keyPath } = preset
  if (keyPath !== null) await queryPage(clients.api, keyPath, signal)
  // Models that are known without the server say nothing about whether it answers.
  else if (dialect.models) await queryListing(clients.api, dialect.fields.modelsPath, signal)
  const models = await discoverModels(clients, dialect, signal)
  return { ok: true, note: describeServer(dialect, models), dialect: { server } }
}

/** Returns the error of a check in words about the address, where it is the address that is in question. */
export function toCheckError(error: ProviderError, baseUrl: string): ProviderError {
  const message = describeAddressError(error, new URL(baseUrl))
  if (message === undefined) return error
  const { failure, retryAfterSeconds, cause } = error
  return new ProviderError(error.code, { message, failure, retryAfterSeconds, cause })
}

function describeServer({ server, preset, sizes }: ResolvedDialect, models: readonly ListedModel[]): string {
  const name = server === 'openai' ? 'a server that speaks as OpenAI does' : preset.name
  if (models.length === 0)
    return `It answers: ${name}. It lists no model that makes pictures: name its models below “What this server takes”. Checking was free.`
  const isUnnamed = models.every(model => model.name === null)
  const count = isUnnamed ? 'one model, which it does not name' : formatCount(models.length, 'model')
  const advice =
    server === 'openai'
      ? ' If it refuses a field, change what it takes. If it is a machine of your own, set its price to 0.'
      : ''
  const offered = models.some(model => model.sizes) ? 'each with its sizes' : describeSizes(sizes)
  return `It works: ${name}, ${count}, ${offered}. Checking was free.${advice}`
}

function describeSizes(sizes: Sizes): string {
  if (sizes.kind === 'list') return formatCount(sizes.sizes.length, 'size')
  return sizes.kind === 'ratio' ? formatCount(sizes.ratios.length, 'aspect ratio') : 'sizes free'
}

function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/
const TLS = /ssl|tls|certificate|EPROTO|handshake/i

function describeAddressError({ code, cause }: ProviderError, { hostname, protocol }: URL): string | undefined {
  if (code === 'provider_silent') return 'The server did not answer in time. It may still be starting, or be busy.'
  if (code !== 'provider_unreachable') return undefined
  if (protocol === 'https:' && cause instanceof Error && TLS.test(`${cause.message} ${readErrorCode(cause) ?? ''}`))
    return 'The server has no valid certificate for https. If it is a server of your own, its address may begin with http://.'
  if (LOOPBACK.test(hostname))
    return 'Nothing answers there. Is the server running, on this port? In Docker, localhost is the container: use the address of the machine, or host.docker.internal.'
  return 'Nothing answers there. Is the server running, and does it listen for other machines? Check host and port.'
}
