import type { ServerResponse } from 'node:http'
import { sleep } from '../../src/runtime/timers.ts'
import type { FileFault } from './behavior.ts'
import { contentOf } from './content.ts'
import { type Content, half, sizeOf } from './file-content.ts'
import { sendJson } from './responses.ts'
import type { Begun, World } from './state.ts'

/** Sends the file of one output, once it may be sent, or what a fault makes of it. */
export async function sendFile(
  world: World,
  response: ServerResponse,
  begun: Begun,
  index: number,
  signal: AbortSignal,
) {
  countInFlight(world, response)
  await world.until(() => !world.behaviour.holdFiles, signal)
  await sleep(world.behaviour.fileDelayMs, signal)
  const fault = world.behaviour.files[index] ?? world.behaviour.files['*']
  const struck = fault && world.strikes(fault, `${begun.id}/${index}`) ? fault : undefined
  const content = await contentOf(world.behaviour, begun, index)
  world.journal.files.push({ id: begun.id, index, sent: struck?.kind ?? 'ok' })
  if (struck) return await FAULTS[struck.kind]({ response, content, fault: struck, signal })
  await sendWhole(response, content, signal)
}

function countInFlight(world: World, response: ServerResponse): void {
  const add = (change: number) => {
    const { journal } = world
    journal.filesInFlight += change
    journal.maxFilesInFlight = Math.max(journal.maxFilesInFlight, journal.filesInFlight)
    world.touch()
  }
  add(1)
  response.once('close', () => add(-1))
}

interface Exchange {
  response: ServerResponse
  content: Content
  fault: FileFault
  signal: AbortSignal
}

const FAULTS: Record<FileFault['kind'], (exchange: Exchange) => void | Promise<void>> = {
  status: ({ response, fault }) => sendJson(response, fault.status ?? 500, { detail: 'SECRET of the provider' }),
  truncated: async ({ response, content, signal }) => {
    response.writeHead(200, { 'content-type': content.type, 'content-length': sizeOf(content.pieces) })
    await write(response, half(content.pieces), signal)
    response.destroy()
  },
  'cut-without-length': async ({ response, content, signal }) => {
    // Without a length or chunks the end of the connection is the end of the file, and this one seems whole.
    response.useChunkedEncodingByDefault = false
    response.writeHead(200, { 'content-type': content.type })
    await write(response, half(content.pieces), signal)
    response.end()
  },
  'cut-in-chunks': async ({ response, content, signal }) => {
    response.writeHead(200, { 'content-type': content.type })
    await write(response, half(content.pieces), signal)
    response.destroy()
  },
  'in-chunks': async ({ response, content, signal }) => {
    response.writeHead(200, { 'content-type': content.type })
    await write(response, content.pieces, signal)
    response.end()
  },
  stall: async ({ response, content, signal }) => {
    response.writeHead(200, { 'content-type': content.type, 'content-length': sizeOf(content.pieces) })
    await write(response, half(content.pieces), signal)
  },
  'wrong-type': ({ response, content, signal }) => sendWhole(response, { ...content, type: 'application/pdf' }, signal),
  html: ({ response }) => sendBytes(response, Buffer.from('<h1>This link has expired</h1>'), 'text/html'),
  garbage: ({ response }) => sendBytes(response, crypto.getRandomValues(new Uint8Array(10_000)), 'image/png'),
  endless: async ({ response, content, signal }) => {
    response.writeHead(200, { 'content-type': content.type })
    await write(response, content.pieces.slice(0, 1), signal)
    while (!signal.aborted) await write(response, [new Uint8Array(65_536)], signal)
  },
  drip: async ({ response, content, signal }) => {
    response.writeHead(200, { 'content-type': content.type, 'content-length': sizeOf(content.pieces) })
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

async function sendWhole(response: ServerResponse, { type, pieces }: Content, signal: AbortSignal): Promise<void> {
  response.writeHead(200, { 'content-type': type, 'content-length': sizeOf(pieces) })
  await write(response, pieces, signal)
  response.end()
}

/** Writes one piece after the other, each once the one before is on its way. */
async function write(response: ServerResponse, pieces: readonly Uint8Array[], signal: AbortSignal): Promise<void> {
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
