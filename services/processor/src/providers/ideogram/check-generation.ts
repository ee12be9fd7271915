import { FAILURES } from '@darkroom/contracts/failures'
import { type CheckOptions, type CheckResult, ProviderError, type ProviderOutput } from '../adapter.ts'
import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import { withQuote } from '../http/quote-provider.ts'
import { readJson } from '../http/read-response.ts'
import { sendRequest } from '../http/send-request.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { computePollInterval } from '../poll-interval.ts'
import { OUTPUT_SECONDS } from './model-specs.ts'
import { type GeneratedImage, Generation, GenerationId } from './wire.ts'

/** Polls are limited to 1,000 in 10 seconds; every few seconds are recommended [D]. */
const POLL_SECONDS = { min: 1, max: 3 }
const MAX_GENERATION_BYTES = 4_000_000

/**
 * Polls a generation. One that is not found is `gone` once it is as old as links live; before that it was never there.
 *
 * @throws ProviderError when the poll itself fails
 */
export async function checkGeneration(
  client: HttpClient,
  handle: string,
  signal: AbortSignal,
  { onReceipt, indices = [0], ageSeconds = 0 }: CheckOptions,
): Promise<CheckResult> {
  const { data: id } = GenerationId.safeParse(handle)
  if (id === undefined) throw new ProviderError('request_unknown')
  const generation = await requestGeneration(client, id, signal)
  if (generation === undefined) return { kind: ageSeconds >= OUTPUT_SECONDS ? 'gone' : 'never-seen' }
  if (generation.status === 'failed') return { kind: 'failed', error: toFailure(generation) }
  if (generation.status !== 'completed')
    return { kind: 'waiting', pollAfterSeconds: computePollInterval(ageSeconds, POLL_SECONDS), outputs: [] }
  const { usage_cost_usd_micros: micros, data } = generation
  const seed = data?.[0]?.seed
  onReceipt?.({
    ...(typeof micros === 'number' && { cost: { micros, currency: 'USD' } }),
    ...(typeof seed === 'number' && { seed }),
  })
  const outputs = indices.flatMap((index, position) => toOutput(index, data?.[position]))
  return outputs.length > 0 ? { kind: 'finished', outputs } : { kind: 'failed', error: new ProviderError('no_outputs') }
}

/** Returns the state of a generation; undefined where it is not found. */
async function requestGeneration(client: HttpClient, id: string, signal: AbortSignal): Promise<Generation | undefined> {
  const request: HttpRequest = {
    method: 'GET',
    path: `/v2/generations/${id}`,
    signal,
    failureIfUnanswered: 'retryable',
  }
  const answer = await sendRequest(client, request).catch(toUndefinedIfUnknown)
  if (answer === undefined) return undefined
  const { data } = Generation.safeParse(await readJson(answer, request, MAX_GENERATION_BYTES))
  if (!data) throw createMisbehavedError('retryable')
  return data
}

function toUndefinedIfUnknown(error: unknown): undefined {
  if (error instanceof ProviderError && error.code === 'request_unknown') return undefined
  throw error
}

/** Returns the output of a result. One that the safety check held back has no URL, and is billed [D]. */
function toOutput(index: number, image: GeneratedImage | undefined): ProviderOutput[] {
  if (image?.is_image_safe === false)
    return [{ index, kind: 'refused', error: new ProviderError('output_refused', { message: WITHHELD }) }]
  if (!image?.url) return []
  return [{ index, kind: 'url', url: image.url, expiresAt: computeExpiry(image.url) }]
}

const WITHHELD = 'Ideogram made it and held it back, because of its rules for content. It is billed all the same.'

/** Returns the time at which a link expires: that in the link itself [D, third party], else a day from now. */
function computeExpiry(url: string): Date {
  const now = Date.now()
  const expiresAt = Number(URL.parse(url)?.searchParams.get('exp') ?? 0) * 1_000
  const isBelievable = expiresAt > now && expiresAt <= now + 2 * OUTPUT_SECONDS * 1_000
  return new Date(isBelievable ? expiresAt : now + OUTPUT_SECONDS * 1_000)
}

/** Returns the error of a generation. The reason `content_policy_violation` is known from clients of others [D, third party]. */
function toFailure({ failure_reason: reason }: Generation): ProviderError {
  const isContent = /content|policy|safety|moderat/i.test(reason ?? '')
  const code = isContent ? 'content_refused' : 'provider_failed'
  return new ProviderError(code, { message: withQuote(FAILURES[code].message, reason?.replaceAll('_', ' ')) })
}
