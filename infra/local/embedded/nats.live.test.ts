import { expect, test } from 'bun:test'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { connect, StorageType } from 'nats'
import { createTestDirectory, findNatsServer, startTestNats } from '../../testing/test-resources.ts'
import { isProcessRunning } from '../process/orphan-process.ts'
import { startNats } from './nats.ts'

const SIGNAL = () => AbortSignal.timeout(30_000)

async function connectClient(url: string) {
  const { host, username, password } = new URL(url)
  return await connect({ servers: host, user: username, pass: password, timeout: 2_000, reconnect: false })
}

test('retains its streams over a kill and a restart at the same address', async () => {
  await using nats = await startTestNats()
  const before = await connectClient(nats.url)
  const { streams } = await before.jetstreamManager()
  await streams.add({ name: 'retained', subjects: ['retained.*'], storage: StorageType.File })
  await before.jetstream().publish('retained.word', 'still here')
  await before.close()
  await nats.kill()
  await nats.start()
  const after = await connectClient(nats.url)
  const message = await (await after.jetstreamManager()).streams.getMessage('retained', { seq: 1 })
  expect(message.string()).toBe('still here')
  await after.close()
  await nats.stop()
  expect(await isProcessRunning(nats.pid, '')).toBe(false)
})

test('requires its password, which is neither in its arguments nor readable by other users', async () => {
  await using directory = await createTestDirectory()
  const auth = { user: 'darkroom', password: 'a "quoted" word' }
  const server = await startNats({ binary: findNatsServer(), storeDir: directory.path, auth, signal: SIGNAL() })
  const { host } = new URL(server.url)
  expect(await connect({ servers: host, timeout: 2_000 }).catch(error => error.message)).toContain('Authorization')
  const inside = await connect({ servers: host, user: auth.user, pass: auth.password, timeout: 2_000 })
  await inside.close()
  expect((await stat(join(directory.path, 'nats.conf'))).mode & 0o777).toBe(0o600)
  expect(server.child.command.join(' ')).not.toContain('quoted')
  await server.stop()
})

test('stops an orphan server on the same folder', async () => {
  await using directory = await createTestDirectory()
  const options = { binary: findNatsServer(), storeDir: directory.path }
  const orphan = await startNats({ ...options, signal: SIGNAL() })
  const next = await startNats({ ...options, signal: SIGNAL() })
  expect(orphan.child.isRunning()).toBe(false)
  expect(await isProcessRunning(next.pid, directory.path)).toBe(true)
  await next.stop()
})

test('fails with the output of a server that cannot start', async () => {
  await using directory = await createTestDirectory()
  const first = await startNats({ binary: findNatsServer(), storeDir: join(directory.path, 'a'), signal: SIGNAL() })
  const port = Number(new URL(first.url).port)
  const second = startNats({ binary: findNatsServer(), storeDir: join(directory.path, 'b'), port, signal: SIGNAL() })
  const message = await second.catch(error => error.message)
  expect(message).toContain('NATS stopped while it started')
  expect(message).toContain('address already in use')
  await first.stop()
})
