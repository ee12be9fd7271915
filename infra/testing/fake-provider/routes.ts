import type { IncomingMessage, ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { z } from 'zod'
import { sleep } from '../../src/runtime/timers.ts'
import type { RequestFault } from './behavior.ts'
import { sendFile } from './files.ts'
import { paintPicture } from './image.ts'
import { begin, describe, listedIndices, statusOf } from './predictions.ts'
import { misbehave, sendJson } from './responses.ts'
import type { Begun, World } from './state.ts'
import { BYTES_MODEL, type BytesLine, Submission } from './wire.ts'

interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  /** Aborted when the exchange is over, whoever ended it. */
  signal: AbortSignal
}

/** Answers one request. @throws ZodError or SyntaxError for what it cannot read; the signal's reason */
export async function answer(world: World, exchange: Exchange): Promise<void> {
  const { pathname } = new URL(exchange.request.url ?? '/', world.url)
  const asked = `${exchange.request.method} ${pathname}`
  for (const [pattern, handle] of ROUTES) {
    const [match, id = '', index = ''] = pattern.exec(asked) ?? []
    if (match !== undefined) return await handle(world, exchange, id, Number(index))
  }
  sendJson(exchange.response, 404, { detail: 'no such route' })
}

type Handler = (world: World, exchange: Exchange, id: string, index: number) => Promise<void> | void

const ROUTES: readonly [RegExp, Handler][] = [
  [/^POST \/predictions$/, submit],
  [/^GET \/predictions\/([\w-]+)$/, withBegun(check)],
  [/^POST \/predictions\/([\w-]+)\/cancel$/, withBegun(cancel)],
  [/^GET \/files\/([\w-]+)\/(\d+)\.png$/, withBegun(file)],
  [/^POST \/control$/, control],
  [/^GET \/log$/, (world, { response }) => sendJson(response, 200, world.journal)],
]

async function submit(world: World, exchange: Exchange): Promise<void> {
  const asked = Submission.parse(await json(exchange.request))
  const key = String(exchange.request.headers['idempotency-key'] ?? '') || null
  const fault = faultNow(world, world.behaviour.submit)
  const begun = fault && !fault.taken ? null : begin(world, asked, key)
  noteSubmit(world, asked, key, begun)
  if (fault) return misbehave(exchange.response, fault)
  if (begun === null) return
  if (asked.model === BYTES_MODEL) return await sendOutputs(world, exchange, begun)
  sendJson(exchange.response, 201, describe(world, begun))
}

function noteSubmit(world: World, asked: Submission, key: string | null, begun: Begun | null): void {
  const { submits, submitsByKey, predictions } = world.journal
  submits.push({ ...asked, id: begun?.id ?? null, idempotencyKey: key })
  if (key !== null) submitsByKey[key] = (submitsByKey[key] ?? 0) + 1
  if (begun !== null) predictions[begun.id] = statusOf(world, begun)
  world.touch()
}

/** Sends outputs as bytes, each on a line of its own as soon as it is made. */
async function sendOutputs(world: World, { response, signal }: Exchange, begun: Begun): Promise<void> {
  const send = (line: BytesLine) => response.write(`${JSON.stringify(line)}\n`)
  const indices = listedIndices(world, begun)
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  response.flushHeaders()
  for (const [made, index] of indices.entries()) {
    await sleep(begun.delayMs / indices.length, signal)
    await world.until(() => (world.behaviour.readyOutputs ?? Number.POSITIVE_INFINITY) > made, signal)
    const png = await paintPicture(begun.asked, begun.asked.seed, index)
    send({ index, mimeType: 'image/png', base64: png.toString('base64') })
  }
  send({ done: true })
  response.end()
}

async function check(world: World, { response }: Exchange, begun: Begun): Promise<void> {
  world.journal.checks.push(begun.id)
  world.touch()
  const fault = faultNow(world, world.behaviour.check)
  if (fault) return misbehave(response, fault)
  sendJson(response, 200, describe(world, begun))
}

async function cancel(world: World, { response }: Exchange, begun: Begun): Promise<void> {
  const fault = faultNow(world, world.behaviour.cancel)
  const over = ['succeeded', 'failed'].includes(statusOf(world, begun))
  if (!over && !world.behaviour.cancelTooLate && (!fault || fault.taken)) begun.cancelled = true
  const described = describe(world, begun)
  world.journal.cancels.push({ id: begun.id, status: described.status })
  world.touch()
  if (fault) return misbehave(response, fault)
  sendJson(response, 200, described)
}

async function file(world: World, { response, signal }: Exchange, begun: Begun, index: number): Promise<void> {
  if (!begun.asked.indices.includes(index)) return sendJson(response, 404, { detail: 'no such file' })
  await sendFile(world, response, begun, index, signal)
}

const Control = z.strictObject({ reset: z.boolean().optional(), set: z.unknown() })

/** For tests in another process: what the methods of the server do for those in this one. */
async function control(world: World, { request, response }: Exchange): Promise<void> {
  const { reset, set } = Control.parse(await json(request))
  if (reset) world.reset()
  world.change(set ?? {})
  sendJson(response, 200, world.behaviour)
}

function withBegun(handle: (world: World, exchange: Exchange, begun: Begun, index: number) => Promise<void> | void) {
  return async (world: World, exchange: Exchange, id: string, index: number) => {
    const begun = world.begun.get(id)
    if (begun === undefined) return sendJson(exchange.response, 404, { detail: 'no such prediction' })
    await handle(world, exchange, begun, index)
  }
}

function faultNow(world: World, fault: RequestFault | null): RequestFault | null {
  return fault && world.strikes(fault) ? fault : null
}
