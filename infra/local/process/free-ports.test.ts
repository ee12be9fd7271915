import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { findFreePort, findFreePorts, reservePortFrom } from './free-ports.ts'

const HOST = '127.0.0.1'

test('finds distinct free ports below the ephemeral range', async () => {
  const ports = await findFreePorts(20)
  expect(new Set(ports).size).toBe(20)
  expect(Math.max(...ports)).toBeLessThan(16_000)
})

test('a port that was found is not found again, by this process or another, while this one runs', async () => {
  // So few that two searches without claims would find some twice.
  const range = { lowest: 10_500, highest: 10_599 }
  const found = await findFreePorts(45, range)
  expect(new Set([...found, ...findFreePortsElsewhere(45, range)]).size).toBe(90)
  // The claims of the process that has ended are gone.
  expect(new Set([...found, ...(await findFreePorts(45, range))]).size).toBe(90)
  expect(await findFreePorts(11, range).catch(error => error.message)).toBe(
    'There are no 11 free ports from 10500 to 10599.',
  )
})

/** Lets another process, which ends then, find free ports. */
function findFreePortsElsewhere(...search: Parameters<typeof findFreePorts>): number[] {
  const module = JSON.stringify(join(import.meta.dirname, 'free-ports.ts'))
  const code = `const { findFreePorts } = await import(${module}); console.log(await findFreePorts(...${JSON.stringify(search)}))`
  const { stdout } = Bun.spawnSync([process.execPath, '-e', code])
  return stdout.toString().match(/\d+/g)?.map(Number) ?? []
}

/** Returns the port that is reserved from the given one on, and releases it. */
async function findPortFrom(port: number): Promise<number | undefined> {
  const reserved = await reservePortFrom(port, HOST)
  await reserved?.release()
  return reserved?.port
}

test.each([HOST, '0.0.0.0', '::1'])('skips a port that is taken on %s', async hostname => {
  const port = await findFreePort()
  const server = Bun.serve({ port, hostname, fetch: () => new Response('taken') })
  expect(await findPortFrom(port)).toBeGreaterThan(port)
  await server.stop(true)
  expect(await findPortFrom(port)).toBe(port)
})

test('does not reserve a port twice, and frees it on release', async () => {
  const port = await findFreePort()
  const reserved = await reservePortFrom(port, HOST)
  expect(reserved?.port).toBe(port)
  expect(await findPortFrom(port)).toBeGreaterThan(port)
  expect(await fetch(`http://${HOST}:${port}`).catch(() => 'turned away')).toBe('turned away')
  await reserved?.release()
  const server = Bun.serve({ port, hostname: HOST, fetch: () => new Response('open') })
  expect(await (await fetch(`http://${HOST}:${port}`)).text()).toBe('open')
  await server.stop(true)
})

test('returns undefined when no port is free', async () => {
  const server = Bun.serve({ port: 65_535, hostname: HOST, fetch: () => new Response('taken') })
  expect(await findPortFrom(65_535)).toBeUndefined()
  await server.stop(true)
})
