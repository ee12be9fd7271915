import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { sleep } from '../../src/runtime/timers.ts'
import { renderPreview } from './image.ts'
import { statusOf } from './predictions.ts'
import { sendJson } from './responses.ts'
import type { PredictionRecord, ProviderState } from './state.ts'
import type { WatchLine } from './wire.ts'

/** Longest side of a preview, in pixels. */
const PREVIEW_EDGE = 256

/** Sends the progress of a prediction and previews of its outputs as lines, while it runs. Where there are none, the route is none. */
export async function handleWatch(
  state: ProviderState,
  { response, signal }: { response: ServerResponse; signal: AbortSignal },
  prediction: PredictionRecord,
): Promise<void> {
  const { requestLog } = state
  if (state.behavior.previewEveryMs === null) return sendJson(response, 404, { detail: 'no previews' })
  requestLog.watched.push(prediction.id)
  requestLog.watching += 1
  state.notifyWaiters()
  try {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    response.flushHeaders()
    for (let tick = 0; isRunning(state, prediction) && !signal.aborted; tick++) {
      for (const line of await createLines(prediction, tick)) await write(response, line, signal)
      await sleep(state.behavior.previewEveryMs ?? 0, signal)
    }
    response.end()
  } finally {
    state.requestLog.watching -= 1
    state.notifyWaiters()
  }
}

function isRunning(state: ProviderState, prediction: PredictionRecord): boolean {
  return statusOf(state, prediction) === 'processing' && state.behavior.previewEveryMs !== null
}

async function createLines({ submission, startedAt, delayMs }: PredictionRecord, tick: number): Promise<WatchLine[]> {
  const { width, height, indices, seed } = submission
  const scale = PREVIEW_EDGE / Math.max(width, height, PREVIEW_EDGE)
  const size = { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
  const progress = delayMs === 0 ? 0 : Math.min(1, (performance.now() - startedAt) / delayMs)
  const previews = indices.map(async index => {
    const jpeg = await renderPreview(size, { seed, index, tick })
    return { preview: { index, base64: jpeg.toString('base64') } }
  })
  return [{ progress }, ...(await Promise.all(previews))]
}

async function write(response: ServerResponse, line: WatchLine, signal: AbortSignal): Promise<void> {
  if (!response.write(`${JSON.stringify(line)}\n`)) await once(response, 'drain', { signal }).catch(() => {})
}
