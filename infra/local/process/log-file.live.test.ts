import { expect, test } from 'bun:test'
import { closeSync, openSync, readSync } from 'node:fs'
import { readdir, readFile, stat, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { SERVICES } from '@darkroom/contracts/routes'
import { createTestDirectory } from '../../testing/test-resources.ts'
import { waitFor } from '../../testing/wait-for.ts'
import { ROOT } from '../root.ts'
import { startChildProcess } from './child-process.ts'
import { LOG_LIMITS, type LogLimits, openLogFile, selectCheckInterval } from './log-file.ts'

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
    60_000,
    async () => (await exists(`${writer.file}.1`)) && (await size(writer.file)) === 0,
  )
  expect(await readLines(`${writer.file}.1`)).toEqual(numbers(0, 100))
})

test('of a log that is far too large the end is copied, and the rest is counted', async () => {
  await using writer = await startWriter({ maxBytes: 500, files: 2 }, 'x'.repeat(2_000))
  expect(await size(writer.file)).toBe(0)
  const copy = await readFile(`${writer.file}.1`, 'utf8')
  expect(copy).toBe(`\n1250 bytes were left out here: more was written than a log may have.\n${'x'.repeat(750)}`)
})

test('bounds the log of a process that floods it with one endless line, in files and in memory', async () => {
  await using flood = await startFlood()
  const memory = process.memoryUsage().rss
  await waitFor('A rotation that leaves something out', 60_000, async () => flood.hasDropped(), 5)
  expect(process.memoryUsage().rss - memory).toBeLessThan(64 * 1024 * 1024)
  await flood.stop()
  const names = await readdir(dirname(flood.file))
  const sizes = await Promise.all(
    names.map(async name => ({ name, bytes: await size(join(dirname(flood.file), name)) })),
  )
  const limit = (name: string) => (name === 'flood.log' ? FLOOD_BYTES : FLOOD_BYTES * 1.5 + 200)
  expect(sizes.filter(({ name, bytes }) => bytes > limit(name))).toEqual([])
  expect(names.filter(name => !/^flood\.log(\.[12])?$/.test(name))).toEqual([])
})

test('a log that cannot be copied for want of room stays, until it is twice too large: then it is emptied', async () => {
  await using writer = await startWriter({ maxBytes: 500, files: 3 })
  const { log, file, writeLines } = writer
  await writeLines(0, 100)
  await symlink('/dev/full', `${file}.1`)
  log.rotateIfLarge()
  expect(await readLines(file)).toEqual(numbers(0, 100))
  await writeLines(100, 100)
  await symlink('/dev/full', `${file}.1`)
  log.rotateIfLarge()
  expect(await readFile(file, 'utf8')).toBe('1200 bytes of this log were dropped: there was no room for a copy.\n')
  await writeLines(200, 3)
  expect((await readFile(file, 'utf8')).split('\n').slice(1, -1).map(Number)).toEqual(numbers(200, 203))
})

test('a process runs although its log cannot be created, which its last lines say', async () => {
  await using directory = await createTestDirectory()
  await Bun.write(join(directory.path, 'file'), '')
  const log = openLogFile(join(directory.path, 'file', 'x.log'))
  const child = Bun.spawn(['/bin/sh', '-c', 'echo unheard'], { stdout: log.descriptor })
  expect(await child.exited).toBe(0)
  expect(await log.readTail(TAIL_BYTES)).toMatch(/^Its log cannot be written: E\w+/)
  log.unwatch()
})

test('processes that share a log while one replaces the other lose no more than what is dropped', async () => {
  await using first = await startWriter({ maxBytes: 500, files: 3 })
  const second = openLogFile(first.file, { maxBytes: 500, files: 3, checkMs: 600_000 })
  await first.writeLines(0, 100)
  first.log.rotateIfLarge()
  second.rotateIfLarge()
  await first.writeLines(100, 100)
  second.rotateIfLarge()
  first.log.rotateIfLarge()
  second.unwatch()
  expect(await Promise.all([`${first.file}.2`, `${first.file}.1`, first.file].map(readLines))).toEqual([
    numbers(0, 100),
    numbers(100, 200),
    [],
  ])
})

test('a log that grows fast is checked often until it no longer does', () => {
  const select = (bytes: number, milliseconds: number) => selectCheckInterval({ bytes, milliseconds }, LOG_LIMITS)
  const megabytes = (many: number) => many * 1024 * 1024
  expect([select(megabytes(8), 2_000), select(megabytes(0.2), 50)]).toEqual([50, 50])
  expect([select(megabytes(0.2), 2_000), select(megabytes(0.005), 50)]).toEqual([2_000, 2_000])
  expect(select(0, 2_000)).toBe(2_000)
})

test('a program that is not there leaves no descriptor open', async () => {
  await using directory = await createTestDirectory()
  const options = { command: [join(directory.path, 'missing')], env: {}, stopSignal: 'SIGTERM' as const }
  const output = { file: join(directory.path, 'x.log') }
  const before = await readdir('/proc/self/fd')
  for (let start = 0; start < 20; start++) expect(() => startChildProcess({ ...options, output })).toThrow()
  expect((await readdir('/proc/self/fd')).length).toBeLessThan(before.length + 10)
})

test('the manual names the most that all logs take', async () => {
  const { maxBytes, files } = LOG_LIMITS
  const parts = [...SERVICES, 'Postgres', 'NATS'].length
  const megabytes = (parts * maxBytes * (1 + (files - 1) * 1.5)) / 1024 / 1024
  expect(await Bun.file(join(ROOT, 'docs/operations.md')).text()).toContain(`at most ${megabytes} MB`)
})

const FLOOD_BYTES = 256 * 1024

/** Starts a process that writes one line, as fast as it can. */
async function startFlood() {
  const directory = await createTestDirectory()
  const file = join(directory.path, 'flood.log')
  const log = openLogFile(file, { maxBytes: FLOOD_BYTES, files: 3, checkMs: 20 })
  // One process and no more than this, so that nothing fills the disk if the test is killed.
  const child = Bun.spawn(['head', '-c', '1000000000', '/dev/zero'], { stdout: log.descriptor })
  const hasDropped = () => /^\n\d+ bytes were left out/.test(readStart(`${file}.1`))
  const stop = async () => {
    child.kill('SIGKILL')
    await child.exited
    log.rotateIfLarge()
    log.unwatch()
  }
  return {
    file,
    hasDropped,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop()
      await directory[Symbol.asyncDispose]()
    },
  }
}

function readStart(file: string): string {
  const buffer = Buffer.alloc(100)
  try {
    const descriptor = openSync(file, 'r')
    const length = readSync(descriptor, buffer)
    closeSync(descriptor)
    return buffer.toString('latin1', 0, length)
  } catch {
    return ''
  }
}

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
    await waitFor('The lines', 60_000, async () => (await readFile(file, 'utf8')).endsWith(`${last}\n`), 2)
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
