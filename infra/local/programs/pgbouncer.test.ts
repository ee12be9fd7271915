import { expect, test } from 'bun:test'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { findPgBouncer } from './pgbouncer.ts'

async function writeProgram(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const program = join(folder, 'pgbouncer')
  await writeFile(program, '#!/bin/sh\n')
  await chmod(program, 0o755)
  return program
}

test('prefers an installed program to one in the cache, which comes with its libraries, and downloads nothing then', async () => {
  await using directory = await createTestDirectory()
  const [path, cacheDir] = [join(directory.path, 'path'), join(directory.path, 'cache')]
  const libraryDir = join(cacheDir, 'pgbouncer')
  const [onPath, cached] = [await writeProgram(path), await writeProgram(libraryDir)]
  const signal = AbortSignal.timeout(60_000)
  expect(await findPgBouncer({ cacheDir, searchPath: path, signal })).toEqual({
    program: onPath,
    libraryDir: undefined,
  })
  expect(await findPgBouncer({ cacheDir, searchPath: '/nowhere', signal })).toEqual({ program: cached, libraryDir })
})

test('an aborted download leaves nothing in the cache', async () => {
  await using directory = await createTestDirectory()
  const signal = AbortSignal.abort(new Error('given up'))
  const found = findPgBouncer({ cacheDir: directory.path, searchPath: '/nowhere', signal })
  expect(await found.catch(error => error.message)).toBe('given up')
  expect([...new Bun.Glob('**').scanSync({ cwd: directory.path, onlyFiles: false })]).toEqual([])
})
