import { expect, test } from 'bun:test'
import { join } from 'node:path'
import type { ImportReport } from '@darkroom/contracts/history/import-report'
import { formatSummary } from './format-report.ts'
import { createImportOutput } from './import-output.ts'

const COMMAND = join(import.meta.dirname, '..', 'import.ts')
const REPORT: ImportReport = {
  imported: 1_200,
  known: 3,
  failed: 1,
  failures: [],
  unknownKeys: { foo: 12, bar: 1 },
  passedOver: { '.mp4': 1 },
  leftOut: {},
  dryRun: false,
  isComplete: true,
  seconds: 2,
}

test('refuses what it cannot read before anything runs, with a sentence and the exit code 2', async () => {
  const cases: [string[], string][] = [
    [['/none.jsonl'], '/none.jsonl is not there.'],
    [['/dev/null'], '/dev/null is neither a file nor a folder.'],
    [[COMMAND, '--time-zone', 'Mars/Olympus'], 'It is a zone such as Europe/Paris, or an offset such as +02:00.'],
    [[], 'Name a file or a folder'],
    [[COMMAND, '--bucket', 'x'], '--bucket belongs to --from.'],
    [[COMMAND], 'No studio runs here'],
  ]
  const outcomes = cases.map(async ([args, message]) => {
    const command = [process.execPath, '--no-env-file', COMMAND, ...args]
    const env = { PATH: process.env.PATH, HOME: '/none', DATA_DIR: '/none' }
    const child = Bun.spawn(command, { env, stderr: 'pipe', stdout: 'pipe' })
    const text = await new Response(child.stderr).text()
    return [args, await child.exited, text.includes(message) ? message : text]
  })
  expect(await Promise.all(outcomes)).toEqual(cases.map(([args, message]) => [args, 2, message]))
})

test('shows progress as the last line of a terminal, and elsewhere as a line every ten seconds', () => {
  const progress = { type: 'progress', done: 5e6, total: 1e7, unit: 'bytes', records: 1_000 } as const
  const failure = { type: 'failure', failure: { name: 'line 2', reason: 'is not JSON' } } as const
  const run = (isTTY: boolean, columns = 80) => {
    let now = 0
    const parts: string[] = []
    const output = createImportOutput({ isTTY, columns, write: part => parts.push(String(part)) > 0 }, () => now)
    for (const at of [4_000, 9_000, 10_000, 15_000]) {
      now = at
      output.write(progress)
    }
    output.write(failure)
    output.end()
    return parts.join('')
  }
  const line = '████████████░░░░░░░░░░░░ 50%  5.0 of 10.0 MB, 1,000 generations, 100/s'
  expect(run(false)).toBe(`${line}\nline 2: is not JSON\n`)
  expect(run(true)).toContain(`\r\u001b[2K${line}`)
  expect(run(true, 40)).toContain(`\r\u001b[2K${line.slice(0, 39)}\r`)
  expect(run(true)).toEndWith('\r\u001b[2K')
})

test('summarizes the report, with each unknown key once', () => {
  expect(formatSummary(REPORT)).toEqual([
    '1,200 imported, 3 known already, 1 not imported (2.0 s, 602/s).',
    'Unknown keys, not imported: foo (12 times), bar (1).',
    'Files of other kinds, passed over: .mp4 (1 time).',
    expect.stringContaining('bun run backfill reference-images'),
  ])
  expect(formatSummary({ ...REPORT, dryRun: true })).toHaveLength(3)
})
