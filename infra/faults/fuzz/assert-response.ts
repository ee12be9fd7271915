import { Generation, GenerationPage } from '@darkroom/contracts/generation'
import { Models } from '@darkroom/contracts/model'
import { type Reference, References } from '@darkroom/contracts/reference'
import { wire } from '../bad-input/case.ts'
import { type Answer, exchange, type Outcome } from './http.ts'
import { detailOf, faultsOfRefusal } from './problem-response.ts'
import type { FuzzRequest } from './request.ts'

/** The types in which anything may ever be served. */
const SERVED = /^(application\/json|image\/(png|jpeg|webp|avif|gif)|text\/(html|css|javascript)|font\/woff2)\b/
const PICTURE = /^image\/(png|jpeg|webp|avif|gif)$/
const CROWDED = 'Too much is being uploaded right now. Try again in a moment.'

/**
 * The one oracle. An answer is a success that can be read back, a refusal in good form, or, where bodies fill all the memory
 * there is for them, a 503 that says when to come back. What is not HTTP may be cut off.
 *
 * @returns what is wrong, in a few words each
 */
export async function faultsOf(
  { request, done, sound }: FuzzRequest,
  outcome: Outcome,
  port: number,
): Promise<string[]> {
  const { status } = outcome
  if (typeof status === 'string') return status === 'closed' && !sound ? [] : [`no answer: ${status}`]
  const answer = outcome as Answer
  if (done.length === 0 && !isFine(answer) && !isCrowded(answer)) return [`${status} to a request that is good`]
  if (isFine(answer)) return await faultsOfSuccess(answer, port)
  if (status >= 400 && status < 500) return faultsOfRefusal(answer, request.method)
  if (isCrowded(answer) || (status === 505 && !sound)) return []
  return [`${status}: ${answer.body.toString().slice(0, 300)}`]
}

function isFine({ status }: Answer): boolean {
  return (status >= 200 && status < 300) || status === 304
}

function isCrowded(answer: Answer): boolean {
  return answer.status === 503 && answer.headers.has('retry-after') && detailOf(answer) === CROWDED
}

async function faultsOfSuccess(answer: Answer, port: number): Promise<string[]> {
  const type = answer.headers.get('content-type') ?? 'none'
  if (answer.status === 304 || answer.body.byteLength === 0) return []
  if (!SERVED.test(type)) return [`is served as ${type}`]
  if (answer.headers.get('x-content-type-options') !== 'nosniff') return ['may be sniffed']
  return type.startsWith('application/json') ? await faultsOfJson(answer, port) : []
}

async function faultsOfJson(answer: Answer, port: number): Promise<string[]> {
  const said: unknown = JSON.parse(answer.body.toString())
  const generation = Generation.safeParse(said)
  if (generation.success) return await faultsOfGeneration(generation.data, port)
  const references = References.safeParse(said)
  if (references.success) return await faultsOfReferences(references.data, port)
  const known = GenerationPage.safeParse(said).success || Models.safeParse(said).success
  return known ? [] : [`is none of our documents: ${answer.body.toString().slice(0, 200)}`]
}

async function faultsOfGeneration({ id, prompt, references, outputs }: Generation, port: number): Promise<string[]> {
  const outcome = await exchange(port, wire({ target: `/api/generations/${id}` }))
  const row =
    'body' in outcome && outcome.status === 200 ? Generation.safeParse(JSON.parse(outcome.body.toString())) : null
  if (!row?.success || row.data.prompt !== prompt) return [`the row of ${id} cannot be read: ${outcome.status}`]
  const stored = outputs.flatMap(({ state, url, previewUrl }) =>
    state === 'stored' ? [url ?? '', previewUrl ?? ''] : [],
  )
  return [...(await faultsOfReferences(references, port)), ...(await faultsOfObjects(stored, port))]
}

async function faultsOfReferences(references: readonly Reference[], port: number): Promise<string[]> {
  return await faultsOfObjects(
    references.flatMap(({ url, previewUrl }) => [url, previewUrl]),
    port,
  )
}

async function faultsOfObjects(targets: readonly string[], port: number): Promise<string[]> {
  const faults = await Promise.all([...new Set(targets)].map(target => faultsOfObject(target, port)))
  return faults.flat()
}

async function faultsOfObject(target: string, port: number): Promise<string[]> {
  const outcome = await exchange(port, wire({ target }))
  if (!('body' in outcome) || outcome.status !== 200) return [`${target} cannot be read: ${outcome.status}`]
  const type = outcome.headers.get('content-type') ?? 'none'
  return PICTURE.test(type) && outcome.body.byteLength > 0
    ? []
    : [`${target} is ${outcome.body.byteLength} bytes of ${type}`]
}
