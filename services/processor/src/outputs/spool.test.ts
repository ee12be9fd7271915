import { expect, test } from 'bun:test'
import { readdir, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createTestDirectory } from '@darkroom/infra/testing/test-resources'
import { openSpool } from './spool.ts'

const MIB = 1024 * 1024

test('what comes is in a file, with its size and hash, until it is disposed of', async () => {
  await using directory = await createTestDirectory()
  const spool = await openSpool({ directory: join(directory.path, 'spool') })
  const pieces = [new Uint8Array(3).fill(1), new Uint8Array(0), new Uint8Array(MIB).fill(2)]
  const file = await spool.write(streamOf(pieces))
  const all = Buffer.concat(pieces)
  expect(file).toMatchObject({
    bytes: all.length,
    sha256: new Bun.CryptoHasher('sha256').update(all).digest('hex'),
  })
  expect(Buffer.from(await Bun.file(file.path).bytes()).equals(all)).toBe(true)
  await file[Symbol.asyncDispose]()
  expect(await filesIn(directory.path)).toEqual([])
})

test('of a stream that breaks nothing is left, and the reason is thrown', async () => {
  await using directory = await createTestDirectory()
  const spool = await openSpool({ directory: directory.path })
  await expect(spool.write(streamOf([new Uint8Array(MIB)], new Error('cut')))).rejects.toThrow('cut')
  expect(await filesIn(directory.path)).toEqual([])
})

test('a piece is asked for when the one before is written, so that none is waiting in memory', async () => {
  await using directory = await createTestDirectory()
  const spool = await openSpool({ directory: directory.path })
  const ahead: number[] = []
  async function* watched() {
    for (let given = 0; given < 20; given++) {
      const [name = ''] = await filesIn(directory.path)
      ahead.push(given * MIB - Bun.file(join(directory.path, name)).size)
      yield new Uint8Array(MIB)
    }
  }
  await using file = await spool.write(watched())
  expect(file.bytes).toBe(20 * MIB)
  expect(ahead).toEqual(Array(20).fill(0))
})

test('on opening, what processes that are gone have left is removed, and nothing else', async () => {
  await using directory = await createTestDirectory()
  const gone = Bun.spawn(['true'])
  await gone.exited
  const day = 24 * 3_600_000
  const names = {
    ofOneThatIsGone: { name: `${gone.pid}.a.${hostname()}`, age: 0, stays: false },
    ofOneThatLives: { name: `${process.ppid}.b.${hostname()}`, age: 2 * day, stays: true },
    ofOurs: { name: `${process.pid}.c.${hostname()}`, age: 0, stays: true },
    ofOneThatHadOurId: { name: `${process.pid}.d.${hostname()}`, age: day, stays: false },
    ofAnotherMachine: { name: `${gone.pid}.e.elsewhere.example`, age: 0, stays: true },
    ofAnotherMachineLongAgo: { name: `${process.ppid}.f.elsewhere.example`, age: 2 * day, stays: false },
    ofNobody: { name: 'x', age: 2 * day, stays: false },
  }
  for (const { name, age } of Object.values(names)) {
    await Bun.write(join(directory.path, name), 'left')
    const at = new Date(Date.now() - age)
    await utimes(join(directory.path, name), at, at)
  }
  await openSpool({ directory: directory.path })
  const left = Object.values(names).flatMap(({ name, stays }) => (stays ? [name] : []))
  expect((await filesIn(directory.path)).toSorted()).toEqual(left.toSorted())
})

async function* streamOf(pieces: readonly Uint8Array[], error?: Error): AsyncGenerator<Uint8Array> {
  yield* pieces
  if (error) throw error
}

async function filesIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries.filter(entry => entry.isFile()).map(({ name }) => name)
}
