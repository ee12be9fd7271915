import type { ServerResponse } from 'node:http'
import { sleep } from '@darkroom/infra/deadline'
import { sendJson } from './answer.ts'
import type { FileFault } from './behaviour.ts'
import { paintPicture } from './picture.ts'
import type { Begun, World } from './world.ts'

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
  const png = await paintPicture(begun.asked, begun.asked.seed, index)
  world.journal.files.push({ id: begun.id, index, sent: struck?.kind ?? 'ok' })
  if (struck) return await FAULTS[struck.kind]({ response, png, fault: struck, signal })
  sendBytes(response, png, 'image/png')
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
  png: Uint8Array
  fault: FileFault
  signal: AbortSignal
}

const FAULTS: Record<FileFault['kind'], (exchange: Exchange) => void | Promise<void>> = {
  status: ({ response, fault }) => sendJson(response, fault.status ?? 500, { detail: 'SECRET of the provider' }),
  truncated: ({ response, png }) => {
    response.writeHead(200, { 'content-type': 'image/png', 'content-length': png.byteLength })
    response.write(half(png), () => response.destroy())
  },
  'cut-without-length': ({ response, png }) => {
    // Without a length or chunks the end of the connection is the end of the file, and this one seems whole.
    response.useChunkedEncodingByDefault = false
    response.writeHead(200, { 'content-type': 'image/png' })
    response.write(half(png))
    response.end()
  },
  'wrong-type': ({ response, png }) => sendBytes(response, png, 'application/pdf'),
  html: ({ response }) => sendBytes(response, Buffer.from('<h1>This link has expired</h1>'), 'text/html'),
  garbage: ({ response }) => sendBytes(response, crypto.getRandomValues(new Uint8Array(10_000)), 'image/png'),
  endless: async ({ response, signal }) => {
    response.writeHead(200, { 'content-type': 'image/png' })
    while (!signal.aborted) {
      response.write(new Uint8Array(65_536))
      await sleep(1, signal)
    }
  },
  drip: async ({ response, png, signal }) => {
    response.writeHead(200, { 'content-type': 'image/png', 'content-length': png.byteLength })
    for (const byte of png) {
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

function sendBytes(response: ServerResponse, bytes: Uint8Array, type: string): void {
  response.writeHead(200, { 'content-type': type, 'content-length': bytes.byteLength })
  response.end(bytes)
}

function half(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.byteLength >> 1)
}
