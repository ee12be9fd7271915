import { QUERY, type Stage } from '../kit/bench-stack.ts'
import { openCountingProxy } from '../kit/counting-proxy.ts'

/** Bytes that leave the database for one answer, by who asks. */
export interface Bytes {
  seed?: number
  ours: number
  /** Of the same rows without anything large in their parameters. */
  clean: number
}

const ASKED = 8

/** @param seed the script of the seed's way, and its argument; left out if it is not wanted */
export async function countBytes(stage: Stage, seed?: { script: string; args: string[] }): Promise<Bytes> {
  await using proxy = await openCountingProxy(stage.databaseUrl)
  const env = { DATABASE_URL: proxy.url }
  const ours = `${(await stage.serve(QUERY, env)).url}/api/generations?limit=50`
  const whole = seed
    ? await leastOf(proxy, `${(await stage.serve(seed.script, env, seed.args)).url}/?limit=50`)
    : undefined
  const bloated = await leastOf(proxy, ours)
  await stage.database`alter table generation_raw rename to parked`
  await stage.database`create table generation_raw (like parked)`
  const clean = await leastOf(proxy, ours)
  await stage.database`drop table generation_raw`
  await stage.database`alter table parked rename to generation_raw`
  return { ...(whole === undefined ? {} : { seed: whole }), ours: bloated, clean }
}

/** The first answer over a connection also brings what the driver asks for once. */
async function leastOf(proxy: { bytes(): number }, url: string): Promise<number> {
  const counts: number[] = []
  for (let asked = 0; asked < ASKED; asked++) {
    const before = proxy.bytes()
    await (await fetch(url)).arrayBuffer()
    counts.push(proxy.bytes() - before)
  }
  return Math.min(...counts)
}
