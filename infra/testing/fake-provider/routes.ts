import type { IncomingMessage, ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { z } from 'zod'
import { sleep } from '../../src/runtime/timers.ts'
import { sendOutputs, trackAnswer } from './answers.ts'
import type { RequestFault } from './behavior.ts'
import { sendFile } from './files.ts'
import { renderImage } from './image.ts'
import { createInvoice } from './invoice.ts'
import { describePrediction, findPrediction, startPrediction, statusOf } from './predictions.ts'
import { createAnswerRecord, type SubmitEntry } from './request-log.ts'
import { sendFault, sendJson } from './responses.ts'
import type { PredictionRecord, ProviderState } from './state.ts'
import { handleWatch } from './watch.ts'
import { BYTES_MODEL, Submission } from './wire.ts'

/** Input images that are retained. */
const MAX_INPUTS = 64

interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  /** Aborted when the connection of the exchange is closed, by either side. */
  signal: AbortSignal
}

/** Handles a request. @throws ZodError or SyntaxError for an unreadable one; the signal's reason */
export async function handleRequest(state: ProviderState, exchange: Exchange): Promise<void> {
  const { pathname } = new URL(exchange.request.url ?? '/', state.url)
  const submission = `${exchange.request.method} ${pathname}`
  for (const [pattern, handle] of ROUTES) {
    const [match, id = '', index = ''] = pattern.exec(submission) ?? []
    if (match !== undefined) return await handle(state, exchange, id, Number(index))
  }
  sendJson(exchange.response, 404, { detail: 'no such route' })
}

type Handler = (state: ProviderState, exchange: Exchange, id: string, index: number) => Promise<void> | void

const ROUTES: readonly [RegExp, Handler][] = [
  [/^POST \/predictions$/, handleSubmit],
  [/^GET \/predictions$/, handleLookup],
  [/^GET \/predictions\/([\w-]+)$/, withPrediction(handleCheck)],
  [/^GET \/predictions\/([\w-]+)\/watch$/, withPrediction(handleWatch)],
  [/^POST \/predictions\/([\w-]+)\/cancel$/, withPrediction(handleCancel)],
  [/^GET \/files\/([\w-]+)\/(\d+)\.png$/, withPrediction(handleFile)],
  [/^GET \/posters\/([\w-]+)\/(\d+)\.png$/, withPrediction(handlePoster)],
  [/^GET \/inputs\/([0-9a-f]{64})$/, handleInput],
  [/^POST \/control$/, handleControl],
  [/^GET \/next-submit$/, handleNextSubmit],
  [/^GET \/invoice$/, (state, { response }) => sendJson(response, 200, createInvoice(state.predictions.values()))],
  [/^GET \/log$/, (state, { response }) => sendJson(response, 200, state.requestLog)],
]

async function handleSubmit(state: ProviderState, exchange: Exchange): Promise<void> {
  const receivedAt = Date.now()
  const submission = storeInputs(state, Submission.parse(await json(exchange.request)))
  const key = String(exchange.request.headers['idempotency-key'] ?? '') || null
  const fault = activeFault(state, state.behavior.submit)
  const prediction = fault && !fault.taken ? null : startPrediction(state, submission, key)
  const id = prediction?.id ?? null
  const record = createAnswerRecord({
    id,
    idempotencyKey: key,
    model: submission.model,
    indices: submission.indices,
    host: String(exchange.request.headers.host),
    receivedAt,
    fault: fault && describeFault(fault),
  })
  state.requestLog.answers.push(record)
  trackAnswer(state, exchange.response, record)
  logSubmit(state, { ...submission, id, idempotencyKey: key })
  if (fault) return sendFault(exchange.response, fault)
  if (prediction === null) return
  if (submission.model === BYTES_MODEL) return await sendOutputs(state, { ...exchange, record }, prediction)
  await sleep(state.behavior.submitDelayMs, exchange.signal)
  sendJson(exchange.response, 201, describePrediction(state, prediction))
}

/** Stores the bytes of input images. @returns the submission without them */
function storeInputs({ inputs }: ProviderState, submission: Submission): Submission {
  const references = submission.references.map(({ base64, ...reference }) => {
    if (base64 !== undefined) inputs.set(reference.sha256, Buffer.from(base64, 'base64'))
    return reference
  })
  for (const sha256 of inputs.keys()) {
    if (inputs.size <= MAX_INPUTS) break
    inputs.delete(sha256)
  }
  return { ...submission, references }
}

function handleInput({ inputs }: ProviderState, { response }: Exchange, sha256: string): void {
  const bytes = inputs.get(sha256)
  if (!bytes) {
    sendJson(response, 404, { detail: 'no such input' })
    return
  }
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes.byteLength })
  response.end(bytes)
}

function logSubmit(state: ProviderState, entry: SubmitEntry): void {
  const { submits, submitsByKey, predictions } = state.requestLog
  const { id, idempotencyKey: key } = entry
  submits.push(entry)
  if (key !== null) submitsByKey[key] = (submitsByKey[key] ?? 0) + 1
  const prediction = id === null ? undefined : state.predictions.get(id)
  if (prediction) predictions[prediction.id] = statusOf(state, prediction)
  state.notifyWaiters()
}

function describeFault({ kind, status }: RequestFault): string {
  return kind === 'status' ? `status ${status ?? 500}` : kind
}

/** Waits for the next submission to arrive, or for the next response to one to have been sent. */
async function handleNextSubmit(state: ProviderState, { request, response, signal }: Exchange): Promise<void> {
  const isAnswered = new URL(request.url ?? '/', state.url).searchParams.get('when') === 'answered'
  const { requestLog } = state
  const count = () => requestLog.answers.filter(({ endedAt }) => !isAnswered || endedAt !== null).length
  const before = count()
  await state.waitUntil(() => count() > before, signal)
  sendJson(response, 200, { count: count() })
}

/** Looks for the prediction of an idempotency key. */
async function handleLookup(state: ProviderState, { request, response }: Exchange): Promise<void> {
  const key = new URL(request.url ?? '/', state.url).searchParams.get('key') ?? ''
  state.requestLog.lookups.push(key)
  state.notifyWaiters()
  const fault = activeFault(state, state.behavior.lookup)
  if (fault) return sendFault(response, fault)
  const searched = !state.behavior.forgetsKeys
  const found = searched ? findPrediction(state, key) : undefined
  sendJson(response, 200, { searched, prediction: found ? describePrediction(state, found) : null })
}

async function handleCheck(state: ProviderState, { response }: Exchange, prediction: PredictionRecord): Promise<void> {
  state.requestLog.checks.push(prediction.id)
  state.notifyWaiters()
  const fault = activeFault(state, state.behavior.check)
  if (fault) return sendFault(response, fault)
  sendJson(response, 200, describePrediction(state, prediction))
}

async function handleCancel(state: ProviderState, { response }: Exchange, prediction: PredictionRecord): Promise<void> {
  const fault = activeFault(state, state.behavior.cancel)
  const isFinished = ['succeeded', 'failed'].includes(statusOf(state, prediction))
  if (!isFinished && !state.behavior.cancelTooLate && (!fault || fault.taken)) prediction.cancelled = true
  const described = describePrediction(state, prediction)
  state.requestLog.cancels.push({ id: prediction.id, status: described.status })
  state.notifyWaiters()
  if (fault) return sendFault(response, fault)
  sendJson(response, 200, described)
}

async function handleFile(
  state: ProviderState,
  { response, signal }: Exchange,
  prediction: PredictionRecord,
  index: number,
): Promise<void> {
  if (!prediction.submission.indices.includes(index)) return sendJson(response, 404, { detail: 'no such file' })
  await sendFile(state, response, prediction, index, signal)
}

/** Sends the image that stands for a video. */
async function handlePoster(
  _: ProviderState,
  { response }: Exchange,
  { submission }: PredictionRecord,
  index: number,
): Promise<void> {
  const image = await renderImage(submission, submission.seed, index)
  response.writeHead(200, { 'content-type': 'image/png', 'content-length': image.byteLength })
  response.end(image)
}

const Control = z.strictObject({ reset: z.boolean().optional(), set: z.unknown() })

/** Changes the behavior for tests in another process. */
async function handleControl(state: ProviderState, { request, response }: Exchange): Promise<void> {
  const { reset, set } = Control.parse(await json(request))
  if (reset) state.reset()
  state.setBehavior(set ?? {})
  sendJson(response, 200, state.behavior)
}

function withPrediction(
  handle: (
    state: ProviderState,
    exchange: Exchange,
    prediction: PredictionRecord,
    index: number,
  ) => Promise<void> | void,
) {
  return async (state: ProviderState, exchange: Exchange, id: string, index: number) => {
    const prediction = state.predictions.get(id)
    if (prediction === undefined) return sendJson(exchange.response, 404, { detail: 'no such prediction' })
    await handle(state, exchange, prediction, index)
  }
}

function activeFault(state: ProviderState, fault: RequestFault | null): RequestFault | null {
  return fault && state.shouldInject(fault) ? fault : null
}
