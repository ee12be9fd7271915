import {
  type CancelResult,
  type CheckOptions,
  type CheckResult,
  ProviderError,
  type ProviderOutput,
  type Receipt,
} from '../adapter.ts'
import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import { readChunks } from '../http/read-response.ts'
import { sendRequest } from '../http/send-request.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { computePollInterval } from '../poll-interval.ts'
import type { TakenCall } from './call-handle.ts'
import { toLinkedOutput } from './linked-output.ts'
import { MAX_ANSWER_BYTES, readImageJson, toImageOutput } from './read-image.ts'
import { classifyContentWords, createQuotedError } from './refused-content.ts'
import { flattenInteractionUsage } from './usage.ts'
import { Interaction, type InteractionContent } from './wire.ts'

const POLL_SECONDS = { min: 1, max: 3 }

/** An interaction, and the files that were in it. */
export interface FoundInteraction {
  interaction: Interaction
  files: readonly Uint8Array[]
}

/** Polls an interaction. One that Google no longer has is `gone`: it had given its id. @see GET /interactions/{id} [S] */
export async function checkInteraction(
  client: HttpClient,
  { name, index }: TakenCall,
  signal: AbortSignal,
  { onReceipt, ageSeconds = 0 }: CheckOptions,
): Promise<CheckResult> {
  const found = await requestInteraction(client, { method: 'GET', path: `/interactions/${name}`, signal })
  if (found === undefined) return { kind: 'gone' }
  if (isRunning(found.interaction))
    return { kind: 'waiting', pollAfterSeconds: computePollInterval(ageSeconds, POLL_SECONDS), outputs: [] }
  onReceipt?.(createInteractionReceipt(found.interaction))
  if (found.interaction.status === 'cancelled')
    return { kind: 'failed', error: new ProviderError('cancelled_by_provider') }
  const output = findInteractionOutput(client.baseUrl, found, index, 'retryable')
  return output ? { kind: 'finished', outputs: [output] } : { kind: 'failed', error: toFailure(found.interaction) }
}

/** Cancels an interaction. Whether what it has done is billed is [U]. @see POST /interactions/{id}/cancel [S] */
export async function cancelInteraction(
  client: HttpClient,
  { name }: TakenCall,
  signal: AbortSignal,
): Promise<CancelResult> {
  const path = `/interactions/${name}/cancel`
  const found = await requestInteraction(client, { method: 'POST', path, signal }).catch(toUndefinedIfRefused)
  if (found?.interaction.status === 'cancelled') return { kind: 'cancelled', billed: null }
  return { kind: 'too-late', billed: found?.interaction.status === 'completed' ? true : null }
}

/** Returns the image of an interaction, which is the last one that the model has put out; undefined if there is none. */
export function findInteractionOutput(
  baseUrl: string,
  { interaction, files }: FoundInteraction,
  index: number,
  failure: 'unknown' | 'retryable',
): ProviderOutput | undefined {
  const image = listContents(interaction).findLast(isImage) ?? interaction.output_image
  if (image?.data !== undefined) return toImageOutput(index, files[image.data], failure)
  return image?.uri === undefined
    ? undefined
    : toLinkedOutput(baseUrl, { index, uri: image.uri, expiresAt: null }, failure)
}

/** Returns the facts of an interaction. Its id is what Google's support asks for. [U] */
export function createInteractionReceipt({ id, usage }: Interaction): Receipt {
  return { trace: id, ...(usage && { usage: flattenInteractionUsage(usage) }) }
}

async function requestInteraction(
  client: HttpClient,
  { method, path, signal }: Pick<HttpRequest, 'method' | 'path' | 'signal'>,
): Promise<FoundInteraction | undefined> {
  const request: HttpRequest = { method, path, signal, failureIfUnanswered: 'retryable' }
  const response = await sendRequest(client, request).catch(toUndefinedIfUnknown)
  if (response === undefined) return undefined
  const { body, files } = await readImageJson(readChunks(response, request, MAX_ANSWER_BYTES), 'retryable')
  const { data } = Interaction.safeParse(body)
  if (!data) throw createMisbehavedError('retryable')
  return { interaction: data, files }
}

function toUndefinedIfUnknown(error: unknown): undefined {
  if (error instanceof ProviderError && error.code === 'request_unknown') return undefined
  throw error
}

/** Returns nothing for a cancel that was refused: there is nothing left to stop. @throws the error of any other */
function toUndefinedIfRefused(error: unknown): undefined {
  const isRefused = error instanceof ProviderError && ['setting_refused', 'provider_refused'].includes(error.code)
  if (isRefused && error.failure === 'permanent') return undefined
  throw error
}

/** States that end an interaction; any other is one on the way. [S] InteractionStatus */
const ENDED = ['completed', 'failed', 'cancelled', 'incomplete', 'budget_exceeded', 'requires_action']

function isRunning({ status }: Interaction): boolean {
  return !ENDED.includes(status)
}

function listContents({ steps }: Interaction): InteractionContent[] {
  return steps?.flatMap(({ type, content }) => (type === 'model_output' ? (content ?? []) : [])) ?? []
}

function isImage({ type, data, uri }: InteractionContent): boolean {
  return type === 'image' && (data !== undefined || uri !== undefined)
}

/** Returns the reason why an interaction has no image. */
function toFailure(interaction: Interaction): ProviderError {
  const { status, errors = [], steps = [] } = interaction
  const reported = [...errors, ...steps.flatMap(({ error }) => (error ? [error] : []))]
  const words = reported.map(({ code, message }) => `${code ?? ''} ${message ?? ''}`).join(' ')
  const message = reported.find(error => error.message !== undefined)?.message
  const refused = classifyContentWords(words)
  if (refused) return createQuotedError(refused, message)
  if (status === 'budget_exceeded') return createQuotedError('payment_required', message)
  const text = listContents(interaction).find(content => content.text !== undefined)?.text
  if (status === 'completed') return createQuotedError('no_outputs', text)
  return createQuotedError('provider_failed', message ?? text)
}
