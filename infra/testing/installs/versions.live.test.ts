import { expect, test } from 'bun:test'
import { cp, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import postgres from 'postgres'
import { readRunFile } from '../../local/launch/run-file.ts'
import { findFreePort } from '../../local/process/free-ports.ts'
import { generateImage, isImageServed } from './generate-image.ts'
import { type Launcher, startLauncher } from './launcher.ts'
import { CAN_CREATE_SANDBOXES, createSandbox, type Sandbox } from './sandbox.ts'

const MIGRATIONS = join(import.meta.dirname, '..', '..', 'migrations')
const NEXT = '9999_next'

/** Starts the launcher; with a folder of migrations, as the next version. */
async function start(sandbox: Sandbox, migrations?: string): Promise<Launcher> {
  const setup = migrations ? `mount --bind '${migrations}' "$CLONE/infra/migrations"` : ''
  return startLauncher(sandbox.launcherOptions({ env: { PORT: String(await findFreePort()) }, setup }))
}

async function createNextMigrations(sandbox: Sandbox): Promise<string> {
  const folder = join(sandbox.home, 'migrations')
  await cp(MIGRATIONS, folder, { recursive: true })
  await Bun.write(join(folder, `${NEXT}.sql`), "create table next as select 'new' as word;\n")
  return folder
}

async function readNextWord(sandbox: Sandbox): Promise<string | undefined> {
  const url = (await readRunFile(sandbox.dataDir))?.databaseUrl ?? ''
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  const rows = await sql`select word from next`.finally(() => sql.end({ timeout: 1 }))
  return rows[0]?.word
}

async function listObjects(sandbox: Sandbox): Promise<string[]> {
  return (await readdir(join(sandbox.dataDir, 'objects'), { recursive: true })).sort()
}

test.skipIf(!CAN_CREATE_SANDBOXES)(
  'migrates an old data directory, and the old version refuses the new one (needs root or user namespaces)',
  async () => {
    await using sandbox = await createSandbox()
    const migrations = await createNextMigrations(sandbox)
    await using old = await start(sandbox)
    const image = await generateImage(await old.url)
    expect(await old.stop()).toBe(0)

    await using next = await start(sandbox, migrations)
    expect(await isImageServed(await next.url, image)).toBe(true)
    expect(await readNextWord(sandbox)).toBe('new')
    const newImage = await generateImage(await next.url)
    expect(await next.stop()).toBe(0)

    const objects = await listObjects(sandbox)
    await using refused = await start(sandbox)
    expect(await refused.exited).toBe(1)
    expect(refused.lines.filter(line => line !== '').at(-1)).toBe(
      `This database was made by a newer Darkroom (it has ${NEXT}). Start that version, or restore an older copy.`,
    )
    expect(refused.lines.filter(line => line.includes('ingest'))).toEqual([])
    expect(await listObjects(sandbox)).toEqual(objects)

    await using again = await start(sandbox, migrations)
    expect(await isImageServed(await again.url, newImage)).toBe(true)
    expect(await readNextWord(sandbox)).toBe('new')
    expect(await again.stop()).toBe(0)
  },
)
