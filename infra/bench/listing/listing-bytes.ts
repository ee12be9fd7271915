import { type BenchStack, QUERY_MAIN } from '../kit/bench-stack.ts'
import { openCountingProxy } from '../kit/counting-proxy.ts'

/** Bytes that leave the database for one answer, by who asks. */
export interface DatabaseBytes {
  seed?: number
  ours: number
  /** Of the same rows without anything large in their parameters. */
  clean: number
}

const REQUESTS = 8

/** @param seed the script of the seed's way, and its argument; left out if it is not wanted */
export async function countBytes(stack: BenchStack, seed?: { script: string; args: string[] }): Promise<DatabaseBytes> {
  await using proxy = await openCountingProxy(stack.databaseUrl)
  const env = { DATABASE_URL: proxy.url }
  const ours = `${(await stack.startServer(QUERY_MAIN, env)).url}/api/generations?limit=50`
  const seedBytes = seed
    ? await measureMinBytes(proxy, `${(await stack.startServer(seed.script, env, seed.args)).url}/?limit=50`)
    : undefined
  const bloated = await measureMinBytes(proxy, ours)
  await stack.database`alter table generation_raw rename to parked`
  await stack.database`create table generation_raw (like parked)`
  const clean = await measureMinBytes(proxy, ours)
  await stack.database`drop table generation_raw`
  await stack.database`alter table parked rename to generation_raw`
  return { ...(seedBytes === undefined ? {} : { seed: seedBytes }), ours: bloated, clean }
}

/** The first answer over a connection also brings what the driver asks for once. */
async function measureMinBytes(proxy: { bytes(): number }, url: string): Promise<number> {
  const counts: number[] = []
  for (let request = 0; request < REQUESTS; request++) {
    const before = proxy.bytes()
    await (await fetch(url)).arrayBuffer()
    counts.push(proxy.bytes() - before)
  }
  return Math.min(...counts)
}
