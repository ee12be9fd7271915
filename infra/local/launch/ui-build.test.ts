import { expect, test } from 'bun:test'
import { mkdir, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { buildUi } from './ui-build.ts'

const BUILD = 'mkdir -p dist && cp src/main.tsx dist/index.html'

async function writeSource(root: string, file: string, text: string, seconds?: number): Promise<void> {
  const path = join(root, file)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
  if (seconds !== undefined) await utimes(path, seconds, seconds)
}

async function build(root: string): Promise<string[]> {
  const messages: string[] = []
  const env = { PATH: '/usr/bin:/bin' }
  await buildUi({ root, env, signal: AbortSignal.timeout(60_000), onMessage: line => messages.push(line) })
  return messages
}

test('builds once, and again only when a source is newer', async () => {
  await using directory = await createTestDirectory()
  const root = directory.path
  await writeSource(root, 'frontend/package.json', JSON.stringify({ scripts: { build: BUILD } }), 1_000)
  await writeSource(root, 'frontend/src/main.tsx', 'first', 1_000)
  expect(await build(root)).toEqual(['builds the interface'])
  expect(await build(root)).toEqual([])
  await writeSource(root, 'frontend/src/main.tsx', 'second', Date.now() / 1_000 + 10)
  expect(await build(root)).toEqual(['builds the interface'])
  expect(await Bun.file(join(root, 'frontend/dist/index.html')).text()).toBe('second')
})

test('fails with the output of a failed build', async () => {
  await using directory = await createTestDirectory()
  const script = 'echo "tokens.css is missing" >&2; exit 1'
  await writeSource(directory.path, 'frontend/package.json', JSON.stringify({ scripts: { build: script } }))
  const message = await build(directory.path).catch(error => error.message)
  expect(message).toContain('The interface could not be built.')
  expect(message).toContain('tokens.css is missing')
})
