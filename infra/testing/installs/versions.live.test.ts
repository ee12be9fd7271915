import { expect, test } from 'bun:test'
import { cp, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import postgres from 'postgres'
import { readRunFile } from '../../local/launch/run-file.ts'
import { freePort } from '../../local/process/free-ports.ts'
import { draw, hasPicture } from './generate-image.ts'
import { type Launcher, startLauncher } from './launcher.ts'
import { CAN_MAKE_ROOMS, makeRoom, type Room } from './sandbox.ts'

const LIMIT_MS = 240_000
const MIGRATIONS = join(import.meta.dirname, '..', '..', 'migrations')
const NEXT = '9999_next'

/** Of the next version if it is given a folder with the migrations of that. */
async function start(room: Room, migrations?: string): Promise<Launcher> {
  const setup = migrations ? `mount --bind '${migrations}' "$CLONE/infra/migrations"` : ''
  return startLauncher(room.launcher({ env: { PORT: String(await freePort()) }, setup }))
}

async function nextMigrations(room: Room): Promise<string> {
  const folder = join(room.home, 'migrations')
  await cp(MIGRATIONS, folder, { recursive: true })
  await Bun.write(join(folder, `${NEXT}.sql`), "create table next as select 'new' as word;\n")
  return folder
}

async function wordIn(room: Room): Promise<string | undefined> {
  const url = (await readRunFile(room.dataDir))?.databaseUrl ?? ''
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  const rows = await sql`select word from next`.finally(() => sql.end({ timeout: 1 }))
  return rows[0]?.word
}

async function objectsIn(room: Room): Promise<string[]> {
  return (await readdir(join(room.dataDir, 'objects'), { recursive: true })).sort()
}

test.skipIf(!CAN_MAKE_ROOMS)(
  'an old data directory is brought up to date, and the old version leaves the new one alone (needs root or user namespaces)',
  async () => {
    await using room = await makeRoom()
    const migrations = await nextMigrations(room)
    await using old = await start(room)
    const picture = await draw(await old.open)
    expect(await old.stop()).toBe(0)

    await using next = await start(room, migrations)
    expect(await hasPicture(await next.open, picture)).toBe(true)
    expect(await wordIn(room)).toBe('new')
    const kept = await draw(await next.open)
    expect(await next.stop()).toBe(0)

    const objects = await objectsIn(room)
    await using refused = await start(room)
    expect(await refused.ended).toBe(1)
    expect(refused.lines.filter(line => line !== '').at(-1)).toBe(
      `This database was made by a newer Darkroom (it has ${NEXT}). Start that version, or restore an older copy.`,
    )
    expect(refused.lines.filter(line => line.includes('ingest'))).toEqual([])
    expect(await objectsIn(room)).toEqual(objects)

    await using again = await start(room, migrations)
    expect(await hasPicture(await again.open, kept)).toBe(true)
    expect(await wordIn(room)).toBe('new')
    expect(await again.stop()).toBe(0)
  },
  LIMIT_MS,
)
