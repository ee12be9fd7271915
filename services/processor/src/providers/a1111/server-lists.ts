import { ProviderError } from '../adapter.ts'
import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import { readJson } from '../http/read-response.ts'
import { sendRequest } from '../http/send-request.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { toNames } from '../server-names.ts'
import { NO_API } from './classify.ts'
import { Checkpoint } from './wire.ts'

/** A checkpoint of a server: the name by which a request chooses it, and the one that is shown. */
export interface ListedCheckpoint {
  key: string
  name: string
}

/** The lists of a server. Servers differ in which of them they have. */
export interface ServerLists {
  checkpoints: ListedCheckpoint[]
  samplers: string[]
  schedulers: string[]
  upscalers: string[]
  latentModes: string[]
}

const MAX_BYTES = 8_000_000
const MAX_CHECKPOINTS = 300
const NO_UPSCALER = 'None'
/** The hash behind the name of a file: it is computed on the first use, which changes the title. */
const HASH = / \[[0-9a-f]{6,64}\]$/i

/** Reads the lists of a server. Those that it does not have are empty. @throws ProviderError where it has no checkpoints’ list */
export async function readServerLists(client: HttpClient, signal: AbortSignal): Promise<ServerLists> {
  const listed = await readList(client, 'sd-models', signal).catch(toAddressError)
  const readOther = async (name: string) => await readList(client, name, signal).catch(toEmptyIfAbsent)
  const samplers = await readOther('samplers')
  const schedulers = await readOther('schedulers')
  const upscalers = await readOther('upscalers')
  const latentModes = await readOther('latent-upscale-modes')
  return {
    checkpoints: toCheckpoints(listed),
    samplers: toNames(samplers.map(item => readField(item, 'name'))),
    // SD.Next lists its samplers here, which have no label.
    schedulers: toNames(schedulers.map(item => readField(item, 'label'))),
    upscalers: toNames(upscalers.map(item => readField(item, 'name'))).filter(name => name !== NO_UPSCALER),
    latentModes: toNames(latentModes.map(item => readField(item, 'name'))),
  }
}

async function readList(client: HttpClient, name: string, signal: AbortSignal): Promise<unknown[]> {
  const path = `/sdapi/v1/${name}`
  const request: HttpRequest = { method: 'GET', path, signal, failureIfUnanswered: 'retryable' }
  const body = await readJson(await sendRequest(client, request), request, MAX_BYTES)
  if (!Array.isArray(body)) throw createMisbehavedError('retryable')
  return body
}

/** @throws every error, and one about the address where something else is there */
function toAddressError(error: unknown): never {
  const isOther =
    error instanceof ProviderError && (error.code === 'request_unknown' || error.code === 'provider_misbehaved')
  throw isOther ? new ProviderError('provider_refused', { message: NO_API }) : error
}

/** @throws errors of a server that is away, or that does not accept the key: the list may be there */
function toEmptyIfAbsent(error: unknown): unknown[] {
  const isAbsent =
    error instanceof ProviderError &&
    ['request_unknown', 'provider_refused', 'provider_failed', 'provider_misbehaved'].includes(error.code)
  if (isAbsent) return []
  throw error
}

function toCheckpoints(listed: readonly unknown[]): ListedCheckpoint[] {
  const checkpoints = listed.flatMap((item): [string, ListedCheckpoint][] => {
    const { data } = Checkpoint.safeParse(item)
    const [key] = toNames([data?.title.replace(HASH, '') || data?.model_name])
    if (key === undefined) return []
    return [[key, { key, name: (toNames([data?.model_name])[0] ?? key).slice(0, 100) }]]
  })
  return [...new Map(checkpoints).values()].slice(0, MAX_CHECKPOINTS)
}

function readField(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
