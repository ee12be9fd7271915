import { expect, test } from 'bun:test'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Generation, GenerationPage } from '@darkroom/contracts/generation'
import { Parts, StudioReadiness } from '@darkroom/contracts/parts'
import { Problem } from '@darkroom/contracts/problem'
import { readRunFile } from '../../local/launch/run-file.ts'
import { findFreePort } from '../../local/process/free-ports.ts'
import { createStudioClient, postJson } from '../studio/studio-client.ts'
import { createTestDirectory, type TestDirectory } from '../test-resources.ts'
import { generateImage, isImageServed, isUiServed } from './generate-image.ts'
import { CLONE, startLauncher, waitForLine, watchLauncher } from './launcher.ts'

const WAIT_MS = 90_000

async function createEnv({ path }: TestDirectory): Promise<Record<string, string>> {
  return { PATH: process.env.PATH ?? '', HOME: path, DATA_DIR: path, PORT: String(await findFreePort()) }
}

async function readReadiness(url: string): Promise<{ status: number; readiness: StudioReadiness }> {
  const response = await fetch(`${url}/readyz`)
  return { status: response.status, readiness: StudioReadiness.parse(await response.json()) }
}

test.concurrent('with a processor that cannot start, a studio opens, lists, searches and takes a prompt, which is made once it can', async () => {
  await using directory = await createTestDirectory()
  const run = ['infra/testing/installs/broken-processor.fixture.ts']
  const repaired = join(directory.path, 'repaired')
  await writeFile(repaired, '')
  await using first = startLauncher({ env: await createEnv(directory), run })
  const image = await generateImage(await first.url)
  expect(await first.stop()).toBe(0)
  await rm(repaired)

  await using launcher = startLauncher({ env: await createEnv(directory), run })
  const url = await launcher.url
  expect((await readRunFile(directory.path))?.url).toBe(url)
  await waitForLine(launcher, 'processor does not run: new prompts are taken and wait for it', WAIT_MS)
  expect(launcher.lines).toContain('    the library of a provider is missing')
  expect(await isUiServed(url)).toBe(true)
  expect(await isImageServed(url, image)).toBe(true)
  for (const query of ['', '?q=harbour']) {
    const page = GenerationPage.parse(await (await fetch(`${url}/api/generations${query}`)).json())
    expect(page.generations.map(({ status }) => status)).toEqual(['completed'])
  }
  expect(await readReadiness(url)).toEqual({
    status: 200,
    readiness: {
      ready: false,
      parts: { ingest: 'ok', processor: 'away', query: 'ok' },
      checks: { database: 'ok' },
      engines: { bus: 'ok', store: 'ok' },
    },
  })
  const parts = await (await fetch(`${url}/api/parts`)).json()
  expect(Parts.parse(parts)).toEqual({ ingest: 'ok', processor: 'away' })

  const client = createStudioClient(url)
  const body = { prompt: 'a late harbour', model: 'demo', parameters: { numOutputs: 1, resolution: 512 } }
  const accepted = await postJson(client.fetch, '/api/generate', body)
  expect(accepted.status).toBe(202)
  const { id, status } = Generation.parse(await accepted.json())
  expect(status).toBe('queued')
  await writeFile(repaired, '')
  await client.waitForGeneration(id, generation => generation.status === 'completed', WAIT_MS)
  await waitForLine(launcher, 'processor runs again.', WAIT_MS)
  expect((await readReadiness(url)).readiness.ready).toBe(true)
  expect(await launcher.stop()).toBe(0)
})

test.concurrent('with a database that cannot start again, a studio stays open, answers in words, and recovers', async () => {
  await using directory = await createTestDirectory()
  const command = [process.execPath, join(CLONE, 'infra/local/bootstrap.ts'), 'start']
  await using launcher = watchLauncher(command, { env: await createEnv(directory) })
  const url = await launcher.url
  const image = await generateImage(url)
  const { processes = {} } = (await readRunFile(directory.path)) ?? {}
  const version = join(directory.path, 'postgres', 'cluster', 'PG_VERSION')
  await writeFile(version, '17\n')
  process.kill(processes.Postgres?.pid ?? 0, 'SIGKILL')
  await waitForLine(launcher, 'which Postgres 18 cannot read.', WAIT_MS)
  await waitForLine(launcher, 'That was 2 times in a row.', WAIT_MS)
  for (const [path, init] of [
    ['/api/generations', {}],
    ['/api/generate/0190a0a0-0000-7000-8000-000000000000/cancel', { method: 'POST' }],
  ] as const) {
    const response = await fetch(`${url}${path}`, init)
    expect([path, response.status, Problem.parse(await response.json()).code]).toEqual([path, 503, 'unavailable'])
  }
  const { status, readiness } = await readReadiness(url)
  expect([status, readiness.ready, readiness.checks.database]).toEqual([503, false, 'failing'])
  expect(await isImageServed(url, image)).toBe(true)

  await writeFile(version, '18\n')
  await waitForLine(launcher, 'Postgres runs again.', WAIT_MS)
  await generateImage(url)
  expect(await launcher.stop()).toBe(0)
})
