import { expect, test } from 'bun:test'
import { connect, createServer, type Socket } from 'node:net'
import { startProxy, type TcpProxy } from './net-proxy.ts'

/** A server that gives back what it gets, and counts. */
async function startEcho() {
  let came = ''
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.on('data', chunk => {
      came += chunk.toString()
      socket.write(chunk)
    })
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return { port, came: () => came, [Symbol.asyncDispose]: async () => void server.close() }
}

function dial(proxy: TcpProxy) {
  const socket: Socket = connect(proxy.port, '127.0.0.1')
  const ended = Promise.withResolvers<string>()
  let text = ''
  const waiting = new Set<() => void>()
  socket.on('error', error => ended.resolve('code' in error ? String(error.code) : error.message))
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

test('without trouble everything passes, and an address says so', async () => {
  await using echo = await startEcho()
  await using proxy = await startProxy(echo.port)
  const line = dial(proxy)
  line.send('hello')
  await line.received('hello')
  expect(proxy.urlThrough('nats://a:b@127.0.0.1:4222')).toBe(`nats://a:b@127.0.0.1:${proxy.port}`)
  line.socket.destroy()
})

test('what falls into a black hole arrives when it is gone, in order', async () => {
  await using echo = await startEcho()
  await using proxy = await startProxy(echo.port)
  const line = dial(proxy)
  proxy.setFault({ kind: 'black-hole' })
  line.send('one ')
  const other = dial(proxy)
  other.send('three')
  proxy.setFault({ kind: 'latency', milliseconds: 20 })
  line.send('two')
  await Promise.all([line.received('one two'), other.received('three')])
  for (const { socket } of [line, other]) socket.destroy()
})

test('a reset cuts off who is there and who comes', async () => {
  await using echo = await startEcho()
  await using proxy = await startProxy(echo.port)
  const line = dial(proxy)
  line.send('x')
  await line.received('x')
  proxy.setFault({ kind: 'reset' })
  expect(await line.ended).toBe('ECONNRESET')
  expect(await dial(proxy).ended).not.toBe('')
})

test('a cut lets so many bytes back, and no more', async () => {
  await using echo = await startEcho()
  await using proxy = await startProxy(echo.port)
  const line = dial(proxy)
  proxy.setFault({ kind: 'cut', afterBytes: 4 })
  line.send('four')
  await line.received('four')
  line.send('five')
  await line.ended
  expect(line.text()).toBe('four')
})

test('what is said arrives, and the answer to it is lost', async () => {
  await using echo = await startEcho()
  await using proxy = await startProxy(echo.port)
  const [line, other] = [dial(proxy), dial(proxy)]
  proxy.setFault({ kind: 'lost-response', after: 'mine', response: 'done' })
  other.send('done')
  await other.received('done')
  line.send('mine')
  await line.received('mine')
  line.send(' done')
  await Promise.all([proxy.waitForLostResponse(), line.ended])
  expect([line.text(), echo.came()]).toEqual(['mine', 'donemine done'])
  other.send('!')
  await other.received('done!')
  other.socket.destroy()
})
