import { expect, test } from 'bun:test'
import { readdir, readFile, readlink, stat } from 'node:fs/promises'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { connect, StorageType } from 'nats'
import { createTestDirectory, findNatsServer, startTestNats } from '../../testing/test-resources.ts'
import { isProcessRunning } from '../process/orphan-process.ts'
import { createBusPasswords, startNats } from './nats.ts'

const SIGNAL = () => AbortSignal.timeout(60_000)

async function connectClient(url: string) {
  const { host, username, password } = new URL(url)
  return await connect({
    servers: host,
    user: username,
    pass: decodeURIComponent(password),
    timeout: 60_000,
    reconnect: false,
  })
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
  const passwords = { ...createBusPasswords(), admin: 'a "quoted" word' }
  await Bun.write(join(directory.path, 'nats.conf'), '# of an earlier start, and readable', { mode: 0o644 })
  const server = await startNats({ binary: findNatsServer(), storeDir: directory.path, passwords, signal: SIGNAL() })
  const { host } = new URL(server.url)
  expect(await connect({ servers: host, timeout: 60_000 }).catch(error => error.message)).toContain('Authorization')
  const inside = await connect({ servers: host, user: 'admin', pass: passwords.admin, timeout: 60_000 })
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

test('listens on the one port of its clients: it has no monitoring', async () => {
  await using nats = await startTestNats()
  expect(await listListeningPorts(nats.pid)).toEqual([Number(new URL(nats.url).port)])
})

test('closes a connection that sends a message beyond the limit, and no other', async () => {
  await using nats = await startTestNats()
  const [faulty, other] = await Promise.all([connectClient(nats.url), connectClient(nats.url)])
  const limit = faulty.info?.max_payload ?? 0
  expect(limit).toBeLessThanOrEqual(64 * 1024)
  const socket = await openRawConnection(nats.url)
  socket.write(`PUB x ${limit + 1}\r\n`)
  expect(await socket.closed).toContain('Maximum Payload Violation')
  await other.flush()
  await Promise.all([faulty.close(), other.close()])
})

test('refuses connections beyond the limit', async () => {
  await using nats = await startTestNats()
  const connections = await Promise.all(Array.from({ length: 257 }, () => openRawConnection(nats.url)))
  const refused = await Promise.race(connections.map(connection => connection.closed))
  expect(refused).toContain('maximum connections exceeded')
  for (const connection of connections) connection.destroy()
})

test('limits what waits in memory for a client that reads nothing, and for how long', async () => {
  await using nats = await startTestNats()
  const config = await Bun.file(join(nats.folder, 'nats.conf')).text()
  expect(config).toMatch(/^max_pending: 8MB\nwrite_deadline: "10s"$/m)
})

/** Lists the TCP ports that a process listens on. */
async function listListeningPorts(pid: number): Promise<number[]> {
  const descriptors = await readdir(`/proc/${pid}/fd`)
  const targets = await Promise.all(descriptors.map(name => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')))
  const tables = await Promise.all(['tcp', 'tcp6'].map(name => readFile(`/proc/${pid}/net/${name}`, 'utf8')))
  const rows = tables.flatMap(table => table.split('\n').slice(1)).map(row => row.trim().split(/\s+/))
  const listening = rows.filter(
    ([, , , state, , , , , , inode]) => state === '0A' && targets.includes(`socket:[${inode}]`),
  )
  return listening.map(([, address = '']) => Number.parseInt(address.split(':')[1] ?? '', 16))
}

/** Opens a connection without a client, as the user of the URL. */
async function openRawConnection(url: string) {
  const { hostname, port, username, password } = new URL(url)
  let received = ''
  const closed = Promise.withResolvers<string>()
  const socket = connectTcp({ host: hostname, port: Number(port) })
  socket.on('data', chunk => {
    received += chunk
  })
  socket.on('error', () => {})
  socket.on('close', () => closed.resolve(received))
  socket.write(`CONNECT ${JSON.stringify({ verbose: false, user: username, pass: decodeURIComponent(password) })}\r\n`)
  return {
    write: (text: string) => socket.write(text),
    destroy: () => socket.destroy(),
    closed: closed.promise,
  }
}
