import { expect, test } from 'bun:test'
import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTestDirectory } from '@darkroom/infra/testing/test-resources'
import { createMd5Thread } from './md5-thread.ts'

test('computes the MD5s of several files while they grow', async () => {
  await using directory = await createTestDirectory()
  const thread = createMd5Thread()
  const files = Array.from({ length: 3 }, (_, at) => ({ path: join(directory.path, `${at}`), part: createPart(at) }))
  const growing = await Promise.all(
    files.map(async ({ path }) => {
      await writeFile(path, '')
      return thread.open(path)
    }),
  )
  for (let written = 1; written <= 4; written++) {
    for (const [at, { path, part }] of files.entries()) {
      await appendFile(path, part)
      growing[at]?.grow(written * part.byteLength)
    }
  }
  const expected = files.map(({ part }) => md5Of(Buffer.concat([part, part, part, part])))
  expect(await Promise.all(growing.map(md5 => md5.complete()))).toEqual(expected)
})

test('has no MD5 of a file that is not there or is shorter than it was reported, and goes on with others', async () => {
  await using directory = await createTestDirectory()
  const thread = createMd5Thread()
  const missing = thread.open(join(directory.path, 'missing'))
  const path = join(directory.path, 'short')
  await writeFile(path, 'abc')
  const short = thread.open(path)
  short.grow(4)
  thread.open(path).abandon()
  const whole = thread.open(path)
  whole.grow(3)
  expect([await missing.complete(), await short.complete()]).toEqual([undefined, undefined])
  expect(await whole.complete()).toBe(md5Of(Buffer.from('abc')))
})

test('has no MD5 where the thread does not start, fails at once or ends', async () => {
  await using directory = await createTestDirectory()
  const path = join(directory.path, 'file')
  await writeFile(path, 'abc')
  const startProgram = (program: string) => () => new Worker(URL.createObjectURL(new Blob([program])))
  const throwing = () => {
    throw new Error('too many threads')
  }
  for (const start of [throwing, startProgram('throw new Error("x")'), startProgram('process.exit(1)')]) {
    const thread = createMd5Thread(start)
    const first = thread.open(path)
    first.grow(3)
    expect(await first.complete()).toBeUndefined()
    const second = thread.open(path)
    second.grow(3)
    second.abandon()
    expect(await second.complete()).toBeUndefined()
  }
})

function createPart(seed: number): Uint8Array {
  return new Uint8Array(300_000 + seed).fill(seed + 1)
}

function md5Of(bytes: Uint8Array): string {
  return new Bun.CryptoHasher('md5').update(bytes).digest('hex')
}
