import { type RenderRequest, renderImage } from './render-image.ts'

declare const self: Worker

export type WorkerMessage = { kind: 'progress'; share: number } | { kind: 'done'; pixels: Uint8Array<ArrayBuffer> }

/** Least share of a picture worth a message. */
const MIN_PROGRESS_STEP = 0.04

self.onmessage = ({ data }: MessageEvent<RenderRequest>) => {
  let last = 0
  const pixels = renderImage(data, share => {
    if (share - last < MIN_PROGRESS_STEP) return
    last = share
    send({ kind: 'progress', share })
  })
  send({ kind: 'done', pixels }, [pixels.buffer])
}

function send(message: WorkerMessage, transfer: ArrayBuffer[] = []): void {
  self.postMessage(message, transfer)
}
