import { expect, test } from 'bun:test'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { findNatsServer } from './nats-server.ts'

async function writeProgram(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const program = join(folder, 'nats-server')
  await writeFile(program, '#!/bin/sh\n')
  await chmod(program, 0o755)
  return program
}

test('prefers a program on the PATH to one in the cache', async () => {
  await using directory = await createTestDirectory()
  const [path, cache] = [join(directory.path, 'path'), join(directory.path, 'cache')]
  const onPath = await writeProgram(path)
  await writeProgram(cache)
  const signal = AbortSignal.timeout(60_000)
  expect(await findNatsServer({ cacheDir: cache, searchPath: path, signal })).toBe(onPath)
})

test('uses a program in the cache without a download', async () => {
  await using directory = await createTestDirectory()
  const cached = await writeProgram(directory.path)
  const signal = AbortSignal.timeout(60_000)
  expect(await findNatsServer({ cacheDir: directory.path, searchPath: '/nowhere', signal })).toBe(cached)
})

test('an aborted download leaves nothing in the cache', async () => {
  await using directory = await createTestDirectory()
  const signal = AbortSignal.abort(new Error('given up'))
  const found = findNatsServer({ cacheDir: directory.path, searchPath: '/nowhere', signal })
  expect(await found.catch(error => error.message)).toBe('given up')
  expect([...new Bun.Glob('**').scanSync({ cwd: directory.path, onlyFiles: false })]).toEqual([])
})
