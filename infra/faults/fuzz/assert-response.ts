import { Generation, GenerationPage } from '@darkroom/contracts/generation'
import { GenerationCount, ReferenceOrigin } from '@darkroom/contracts/history/library'
import { Timeline } from '@darkroom/contracts/history/timeline'
import { Usage } from '@darkroom/contracts/history/usage'
import { Models } from '@darkroom/contracts/model'
import { type Reference, References } from '@darkroom/contracts/reference'
import { createRequest } from '../bad-input/case.ts'
import { type HttpResponse, type Outcome, sendRequest } from './http.ts'
import { checkProblemResponse, readDetail } from './problem-response.ts'
import type { FuzzRequest } from './request.ts'

/** Media types that any response may have. */
const ALLOWED_TYPES =
  /^(application\/(json|zip)|image\/(png|jpeg|webp|avif|gif)|text\/(html|css|javascript)|font\/woff2)\b/
const IMAGE_TYPE = /^image\/(png|jpeg|webp|avif|gif)$/
/** Documents of a success, besides generations and references, whose parts are checked. */
const DOCUMENTS = [GenerationPage, GenerationCount, Timeline, Usage, Models]
const ORIGIN_TIMEOUT_MS = 5_000
/** Details of a refusal while bodies fill the memory budget: one that finds no room, and one that gave way to another. */
const OVERLOADED_DETAILS = [
  'Too much is being uploaded right now. Try again in a moment.',
  'This arrived too slowly while others were uploading, and was ended for them. Send it again.',
]

/**
 * Checks a response: a success must be readable afterwards, a refusal must be a valid problem, and a 503 is allowed, with a
 * Retry-After, while bodies fill their memory budget. The connection of a request that is not HTTP may be closed.
 *
 * @returns what is wrong, in a few words each
 */
export async function checkResponse(
  { request, mutations, isWellFormed }: FuzzRequest,
  outcome: Outcome,
  port: number,
): Promise<string[]> {
  const { status } = outcome
  if (typeof status === 'string') return status === 'closed' && !isWellFormed ? [] : [`no answer: ${status}`]
  const response = outcome as HttpResponse
  if (mutations.length === 0 && !isSuccess(response) && !isOverloaded(response))
    return [`${status} to a request that is good`]
  if (isSuccess(response)) return await checkSuccess(response, port)
  if (status >= 400 && status < 500) return checkProblemResponse(response, request.method)
  if (isOverloaded(response) || (status === 505 && !isWellFormed)) return []
  return [`${status}: ${response.body.toString().slice(0, 300)}`]
}

function isSuccess({ status }: HttpResponse): boolean {
  return (status >= 200 && status < 300) || status === 304
}

function isOverloaded(response: HttpResponse): boolean {
  return (
    response.status === 503 && response.headers.has('retry-after') && OVERLOADED_DETAILS.includes(readDetail(response))
  )
}

async function checkSuccess(response: HttpResponse, port: number): Promise<string[]> {
  const type = response.headers.get('content-type') ?? 'none'
  if (response.status === 304 || response.body.byteLength === 0) return []
  if (!ALLOWED_TYPES.test(type)) return [`is served as ${type}`]
  if (response.headers.get('x-content-type-options') !== 'nosniff') return ['may be sniffed']
  return type.startsWith('application/json') ? await checkJson(response, port) : []
}

async function checkJson(response: HttpResponse, port: number): Promise<string[]> {
  const json: unknown = JSON.parse(response.body.toString())
  const generation = Generation.safeParse(json)
  if (generation.success) return await checkGeneration(generation.data, port)
  const references = References.safeParse(json)
  if (references.success) {
    return [...(await checkReferences(references.data, port)), ...(await checkOrigins(references.data, port))]
  }
  const isKnown = DOCUMENTS.some(document => document.safeParse(json).success)
  return isKnown ? [] : [`is none of our documents: ${response.body.toString().slice(0, 200)}`]
}

async function checkGeneration({ id, prompt, references, outputs }: Generation, port: number): Promise<string[]> {
  const outcome = await sendRequest(port, createRequest({ target: `/api/generations/${id}` }))
  const row =
    'body' in outcome && outcome.status === 200 ? Generation.safeParse(JSON.parse(outcome.body.toString())) : null
  if (!row?.success || row.data.prompt !== prompt) return [`the row of ${id} cannot be read: ${outcome.status}`]
  const stored = outputs.flatMap(({ state, url, previewUrl }) =>
    state === 'stored' ? [url ?? '', previewUrl ?? ''] : [],
  )
  return [...(await checkReferences(references, port)), ...(await checkObjects(stored, port))]
}

async function checkReferences(references: readonly Reference[], port: number): Promise<string[]> {
  return await checkObjects(
    references.flatMap(({ url, previewUrl }) => [url, previewUrl]),
    port,
  )
}

/** Checks that the settings in each file can be asked for, whatever its metadata are. */
async function checkOrigins(references: readonly Reference[], port: number): Promise<string[]> {
  const origins = references.map(async ({ id }) => {
    const outcome = await sendRequest(
      port,
      createRequest({ target: `/api/references/${id}/origin` }),
      ORIGIN_TIMEOUT_MS,
    )
    const isRead = 'body' in outcome && ReferenceOrigin.safeParse(JSON.parse(outcome.body.toString())).success
    return isRead ? [] : [`the origin of ${id} cannot be read: ${outcome.status}`]
  })
  return (await Promise.all(origins)).flat()
}

async function checkObjects(targets: readonly string[], port: number): Promise<string[]> {
  const faults = await Promise.all([...new Set(targets)].map(target => checkObject(target, port)))
  return faults.flat()
}

async function checkObject(target: string, port: number): Promise<string[]> {
  const outcome = await sendRequest(port, createRequest({ target }))
  if (!('body' in outcome) || outcome.status !== 200) return [`${target} cannot be read: ${outcome.status}`]
  const type = outcome.headers.get('content-type') ?? 'none'
  return IMAGE_TYPE.test(type) && outcome.body.byteLength > 0
    ? []
    : [`${target} is ${outcome.body.byteLength} bytes of ${type}`]
}
