import { afterAll, expect, test } from 'bun:test'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { ROOT } from '../local/root.ts'
import { serveTestApp } from '../src/http/app.fixture.ts'
import { runHealthCheck } from '../testing/health-check.ts'

/** Runs the health check of the Dockerfile as Docker does, against the server that every service is. */

const ADDRESSES = [
  [{}, 'of localhost and the default port'],
  [{ PORT: '8088' }, 'of localhost and its port'],
  [{ PUBLIC_URL: 'https://studio.example.com' }, 'of an address'],
  [
    { PUBLIC_URL: 'HTTPS://Studio.Example.com:443/path?x#y' },
    'of an address with its default port, a path and capitals',
  ],
  [{ PUBLIC_URL: 'http://user:p@studio.example.com:80/' }, 'of an address with a user'],
  [{ PUBLIC_URL: 'https://studio.example.com:8443' }, 'of an address with another port'],
  [{ PUBLIC_URL: 'http://[::1]:4000' }, 'of an IPv6 address'],
] as const

test.each(ADDRESSES)('%j sends the Host %s', async env => {
  const { PORT, PUBLIC_URL } = { PORT: '3000', PUBLIC_URL: undefined, ...env }
  await using app = serveTestApp({}, { PORT: Number(PORT), PUBLIC_URL })
  for (const key of ['INGEST_PORT', 'PROCESSOR_PORT', 'QUERY_PORT']) {
    expect(await runHealthCheck({ ...env, [key]: String(app.port) })).toBe(0)
  }
})

test('fails while a check of the service fails, while it stops, and for a Host that it does not know', async () => {
  const failing = { database: () => Promise.reject(new Error('away')) }
  await using unready = serveTestApp({ checks: failing }, { PUBLIC_URL: undefined })
  await using stopping = serveTestApp({ stopping: AbortSignal.abort() }, { PUBLIC_URL: undefined })
  await using foreign = serveTestApp({}, { PUBLIC_URL: 'http://other.example.com' })
  for (const { port } of [unready, stopping, foreign]) {
    expect(await runHealthCheck({ QUERY_PORT: String(port) })).toBe(1)
  }
})

test('fails where nobody listens, and within its time limit where nobody answers', async () => {
  const server = createServer(() => {}).listen(0, '127.0.0.1')
  afterAll(() => void server.close())
  const { port } = server.address() as { port: number }
  expect(await runHealthCheck({ QUERY_PORT: String(port) }, '0.1')).toBe(1)
  server.close()
  expect(await runHealthCheck({ QUERY_PORT: '1' })).toBe(1)
})

test('starts no runtime and no other program', async () => {
  const script = await Bun.file(join(ROOT, 'infra/deploy/health-check.sh')).text()
  const code = script.split('\n').filter(line => !line.startsWith('#'))
  expect(code.filter(line => /\b(bun|node|curl|wget|nc)\b|\$\(|`/.test(line))).toEqual([])
})
