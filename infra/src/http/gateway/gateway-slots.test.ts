import { afterAll, beforeAll, expect, test } from 'bun:test'
import { connect, type Socket } from 'node:net'
import { waitFor } from '../../../testing/wait-for.ts'
import { type Gateway, startGateway } from './gateway.ts'

/** Requests that do not end, of one client and of several, beside those of others. */

const HOST = '127.0.0.1'
const WAIT_MS = 60_000

let service: Bun.Server<undefined>
let gateway: Gateway

beforeAll(() => {
  service = Bun.serve({
    port: 0,
    hostname: HOST,
    idleTimeout: 0,
    fetch: request => {
      const { pathname } = new URL(request.url)
      if (pathname === '/api/silent') return new Promise(() => {})
      if (pathname === '/api/quick') return new Response('quick')
      if (pathname === '/api/none') return new Response(null, { status: 204 })
      return new Response(new ReadableStream({ pull: controller => controller.enqueue(new Uint8Array(65_536)) }))
    },
  })
  const url = `http://${HOST}:${service.port}`
  gateway = startGateway({ port: 0, host: HOST, upstreams: { ingest: url, query: url }, maxRequests: 8 })
})

afterAll(async () => {
  await gateway.closeConnections()
  await service.stop(true)
})

test.each(['/api/endless', '/api/silent'])(
  '%s: a client that leaves its requests open has half of the slots, and gives them back',
  async path => {
    const sockets = Array.from({ length: 10 }, () => open('127.0.0.8', path))
    await waitFor('The refusals', WAIT_MS, async () => countRefused(sockets) === 6)
    expect(await fetchQuick()).toEqual([200, 'quick'])
    const more = Array.from({ length: 6 }, () => open('127.0.0.9', path))
    await waitFor('The refusals of the other', WAIT_MS, async () => countRefused(more) === 2)
    const [status, problem] = await fetchQuick()
    expect([status, JSON.parse(problem).code]).toEqual([503, 'unavailable'])
    for (const { socket } of [...sockets, ...more]) socket.destroy()
    await waitFor('The slots', WAIT_MS, async () => (await fetchQuick())[0] === 200)
    const ended = Array.from({ length: 30 }, () => fetch(`http://${HOST}:${gateway.port}/api/none`))
    for (const response of ended) await (await response).arrayBuffer()
    const again = Array.from({ length: 4 }, () => open('127.0.0.8', path))
    await waitFor('The first bytes', WAIT_MS, async () => (await fetchQuick())[0] === 200)
    expect(countRefused(again)).toBe(0)
    for (const { socket } of again) socket.destroy()
  },
)

interface Opened {
  socket: Socket
  received: () => string
}

/** Opens a request from an address of its own, and reads only the beginning of its response. */
function open(localAddress: string, path: string): Opened {
  let text = ''
  const socket = connect({ port: gateway.port, host: HOST, localAddress })
  socket.on('error', () => {})
  socket.once('data', data => {
    text = data.toString('latin1')
    if (!text.includes('"code"')) socket.pause()
  })
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`)
  return { socket, received: () => text }
}

function countRefused(opened: readonly Opened[]): number {
  return opened.filter(({ received }) => /^HTTP\/1\.1 (429|503)/.test(received())).length
}

async function fetchQuick(): Promise<[number, string]> {
  const response = await fetch(`http://${HOST}:${gateway.port}/api/quick`)
  return [response.status, await response.text()]
}
