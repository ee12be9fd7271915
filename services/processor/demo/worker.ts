import { draw, type PictureRequest } from './render-image.ts'

declare const self: Worker

export type WorkerMessage = { kind: 'told'; share: number } | { kind: 'drawn'; pixels: Uint8Array<ArrayBuffer> }

/** Least share of a picture worth a message. */
const STRIDE = 0.04

self.onmessage = ({ data }: MessageEvent<PictureRequest>) => {
  let last = 0
  const pixels = draw(data, share => {
    if (share - last < STRIDE) return
    last = share
    send({ kind: 'told', share })
  })
  send({ kind: 'drawn', pixels }, [pixels.buffer])
}

function send(message: WorkerMessage, transfer: ArrayBuffer[] = []): void {
  self.postMessage(message, transfer)
}
