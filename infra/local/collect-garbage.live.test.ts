import { expect, test } from 'bun:test'
import { readFile, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { LOCAL_OWNER } from '../src/http/identity.ts'
import { runCommand } from '../testing/studio/run-command.ts'
import { startTestStudio } from '../testing/studio/test-studio.ts'
import { waitFor } from '../testing/wait-for.ts'

test('an operator sees which objects no row names, and the studio marks its store by itself', async () => {
  await using studio = await startTestStudio()
  const objects = join(studio.dataDir, 'objects')
  // A file that has appeared needs an object of its own: `Bun.file` remembers the size.
  const readMark = () => readFile(join(objects, 'studio-id'), 'utf8').catch(() => undefined)
  const id = await waitFor('the mark', 60_000, readMark)
  expect(id).toMatch(/^[0-9a-f-]{36}$/)
  const [old, young] = ['a', 'b'].map(digit => `w/${LOCAL_OWNER.workspaceId}/ref/${digit.repeat(64)}.png`)
  for (const key of [old, young]) await Bun.write(join(objects, key ?? ''), 'x')
  const twoDaysAgo = new Date(Date.now() - 48 * 3_600_000)
  await utimes(join(objects, old ?? ''), twoDaysAgo, twoDaysAgo)
  const env = { DATA_DIR: studio.dataDir, DATABASE_URL: '', NATS_URL: '' }
  const { exitCode, stdout, stderr } = await runCommand('collect-garbage', ['--dry-run'], env)
  expect([exitCode, stderr]).toEqual([0, ''])
  expect(stdout).toContain(`${old}  1  `)
  expect(stdout).toContain('1 of 2 objects are named by no row')
  expect(await runCommand('collect-garbage', [], { ...env, DATA_DIR: join(studio.dataDir, 'none') })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('No studio runs here'),
  })
})
