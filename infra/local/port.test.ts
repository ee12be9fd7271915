import { expect, test } from 'bun:test'
import { freePort, freePortFrom, freePorts } from './port.ts'

const HOST = '127.0.0.1'

test('free ports are different ones', async () => {
  const ports = await freePorts(20)
  expect(new Set(ports).size).toBe(20)
})

test.each([HOST, '0.0.0.0', '::1'])('passes over a port that is taken on %s', async hostname => {
  const port = await freePort()
  const server = Bun.serve({ port, hostname, fetch: () => new Response('taken') })
  expect(await freePortFrom(port, HOST)).toBeGreaterThan(port)
  await server.stop(true)
  expect(await freePortFrom(port, HOST)).toBe(port)
})

test('says when there is none', async () => {
  const server = Bun.serve({ port: 65_535, hostname: HOST, fetch: () => new Response('taken') })
  expect(await freePortFrom(65_535, HOST)).toBeUndefined()
  await server.stop(true)
})
