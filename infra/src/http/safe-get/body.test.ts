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
import { readAll, safeGet } from './safe-get.ts'

test('a compressed answer is refused, so that no bomb is unpacked', async () => {
  const bomb = Bun.gzipSync(new Uint8Array(50_000_000))
  await using server = await startHttpServer(() => new Response(bomb, { headers: { 'content-encoding': 'gzip' } }))
  expect(await fetchErrorCode(server.at('/'), optionsAllowing([server.origin]))).toBe('encoding')
})

test('takes a body of exactly the allowed size and not a byte more, promised or not', async () => {
  await using server = await startHttpServer(({ url }) => {
    const bytes = new Uint8Array(Number(new URL(url).searchParams.get('bytes')))
    return new Response(url.includes('chunked') ? streamOnce(bytes) : bytes)
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

for (const [what, code, answer] of [
  ['a body that never ends', 'too-large', (socket: Socket) => pour(socket, CHUNKED, '10000\r\n', 65_536)],
  ['a promise of too much', 'too-large', (socket: Socket) => socket.write(`${HEAD}content-length: 5000001\r\n\r\n`)],
  ['headers that never end', 'network', (socket: Socket) => pour(socket, `${HEAD}x: `, '', 65_536)],
  ['a body shorter than promised', 'truncated', cut(`${HEAD}content-length: 100\r\n\r\nhello`)],
  ['a chunked body without its end', 'truncated', cut(`${CHUNKED}5\r\nhello\r\n`)],
  ['a body broken off by a reset', 'truncated', reset(`${HEAD}content-length: 100\r\n\r\nhello`)],
  ['a reset of a body that promised nothing', 'truncated', reset(`${HEAD}\r\nhello`)],
  ['a body whose end nobody can tell', 'nothing', cut(`${HEAD}\r\nhello`)],
  ['two lengths', 'network', cut(`${HEAD}content-length: 5\r\ncontent-length: 6\r\n\r\nhello`)],
  [
    'a length beside chunks',
    'network',
    cut(`${CHUNKED.trimEnd()}\r\ncontent-length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n`),
  ],
  ['packed chunks', 'encoding', cut(`${HEAD}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n`)],
  ['another protocol', 'network', cut('SSH-2.0-OpenSSH_9.2\r\n')],
  ['a switch of protocols', 'network', cut('HTTP/1.1 101 OK\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n')],
  ['silence', 'timeout', () => undefined],
  ['headers and then silence', 'timeout', (socket: Socket) => socket.write(`${HEAD}content-length: 5\r\n\r\n`)],
  ['a drip of bytes', 'timeout', (socket: Socket) => drip(socket, `${HEAD}content-length: 9999\r\n\r\n`)],
  ['a drip of headers', 'timeout', (socket: Socket) => drip(socket, HEAD)],
] as const) {
  test(`${what} ends as ${code}`, async () => {
    await using server = await startTcpServer(answer)
    const options = optionsAllowing([server.origin], {
      maxBytes: 5_000_000,
      deadlineMs: code === 'timeout' ? 150 : 60_000,
    })
    expect(await fetchErrorCode(`${server.origin}/`, options)).toBe(code)
    await server.disconnected
  })
}

for (const [when, answer] of [
  ['before an answer', () => undefined],
  ['in a body', (socket: Socket) => socket.write(`${HEAD}content-length: 9\r\n\r\nhello`)],
] as const) {
  test(`silence ${when} is not waited for until the deadline`, async () => {
    await using server = await startTcpServer(answer)
    const limits = optionsAllowing([server.origin], { deadlineMs: 60_000, idleTimeoutMs: 50 })
    const fetched = safeGet(`${server.origin}/`, limits).then(response => readAll(response, neverAborted))
    await expect(fetched).rejects.toThrow('fell silent')
    await server.disconnected
  })
}

test('who reads slowly is not taken for silent, nor is one who sends little by little', async () => {
  await using server = await startTcpServer(socket => drip(socket, `${HEAD}content-length: 40\r\n\r\n`))
  const response = await safeGet(
    `${server.origin}/`,
    optionsAllowing([server.origin], { deadlineMs: 60_000, idleTimeoutMs: 500 }),
  )
  const reader = response.body.getReader()
  await Bun.sleep(700)
  let bytes = 0
  for (let next = await reader.read(); !next.done; next = await reader.read()) bytes += next.value.byteLength
  expect(bytes).toBe(40)
})

test('a connection that is refused is an error, and so is a name server that never answers', async () => {
  const server = await startTcpServer(() => undefined)
  await server[Symbol.asyncDispose]()
  expect(await fetchErrorCode(`${server.origin}/`, optionsAllowing([server.origin]))).toBe('network')
  const resolve = () => new Promise<string[]>(() => undefined)
  expect(await fetchErrorCode('http://public.example/', { ...testOptions(), resolve, deadlineMs: 50 })).toBe('timeout')
})

test('a body that nobody reads is let go at the deadline, and one that is cancelled at once', async () => {
  await using server = await startTcpServer(socket => pour(socket, CHUNKED, '10000\r\n', 65_536))
  const unread = await safeGet(`${server.origin}/`, optionsAllowing([server.origin], { deadlineMs: 200 }))
  await server.disconnected
  expect(await catchErrorCode(readAll(unread, neverAborted))).toBe('timeout')

  await using another = await startTcpServer(socket => pour(socket, CHUNKED, '10000\r\n', 65_536))
  const cancelled = await safeGet(`${another.origin}/`, optionsAllowing([another.origin]))
  await cancelled.body.cancel()
  await another.disconnected
})

test('a body that nobody reads may break off without harm', async () => {
  await using server = await startTcpServer(reset(`${HEAD}\r\nhello`))
  const unread = await safeGet(`${server.origin}/`, optionsAllowing([server.origin]))
  await server.disconnected
  // The reset reaches this end a moment after the other has closed.
  await new Promise(setImmediate)
  expect(await catchErrorCode(readAll(unread, neverAborted))).toBe('truncated')
})

test('the caller ends it with a reason of its own, before the answer and within the body', async () => {
  const reason = new Error('no longer wanted')
  await using silent = await startTcpServer(() => undefined)
  const before = new AbortController()
  const asked = safeGet(`${silent.origin}/`, optionsAllowing([silent.origin], { signal: before.signal }))
  await silent.requested
  before.abort(reason)
  await expect(asked).rejects.toBe(reason)
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

function streamOnce(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes)
      controller.close()
    },
  })
}

function cut(text: string): (socket: Socket) => void {
  return socket => socket.end(text)
}

function reset(text: string): (socket: Socket) => void {
  return socket => socket.write(text, () => setTimeout(() => socket.resetAndDestroy(), 20))
}

/** Writes for as long as the other end takes it. */
function pour(socket: Socket, start: string, before: string, bytes: number): void {
  const chunk = `${before}${'a'.repeat(bytes)}${before && '\r\n'}`
  const more = () => {
    while (!socket.destroyed && socket.write(chunk));
  }
  socket.write(start)
  socket.on('drain', more)
  more()
}

function drip(socket: Socket, start: string): void {
  socket.write(start)
  const timer = setInterval(() => socket.write('a'), 10)
  socket.on('close', () => clearInterval(timer))
}
