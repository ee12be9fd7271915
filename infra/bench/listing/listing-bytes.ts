import type { BenchStack } from '../kit/bench-stack.ts'
import { openCountingProxy } from '../kit/counting-proxy.ts'

/** Bytes that the database sends for one response, by variant. */
export interface DatabaseBytes {
  seed?: number
  ours: number
  /** For the same rows without large parameters. */
  clean: number
}

const REQUESTS = 8

/**
 * Counts the bytes that the database sends for a page of 50.
 *
 * @param seed script and arguments of the seed's variant; without them it is not measured
 */
export async function countBytes(stack: BenchStack, seed?: { script: string; args: string[] }): Promise<DatabaseBytes> {
  await using proxy = await openCountingProxy(stack.databaseUrl)
  const env = { DATABASE_URL: proxy.url }
  // They end before the proxy does: without it the service would look for the database, beside what is measured next.
  await using service = await stack.startService('query', env)
  await using seedServer = seed && (await stack.startServer(seed.script, env, seed.args))
  const ours = `${service.url}/api/generations?limit=50`
  const seedBytes = seedServer && (await measureMinBytes(proxy, `${seedServer.url}/?limit=50`))
  const bloated = await measureMinBytes(proxy, ours)
  await stack.database`alter table generation_raw rename to parked`
  await stack.database`create table generation_raw (like parked)`
  const clean = await measureMinBytes(proxy, ours)
  await stack.database`drop table generation_raw`
  await stack.database`alter table parked rename to generation_raw`
  return { ...(seedBytes === undefined ? {} : { seed: seedBytes }), ours: bloated, clean }
}

/** Returns the least of several requests: the first over a connection includes queries that the driver makes once. */
async function measureMinBytes(proxy: { bytes(): number }, url: string): Promise<number> {
  const counts: number[] = []
  for (let request = 0; request < REQUESTS; request++) {
    const before = proxy.bytes()
    await (await fetch(url)).arrayBuffer()
    counts.push(proxy.bytes() - before)
  }
  return Math.min(...counts)
}
