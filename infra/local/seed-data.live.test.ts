import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { GenerationPage } from '@darkroom/contracts/generation'
import { openDatabase } from '../src/database/connection.ts'
import { createLog } from '../src/log.ts'
import { startTestStudio } from '../testing/studio/test-studio.ts'
import { runCommand } from './process/command.ts'

const SCRIPT = join(import.meta.dirname, 'seed-data.ts')
const COUNT = 400

test('fills a running studio with generations whose images and previews it serves', async () => {
  await using studio = await startTestStudio()
  const env = { ...process.env, DATA_DIR: studio.dataDir } as Record<string, string>
  const seed = (...args: string[]) =>
    runCommand([process.execPath, SCRIPT, ...args], { signal: AbortSignal.timeout(60_000), env, milliseconds: 60_000 })
  const command = [process.execPath, SCRIPT, '--generations', String(COUNT), '--bloat']
  const { stdout, stderr } = Bun.spawn(command, { env, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
  const [progress, result] = await Promise.all([new Response(stderr).text(), new Response(stdout).text()])
  expect([progress.split('\n').at(-2), progress.at(-1)]).toEqual([`${COUNT}/${COUNT} generations`, '\n'])
  expect(progress + result).not.toContain('\r')
  const page = GenerationPage.parse(await (await studio.fetch('/api/generations?limit=100')).json())
  expect(page.generations).toHaveLength(100)
  const shown = page.generations.flatMap(({ outputs, references }) => [...outputs, ...references])
  const urls = new Set(shown.flatMap(({ url, previewUrl }) => [url, previewUrl]).filter(url => url !== null))
  expect(urls.size).toBeGreaterThan(20)
  for (const url of urls) expect([url, (await studio.fetch(url)).status]).toEqual([url, 200])
  const log = createLog({ service: 'test', level: 'silent' })
  const sql = openDatabase({ url: studio.databaseUrl, name: 'test', connections: 1, log })
  const [row] = await sql`
    select (select count(*)::int from generations) as generations, (select count(*)::int from generation_documents) as documents,
           (select count(*)::int from call_costs where made_at <= now() and estimated_micros > 0) as calls,
           (select count(*)::int from generation_raw where octet_length(parameters::text) > 1900000) as large,
           (select count(*)::int from generation_raw where octet_length(parameters::text) between 90000 and 200000) as small`
  await sql.end({ timeout: 1 })
  expect({ ...row }).toEqual({
    generations: COUNT,
    documents: COUNT,
    calls: COUNT,
    large: COUNT * 0.06,
    small: COUNT * 0.06,
  })
  for (const args of [[], ['--generations', '0'], ['--generations', 'many'], ['--colour']]) {
    await expect(seed(...args)).rejects.toThrow(/generations N|colour/)
  }
})
