import { expect, test } from 'bun:test'
import { connect, createServer, type Socket } from 'node:net'
import { readErrorCode } from '../src/runtime/error-code.ts'
import { startProxy, type TcpProxy } from './net-proxy.ts'
import { waitFor } from './wait-for.ts'

/** Starts a server that echoes and records what it receives. */
async function startEcho() {
  let received = ''
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.on('data', chunk => {
      received += chunk.toString()
      socket.write(chunk)
    })
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return { port, received: () => received, [Symbol.asyncDispose]: async () => void server.close() }
}

function connectTo(proxy: Pick<TcpProxy, 'port'>) {
  const socket: Socket = connect(proxy.port, '127.0.0.1')
  const ended = Promise.withResolvers<string>()
  let text = ''
  const waiting = new Set<() => void>()
  socket.on('error', error => ended.resolve(readErrorCode(error) ?? error.message))
  socket.on('close', () => ended.resolve('closed'))
  socket.on('data', chunk => {
    text += chunk.toString()
    for (const look of waiting) look()
  })
  const received = async (what: string) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = () => text === what && resolve()
    waiting.add(look)
    look()
    await promise
  }
  return { send: (what: string) => socket.write(what), received, ended: ended.promise, text: () => text, socket }
}

test('forwards everything without a fault, at its own address', async () => {
  await using echo = await startEcho()
  await using proxy = await startProxy(echo.port)
  const first = connectTo(proxy)
  first.send('hello')
  await first.received('hello')
  expect(proxy.urlThrough('nats://a:b@127.0.0.1:4222')).toBe(`nats://a:b@127.0.0.1:${proxy.port}`)
  first.socket.destroy()
})

test('has the same faults at each of its ports, and records when they were set', async () => {
  await using echo = await startEcho()
  await using proxy = await startProxy(echo.port)
  const second = connectTo({ port: await proxy.openPort() })
  second.send('hello')
  await second.received('hello')
  expect(proxy.faultPeriods).toEqual([])
  proxy.setFault({ kind: 'reset' })
  expect(await second.ended).not.toBe('')
  expect(proxy.faultPeriods).toMatchObject([{ kind: 'reset', until: Number.POSITIVE_INFINITY }])
  proxy.setFault({ kind: 'none' })
  expect(proxy.faultPeriods).toHaveLength(1)
  expect(proxy.faultPeriods[0]?.until).toBeLessThan(Number.POSITIVE_INFINITY)
})

test('delivers what a black hole delayed, in order, once it ends', async () => {
  await using echo = await startEcho()
  await using proxy = await startProxy(echo.port)
  const first = connectTo(proxy)
  proxy.setFault({ kind: 'black-hole' })
  first.send('one ')
  const other = connectTo(proxy)
  other.send('three')
  proxy.setFault({ kind: 'latency', milliseconds: 20 })
  first.send('two')
  await Promise.all([first.received('one two'), other.received('three')])
  for (const { socket } of [first, other]) socket.destroy()
})

test('what is swallowed is never delivered, and connections after it work', async () => {
  await using echo = await startEcho()
  await using proxy = await startProxy(echo.port)
  const first = connectTo(proxy)
  first.send('one')
  await first.received('one')
  proxy.setFault({ kind: 'swallow' })
  const during = connectTo(proxy)
  for (const swallowed of [first, during]) swallowed.send('two')
  await waitFor('the second connection', 60_000, async () => proxy.connectionCount() === 2)
  proxy.setFault({ kind: 'none' })
  first.send('three')
  const after = connectTo(proxy)
  after.send('four')
  await after.received('four')
  expect([first.text(), echo.received()]).toEqual(['one', 'onefour'])
  for (const { socket } of [first, during, after]) socket.destroy()
})

test('a reset ends present and new connections', async () => {
  await using echo = await startEcho()
  await using proxy = await startProxy(echo.port)
  const first = connectTo(proxy)
  first.send('x')
  await first.received('x')
  proxy.setFault({ kind: 'reset' })
  expect(await first.ended).toBe('ECONNRESET')
  expect(await connectTo(proxy).ended).not.toBe('')
})

test('a cut ends a connection after so many bytes', async () => {
  await using echo = await startEcho()
  await using proxy = await startProxy(echo.port)
  const first = connectTo(proxy)
  proxy.setFault({ kind: 'cut', afterBytes: 4 })
  first.send('four')
  await first.received('four')
  first.send('five')
  await first.ended
  expect(first.text()).toBe('four')
})

test('delivers a request and loses its response', async () => {
  await using echo = await startEcho()
  await using proxy = await startProxy(echo.port)
  const [first, other] = [connectTo(proxy), connectTo(proxy)]
  proxy.setFault({ kind: 'lost-response', after: 'mine', response: 'done' })
  other.send('done')
  await other.received('done')
  first.send('mine')
  await first.received('mine')
  first.send(' done')
  await Promise.all([proxy.waitForLostResponse(), first.ended])
  expect([first.text(), echo.received()]).toEqual(['mine', 'donemine done'])
  other.send('!')
  await other.received('done!')
  other.socket.destroy()
})
