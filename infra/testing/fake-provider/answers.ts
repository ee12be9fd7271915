import type { ServerResponse } from 'node:http'
import { sleep } from '../../src/runtime/timers.ts'
import { createRandom } from '../random.ts'
import type { AnswerBehavior } from './behavior.ts'
import { renderImage } from './image.ts'
import { getReportedCost } from './invoice.ts'
import { listFaultyIndices } from './predictions.ts'
import type { AnswerRecord } from './request-log.ts'
import type { PredictionRecord, ProviderState } from './state.ts'
import type { BytesLine } from './wire.ts'

/** A response with bytes that is being sent. */
interface Answer {
  response: ServerResponse
  record: AnswerRecord
  /** Aborted when the connection is closed, by either side. */
  signal: AbortSignal
}

/** Records when a response began, ended and was closed. */
export function trackAnswer(state: ProviderState, response: ServerResponse, record: AnswerRecord): void {
  response.once('finish', () => {
    record.endedAt = Date.now()
    record.beganAt ??= record.endedAt
    record.status = response.statusCode
    state.notifyWaiters()
  })
  response.once('close', () => {
    record.closedAt = Date.now()
    if (response.headersSent) record.status = response.statusCode
    state.notifyWaiters()
  })
}

/** Sends outputs as bytes, each on a line of its own as soon as it is finished, in the way of `Behavior.answer`. */
export async function sendOutputs(state: ProviderState, answer: Answer, prediction: PredictionRecord): Promise<void> {
  const { response, record, signal } = answer
  const { answer: behavior } = state.behavior
  const cut = behavior.cut && state.shouldInject(behavior.cut) ? behavior.cut.at : null
  if (cut !== null) record.fault = `cut ${cut}`
  const indices = listFaultyIndices(state, prediction)
  await sleep(chooseDelay(behavior, prediction.id), signal)
  // Bun would send an empty response of 200 if the response alone were destroyed after a wait.
  if (cut === 'before') return void response.socket?.destroy()
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  response.flushHeaders()
  record.beganAt = Date.now()
  if (cut === 'headers') return void response.destroy()
  for (const [made, index] of indices.entries()) {
    await sleep(prediction.delayMs / indices.length, signal)
    await state.waitUntil(() => (state.behavior.readyOutputs ?? Number.POSITIVE_INFINITY) > made, signal)
    const png = await renderImage(prediction.submission, prediction.submission.seed, index)
    const line = formatLine({ index, mimeType: 'image/png', base64: png.toString('base64') })
    if (cut === 'middle' && made === indices.length - 1) {
      await write(answer, line.slice(0, line.length >> 1))
      return void response.destroy()
    }
    await writeInPieces(answer, line, behavior)
    record.outputs.push({ index, sha256: new Bun.CryptoHasher('sha256').update(png).digest('hex') })
  }
  const cost = getReportedCost(prediction)
  await write(answer, formatLine({ done: true, ...(cost && { cost }) }))
  if (cut === 'after') return void response.destroy()
  response.end()
}

function chooseDelay({ slowOneIn, delayMs: [least, most] }: AnswerBehavior, id: string): number {
  const random = createRandom(id)
  return random.oneIn(slowOneIn) ? least + random.nextInt(most - least + 1) : 0
}

async function writeInPieces(answer: Answer, line: string, { pieceBytes, pieceMs }: AnswerBehavior): Promise<void> {
  const length = pieceBytes ?? line.length
  for (let at = 0; at < line.length; at += length) {
    await write(answer, line.slice(at, at + length))
    if (pieceBytes !== null) await sleep(pieceMs, answer.signal)
    answer.signal.throwIfAborted()
  }
}

/** Writes text, and waits until it is handed to the system or the connection is closed. */
async function write({ response, record, signal }: Answer, text: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const stop = () => resolve()
  signal.throwIfAborted()
  signal.addEventListener('abort', stop, { once: true })
  response.write(text, () => resolve())
  await promise
  signal.removeEventListener('abort', stop)
  signal.throwIfAborted()
  record.bytes += text.length
}

function formatLine(line: BytesLine): string {
  return `${JSON.stringify(line)}\n`
}
