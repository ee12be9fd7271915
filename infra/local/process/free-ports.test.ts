import { expect, test } from 'bun:test'
import { findFreePort, findFreePorts, reservePortFrom } from './free-ports.ts'

const HOST = '127.0.0.1'

test('free ports are different ones', async () => {
  const ports = await findFreePorts(20)
  expect(new Set(ports).size).toBe(20)
  expect(Math.max(...ports)).toBeLessThan(16_000)
})

/** Which port is found from the given one on. */
async function findPortFrom(port: number): Promise<number | undefined> {
  const held = await reservePortFrom(port, HOST)
  await held?.release()
  return held?.port
}

test.each([HOST, '0.0.0.0', '::1'])('passes over a port that is taken on %s', async hostname => {
  const port = await findFreePort()
  const server = Bun.serve({ port, hostname, fetch: () => new Response('taken') })
  expect(await findPortFrom(port)).toBeGreaterThan(port)
  await server.stop(true)
  expect(await findPortFrom(port)).toBe(port)
})

test('a port that is held is not given to the next one who asks, and can be used as soon as it is released', async () => {
  const port = await findFreePort()
  const held = await reservePortFrom(port, HOST)
  expect(held?.port).toBe(port)
  expect(await findPortFrom(port)).toBeGreaterThan(port)
  expect(await fetch(`http://${HOST}:${port}`).catch(() => 'turned away')).toBe('turned away')
  await held?.release()
  const server = Bun.serve({ port, hostname: HOST, fetch: () => new Response('open') })
  expect(await (await fetch(`http://${HOST}:${port}`)).text()).toBe('open')
  await server.stop(true)
})

test('says when there is none', async () => {
  const server = Bun.serve({ port: 65_535, hostname: HOST, fetch: () => new Response('taken') })
  expect(await findPortFrom(65_535)).toBeUndefined()
  await server.stop(true)
})
