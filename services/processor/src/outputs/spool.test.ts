import { expect, test } from 'bun:test'
import { readdir, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createTestDirectory } from '@darkroom/infra/testing/test-resources'
import { openSpool } from './spool.ts'

const MIB = 1024 * 1024

test('writes a stream to a file with its size and hash, until it is disposed of', async () => {
  await using directory = await createTestDirectory()
  const spool = await openSpool({ directory: join(directory.path, 'spool'), hasMd5: true })
  const chunks = [new Uint8Array(3).fill(1), new Uint8Array(0), new Uint8Array(MIB).fill(2)]
  const file = await spool.write(streamOf(chunks))
  const all = Buffer.concat(chunks)
  expect(file).toMatchObject({
    bytes: all.length,
    sha256: new Bun.CryptoHasher('sha256').update(all).digest('hex'),
    md5: new Bun.CryptoHasher('md5').update(all).digest('hex'),
  })
  expect(Buffer.from(await Bun.file(file.path).bytes()).equals(all)).toBe(true)
  await file[Symbol.asyncDispose]()
  expect(await listFiles(directory.path)).toEqual([])
})

test('removes the file of a stream that fails, and throws its error', async () => {
  await using directory = await createTestDirectory()
  const spool = await openSpool({ directory: directory.path })
  await expect(spool.write(streamOf([new Uint8Array(MIB)], new Error('cut')))).rejects.toThrow('cut')
  expect(await listFiles(directory.path)).toEqual([])
})

test('pulls a chunk only when the one before is written', async () => {
  await using directory = await createTestDirectory()
  const spool = await openSpool({ directory: directory.path })
  const ahead: number[] = []
  async function* watched() {
    for (let given = 0; given < 20; given++) {
      const [name = ''] = await listFiles(directory.path)
      ahead.push(given * MIB - Bun.file(join(directory.path, name)).size)
      yield new Uint8Array(MIB)
    }
  }
  await using file = await spool.write(watched())
  expect(file.bytes).toBe(20 * MIB)
  expect(ahead).toEqual(Array(20).fill(0))
})

test('removes on opening only the files of processes that have ended', async () => {
  await using directory = await createTestDirectory()
  const gone = Bun.spawn(['true'])
  await gone.exited
  const day = 24 * 3_600_000
  const names = {
    ofEndedProcess: { name: `${gone.pid}.a.${hostname()}`, age: 0, stays: false },
    ofRunningProcess: { name: `${process.ppid}.b.${hostname()}`, age: 2 * day, stays: true },
    ofThisProcess: { name: `${process.pid}.c.${hostname()}`, age: 0, stays: true },
    ofEarlierProcessWithOurPid: { name: `${process.pid}.d.${hostname()}`, age: day, stays: false },
    ofOtherMachine: { name: `${gone.pid}.e.elsewhere.example`, age: 0, stays: true },
    ofOtherMachineLongAgo: { name: `${process.ppid}.f.elsewhere.example`, age: 2 * day, stays: false },
    ofNoProcess: { name: 'x', age: 2 * day, stays: false },
  }
  for (const { name, age } of Object.values(names)) {
    await Bun.write(join(directory.path, name), 'left')
    const at = new Date(Date.now() - age)
    await utimes(join(directory.path, name), at, at)
  }
  await openSpool({ directory: directory.path })
  const left = Object.values(names).flatMap(({ name, stays }) => (stays ? [name] : []))
  expect((await listFiles(directory.path)).toSorted()).toEqual(left.toSorted())
})

async function* streamOf(chunks: readonly Uint8Array[], error?: Error): AsyncGenerator<Uint8Array> {
  yield* chunks
  if (error) throw error
}

async function listFiles(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries.filter(entry => entry.isFile()).map(({ name }) => name)
}
