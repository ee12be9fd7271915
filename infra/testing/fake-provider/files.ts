import type { ServerResponse } from 'node:http'
import { sleep } from '../../src/runtime/timers.ts'
import type { FileFault } from './behavior.ts'
import { createContent } from './content.ts'
import { type FileContent, firstHalf, totalBytes } from './file-content.ts'
import { sendJson } from './responses.ts'
import type { PredictionRecord, ProviderState } from './state.ts'

/** Sends the file of one output, or its fault, once files are released. */
export async function sendFile(
  state: ProviderState,
  response: ServerResponse,
  prediction: PredictionRecord,
  index: number,
  signal: AbortSignal,
) {
  countInFlight(state, response)
  await state.waitUntil(() => !state.behavior.holdFiles, signal)
  await sleep(state.behavior.fileDelayMs, signal)
  const fault = state.behavior.files[index] ?? state.behavior.files['*']
  const activeFault = fault && state.shouldInject(fault, `${prediction.id}/${index}`) ? fault : undefined
  const content = await createContent(state.behavior, prediction, index)
  state.requestLog.files.push({ id: prediction.id, index, sent: activeFault?.kind ?? 'ok' })
  if (activeFault) return await FAULT_HANDLERS[activeFault.kind]({ response, content, fault: activeFault, signal })
  await sendWhole(response, content, signal)
}

function countInFlight(state: ProviderState, response: ServerResponse): void {
  const add = (change: number) => {
    const { requestLog } = state
    requestLog.filesInFlight += change
    requestLog.maxFilesInFlight = Math.max(requestLog.maxFilesInFlight, requestLog.filesInFlight)
    state.notifyWaiters()
  }
  add(1)
  response.once('close', () => add(-1))
}

interface FileExchange {
  response: ServerResponse
  content: FileContent
  fault: FileFault
  signal: AbortSignal
}

const FAULT_HANDLERS: Record<FileFault['kind'], (exchange: FileExchange) => void | Promise<void>> = {
  status: ({ response, fault }) => sendJson(response, fault.status ?? 500, { detail: 'SECRET of the provider' }),
  truncated: async ({ response, content, signal }) => {
    response.writeHead(200, { 'content-type': content.type, 'content-length': totalBytes(content.pieces) })
    await writePieces(response, firstHalf(content.pieces), signal)
    response.destroy()
  },
  'cut-without-length': async ({ response, content, signal }) => {
    // Without a length or chunks the end of the connection ends the file, so this one seems complete.
    response.useChunkedEncodingByDefault = false
    response.writeHead(200, { 'content-type': content.type })
    await writePieces(response, firstHalf(content.pieces), signal)
    response.end()
  },
  'cut-in-chunks': async ({ response, content, signal }) => {
    response.writeHead(200, { 'content-type': content.type })
    await writePieces(response, firstHalf(content.pieces), signal)
    response.destroy()
  },
  'in-chunks': async ({ response, content, signal }) => {
    response.writeHead(200, { 'content-type': content.type })
    await writePieces(response, content.pieces, signal)
    response.end()
  },
  stall: async ({ response, content, signal }) => {
    response.writeHead(200, { 'content-type': content.type, 'content-length': totalBytes(content.pieces) })
    await writePieces(response, firstHalf(content.pieces), signal)
  },
  'wrong-type': ({ response, content, signal }) => sendWhole(response, { ...content, type: 'application/pdf' }, signal),
  html: ({ response }) => sendBytes(response, Buffer.from('<h1>This link has expired</h1>'), 'text/html'),
  garbage: ({ response }) => sendBytes(response, crypto.getRandomValues(new Uint8Array(10_000)), 'image/png'),
  endless: async ({ response, content, signal }) => {
    response.writeHead(200, { 'content-type': content.type })
    await writePieces(response, content.pieces.slice(0, 1), signal)
    while (!signal.aborted) await writePieces(response, [new Uint8Array(65_536)], signal)
  },
  drip: async ({ response, content, signal }) => {
    response.writeHead(200, { 'content-type': content.type, 'content-length': totalBytes(content.pieces) })
    for (const byte of content.pieces[0] ?? []) {
      if (signal.aborted) return
      response.write(Uint8Array.of(byte))
      await sleep(20, signal)
    }
  },
  hang: () => undefined,
  redirect: ({ response, fault }) => {
    response.writeHead(302, { location: fault.to ?? 'http://127.0.0.1/' })
    response.end()
  },
}

async function sendWhole(response: ServerResponse, { type, pieces }: FileContent, signal: AbortSignal): Promise<void> {
  response.writeHead(200, { 'content-type': type, 'content-length': totalBytes(pieces) })
  await writePieces(response, pieces, signal)
  response.end()
}

/** Writes piece after piece, each once the previous one is sent. */
async function writePieces(
  response: ServerResponse,
  pieces: readonly Uint8Array[],
  signal: AbortSignal,
): Promise<void> {
  for (const piece of pieces) {
    if (signal.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => resolve(), { once: true })
    response.write(piece, () => resolve())
    await promise
  }
}

function sendBytes(response: ServerResponse, bytes: Uint8Array, type: string): void {
  response.writeHead(200, { 'content-type': type, 'content-length': bytes.byteLength })
  response.end(bytes)
}
