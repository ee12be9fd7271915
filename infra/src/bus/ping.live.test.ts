import { expect, test } from 'bun:test'
import { connect } from 'nats'
import { startTestNats } from '../../testing/test-resources.ts'
import { waitFor } from '../../testing/wait-for.ts'
import { createLog } from '../log.ts'
import { openBus } from './bus.ts'
import { pingServer } from './ping.ts'

const log = createLog({ service: 'test', level: 'silent' })

test('a server that is frozen counts as disconnected until it responds again', async () => {
  await using nats = await startTestNats()
  await using stack = new AsyncDisposableStack()
  const bus = await openBus({ url: nats.url, name: 'test', log })
  stack.defer(() => bus.close())
  process.kill(nats.pid, 'SIGSTOP')
  stack.defer(() => void process.kill(nats.pid, 'SIGCONT'))
  await waitFor('The disconnection', 60_000, async () => !bus.isConnected())
  process.kill(nats.pid, 'SIGCONT')
  await waitFor('The connection', 60_000, async () => bus.isConnected())
})

test('a server is pinged as often as the activity lets it be', async () => {
  await using nats = await startTestNats()
  const { host, username: user, password: pass } = new URL(nats.url)
  const connection = await connect({ servers: host, user, pass })
  await using stack = new AsyncDisposableStack()
  stack.defer(() => connection.close())
  const stopping = new AbortController()
  let [waits, pings] = [0, 0]
  const wait = async () => {
    if (++waits > 3) stopping.abort()
  }
  const counting = {
    reconnect: () => connection.reconnect(),
    flush: async () => {
      pings += 1
      await connection.flush()
    },
  }
  const options = { activity: { wait }, isConnected: () => true, signal: stopping.signal, pongTimeoutMs: 60_000 }
  await pingServer(counting, options)
  expect({ waits, pings }).toEqual({ waits: 4, pings: 3 })
})
