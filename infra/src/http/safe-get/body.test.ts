import { expect, test } from 'bun:test'
import type { Socket } from 'node:net'
import {
  catchErrorCode,
  fetchErrorCode,
  neverAborted,
  optionsAllowing,
  startHttpServer,
  startTcpServer,
  testOptions,
} from '../../../testing/safe-get-server.ts'
import { createStream } from '../../../testing/store/streams.ts'
import { readAll, safeGet } from './safe-get.ts'

test('rejects a compressed response without decompressing it', async () => {
  const bomb = Bun.gzipSync(new Uint8Array(50_000_000))
  await using server = await startHttpServer(() => new Response(bomb, { headers: { 'content-encoding': 'gzip' } }))
  expect(await fetchErrorCode(server.at('/'), optionsAllowing([server.origin]))).toBe('encoding')
})

test('accepts a body of exactly the limit and not a byte more, with and without an announced length', async () => {
  await using server = await startHttpServer(({ url }) => {
    const bytes = new Uint8Array(Number(new URL(url).searchParams.get('bytes')))
    return new Response(url.includes('chunked') ? createStream([bytes]) : bytes)
  })
  const options = optionsAllowing([server.origin], { maxBytes: 100_000 })
  for (const path of ['/plain', '/chunked']) {
    const response = await safeGet(server.at(`${path}?bytes=100000`), options)
    expect(response.contentLength).toBe(path === '/plain' ? 100_000 : null)
    expect(await readAll(response, neverAborted)).toHaveLength(100_000)
    expect(await fetchErrorCode(server.at(`${path}?bytes=100001`), options)).toBe('too-large')
  }
})

const HEAD = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${HEAD}transfer-encoding: chunked\r\n\r\n`

for (const [name, code, respond] of [
  ['a body that never ends', 'too-large', (socket: Socket) => pour(socket, CHUNKED, '10000\r\n', 65_536)],
  [
    'an announced length above the limit',
    'too-large',
    (socket: Socket) => socket.write(`${HEAD}content-length: 5000001\r\n\r\n`),
  ],
  ['headers that never end', 'network', (socket: Socket) => pour(socket, `${HEAD}x: `, '', 65_536)],
  ['a body shorter than announced', 'truncated', cut(`${HEAD}content-length: 100\r\n\r\nhello`)],
  ['a chunked body without its end', 'truncated', cut(`${CHUNKED}5\r\nhello\r\n`)],
  ['a body cut off by a reset', 'truncated', reset(`${HEAD}content-length: 100\r\n\r\nhello`)],
  ['a reset of a body without a length', 'truncated', reset(`${HEAD}\r\nhello`)],
  ['a body that ends with its connection', 'nothing', cut(`${HEAD}\r\nhello`)],
  ['two content lengths', 'network', cut(`${HEAD}content-length: 5\r\ncontent-length: 6\r\n\r\nhello`)],
  [
    'a content length beside chunks',
    'network',
    cut(`${CHUNKED.trimEnd()}\r\ncontent-length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n`),
  ],
  ['compressed chunks', 'encoding', cut(`${HEAD}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`)],
  ['another protocol', 'network', cut('SSH-2.0-OpenSSH_9.2\r\n')],
  ['a switch of protocols', 'network', cut('HTTP/1.1 101 OK\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n')],
  ['silence', 'timeout', () => undefined],
  ['headers and then silence', 'timeout', (socket: Socket) => socket.write(`${HEAD}content-length: 5\r\n\r\n`)],
  ['a trickle of bytes', 'timeout', (socket: Socket) => trickle(socket, `${HEAD}content-length: 9999\r\n\r\n`)],
  ['a trickle of headers', 'timeout', (socket: Socket) => trickle(socket, HEAD)],
] as const) {
  test(`${name}: ${code === 'nothing' ? 'is accepted' : `fails with ${code}`}`, async () => {
    await using server = await startTcpServer(respond)
    const options = optionsAllowing([server.origin], {
      maxBytes: 5_000_000,
      deadlineMs: code === 'timeout' ? 150 : 60_000,
    })
    expect(await fetchErrorCode(`${server.origin}/`, options)).toBe(code)
    await server.disconnected
  })
}

for (const [when, respond] of [
  ['before the response', () => undefined],
  ['within the body', (socket: Socket) => socket.write(`${HEAD}content-length: 9\r\n\r\nhello`)],
] as const) {
  test(`silence ${when} ends at the idle timeout, before the deadline`, async () => {
    await using server = await startTcpServer(respond)
    const limits = optionsAllowing([server.origin], { deadlineMs: 60_000, idleTimeoutMs: 50 })
    const fetched = safeGet(`${server.origin}/`, limits).then(response => readAll(response, neverAborted))
    await expect(fetched).rejects.toThrow('fell silent')
    await server.disconnected
  })
}

test('the idle timeout covers neither a slow reader nor a server that sends in small chunks', async () => {
  // One byte each 10 ms: longer than the idle timeout in all.
  await using server = await startTcpServer(socket => trickle(socket, `${HEAD}content-length: 400\r\n\r\n`))
  const limits = optionsAllowing([server.origin], { deadlineMs: 60_000, idleTimeoutMs: 3_000 })
  for (const waitMs of [0, 3_200]) {
    const response = await safeGet(`${server.origin}/`, limits)
    await Bun.sleep(waitMs)
    expect(await readAll(response, neverAborted)).toHaveLength(400)
  }
})

test('fails when the connection is refused, and when the name server never responds', async () => {
  const server = await startTcpServer(() => undefined)
  await server[Symbol.asyncDispose]()
  expect(await fetchErrorCode(`${server.origin}/`, optionsAllowing([server.origin]))).toBe('network')
  const resolve = () => new Promise<string[]>(() => undefined)
  expect(await fetchErrorCode('http://public.example/', { ...testOptions(), resolve, deadlineMs: 50 })).toBe('timeout')
})

test('closes the connection of an unread body at the deadline, and of a cancelled one at once', async () => {
  await using server = await startTcpServer(socket => pour(socket, CHUNKED, '10000\r\n', 65_536))
  const unread = await safeGet(`${server.origin}/`, optionsAllowing([server.origin], { deadlineMs: 3_000 }))
  await server.disconnected
  expect(await catchErrorCode(readAll(unread, neverAborted))).toBe('timeout')

  await using another = await startTcpServer(socket => pour(socket, CHUNKED, '10000\r\n', 65_536))
  const cancelled = await safeGet(`${another.origin}/`, optionsAllowing([another.origin]))
  await cancelled.body.cancel()
  await another.disconnected
})

test('an unread body that breaks off raises no unhandled error', async () => {
  await using server = await startTcpServer(reset(`${HEAD}\r\nhello`))
  const unread = await safeGet(`${server.origin}/`, optionsAllowing([server.origin]))
  await server.disconnected
  // The reset arrives a moment after the server has closed the connection.
  await new Promise(setImmediate)
  expect(await catchErrorCode(readAll(unread, neverAborted))).toBe('truncated')
})

test('an abort by the caller throws its reason, before the response and within the body', async () => {
  const reason = new Error('no longer needed')
  await using silent = await startTcpServer(() => undefined)
  const before = new AbortController()
  const pending = safeGet(`${silent.origin}/`, optionsAllowing([silent.origin], { signal: before.signal }))
  await silent.requested
  before.abort(reason)
  await expect(pending).rejects.toBe(reason)
  await expect(safeGet(`${silent.origin}/`, optionsAllowing([silent.origin], { signal: before.signal }))).rejects.toBe(
    reason,
  )

  await using stalled = await startTcpServer(socket => socket.write(`${HEAD}content-length: 9\r\n\r\nhello`))
  const [within, reading] = [new AbortController(), new AbortController()]
  const get = (signal: AbortSignal) => safeGet(`${stalled.origin}/`, optionsAllowing([stalled.origin], { signal }))
  const [first, second] = [await get(within.signal), await get(neverAborted)]
  const reads = [readAll(first, neverAborted), readAll(second, reading.signal)]
  within.abort(reason)
  reading.abort(reason)
  expect((await Promise.allSettled(reads)).map(read => read.status === 'rejected' && read.reason)).toEqual([
    reason,
    reason,
  ])
  await expect(readAll(await get(neverAborted), AbortSignal.abort(reason))).rejects.toBe(reason)
})

function cut(text: string): (socket: Socket) => void {
  return socket => socket.end(text)
}

function reset(text: string): (socket: Socket) => void {
  return socket =>
    socket.write(text, async () => {
      // The client has to read the text first, which takes turns of this process rather than time.
      for (let turn = 0; turn < 10; turn++) await Bun.sleep(2)
      socket.resetAndDestroy()
    })
}

/** Writes until the connection is closed. */
function pour(socket: Socket, start: string, before: string, bytes: number): void {
  const chunk = `${before}${'a'.repeat(bytes)}${before && '\r\n'}`
  const write = () => {
    while (!socket.destroyed && socket.write(chunk));
  }
  socket.write(start)
  socket.on('drain', write)
  write()
}

function trickle(socket: Socket, start: string): void {
  socket.write(start)
  const timer = setInterval(() => socket.write('a'), 10)
  socket.on('close', () => clearInterval(timer))
}
