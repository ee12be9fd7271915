import { expect, test } from 'bun:test'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { waitFor } from '../../testing/wait-for.ts'
import { type LogLimits, openLogFile } from './log-file.ts'

const TAIL_BYTES = 4_096

test('rotates the log of a process that runs on, without a gap and without a hole', async () => {
  await using writer = await startWriter({ maxBytes: 500, files: 3 })
  const { log, file, writeLines } = writer
  await writeLines(0, 100)
  log.rotateIfLarge()
  await writeLines(100, 10)
  log.rotateIfLarge()
  expect(await readLines(file)).toEqual(numbers(100, 110))
  expect(await readLines(`${file}.1`)).toEqual(numbers(0, 100))
})

test('bounds the size of a log, and drops the oldest lines', async () => {
  await using writer = await startWriter({ maxBytes: 500, files: 3 })
  const { log, file, writeLines } = writer
  for (let batch = 0; batch < 10; batch++) {
    await writeLines(batch * 100, 100)
    log.rotateIfLarge()
  }
  const contents = await Promise.all([`${file}.2`, `${file}.1`, file].map(readLines))
  expect(contents).toEqual([numbers(800, 900), numbers(900, 1_000), []])
  expect(await exists(`${file}.3`)).toBe(false)
})

test('reads the last lines across a rotation, and none of an earlier process', async () => {
  await using writer = await startWriter({ maxBytes: 500, files: 2 }, 'of an earlier process\n'.repeat(5))
  const { log, writeLines } = writer
  await writeLines(0, 100)
  expect(await readTail(log)).toEqual(numbers(0, 100))
  log.rotateIfLarge()
  expect(await readTail(log)).toEqual(numbers(0, 100))
  await writeLines(100, 3)
  expect(await readTail(log)).toEqual(numbers(0, 103))
  await writeLines(103, 100)
  log.rotateIfLarge()
  expect(await readTail(log)).toEqual(numbers(100, 203))
})

test('rotates by itself while the process runs', async () => {
  await using writer = await startWriter({ maxBytes: 500, files: 2, checkMs: 10 })
  await writer.send(0, 100)
  await waitFor(
    'The rotation',
    4_000,
    async () => (await exists(`${writer.file}.1`)) && (await size(writer.file)) === 0,
  )
  expect(await readLines(`${writer.file}.1`)).toEqual(numbers(0, 100))
})

test('a log that an earlier process left too large is rotated when it is opened', async () => {
  await using writer = await startWriter({ maxBytes: 500, files: 2 }, 'x'.repeat(2_000))
  expect([await size(writer.file), await size(`${writer.file}.1`)]).toEqual([0, 2_000])
})

/** Starts a process that writes numbered lines on request, with the descriptor of a log as its output. */
async function startWriter(limits: Partial<LogLimits>, before = '') {
  const directory = await createTestDirectory()
  const file = join(directory.path, 'logs', 'writer.log')
  await Bun.write(file, before)
  const log = openLogFile(file, { maxBytes: 500, files: 3, checkMs: 600_000, ...limits })
  const script = 'while read -r from to; do seq -f %05.0f "$from" "$to"; done'
  const child = Bun.spawn(['/bin/sh', '-c', script], { stdin: 'pipe', stdout: log.descriptor })
  const send = async (from: number, count: number) => {
    child.stdin.write(`${from} ${from + count - 1}\n`)
    await child.stdin.flush()
  }
  const writeLines = async (from: number, count: number) => {
    await send(from, count)
    const last = String(from + count - 1).padStart(5, '0')
    await waitFor('The lines', 4_000, async () => (await readFile(file, 'utf8')).endsWith(`${last}\n`), 2)
  }
  return {
    log,
    file,
    send,
    writeLines,
    [Symbol.asyncDispose]: async () => {
      log.unwatch()
      child.kill()
      await child.exited
      await directory[Symbol.asyncDispose]()
    },
  }
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, at) => from + at)
}

async function readLines(file: string): Promise<number[]> {
  return parseLines(await readFile(file, 'utf8'))
}

async function readTail(log: { readTail(maxBytes: number): Promise<string> }): Promise<number[]> {
  return parseLines(await log.readTail(TAIL_BYTES))
}

function parseLines(text: string): number[] {
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(Number)
}

async function size(file: string): Promise<number> {
  return (await stat(file)).size
}

async function exists(file: string): Promise<boolean> {
  return await Bun.file(file).exists()
}
