import { renderImage } from './render-image.ts'
import type { RenderRequest, WorkerMessage } from './worker-protocol.ts'

declare const self: Worker

/** Share of an image between two progress messages. */
const MIN_PROGRESS_STEP = 0.04

self.onmessage = ({ data }: MessageEvent<RenderRequest>) => {
  let reported = 0
  const pixels = renderImage(data, share => {
    if (share - reported < MIN_PROGRESS_STEP) return
    reported = share
    send({ kind: 'progress', share })
  })
  send({ kind: 'done', pixels }, [pixels.buffer])
}

function send(message: WorkerMessage, transfer: ArrayBuffer[] = []): void {
  self.postMessage(message, transfer)
}
