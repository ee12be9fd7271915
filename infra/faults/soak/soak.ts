import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { listenForStopSignals } from '../../local/launch/stop-signals.ts'
import { startFourKinds } from '../../testing/provider-kinds/four-kinds.ts'
import { startTestStack } from '../../testing/studio/test-stack.ts'
import { canMount, runOnSmallDisk } from './small-disk.ts'
import { formatReport, formatRow, type SoakSummary, summarize, TABLE_HEAD } from './soak-report.ts'
import { soak } from './soak-run.ts'
import { startSoakStore } from './soak-store.ts'

/**
 * `bun run soak`: runs clients against a studio of its own, with one fault after another, by a seed, and checks the invariants at
 * the end.
 *
 *     --minutes N     duration (5)
 *     --seed S        seed of the clients and faults (random)
 *     --rate N        submissions a minute that the clients aim at (200)
 *     --store s3|disk where the studio stores its objects (s3, which can fail)
 *     --no-faults     load alone, with four kinds of provider, of which one hangs and one has no credit in the second half
 *     --no-kinds      the tests' provider alone
 *     --json FILE     also writes the result as a line of JSON
 *     --record        also appends the result to the table in infra/bench/results/soak.md
 *     --data-dir DIR  a small file system that may be filled; as root on Linux it is made by itself
 *
 * Exits with 1 if an invariant is violated.
 */

const RESULTS = join(import.meta.dirname, '..', '..', 'bench', 'results', 'soak.md')
/** A store behind S3 refuses signatures of a clock that is more than 15 minutes wrong. */
const CLOCK_SHIFT_MS = { s3: 600_000, disk: 3_600_000 }
/** A call that hangs ends before a stop of the processor counts as one that does not end. */
const JOB_SECONDS = '75'
const OPTIONS = {
  minutes: { type: 'string', default: '5' },
  seed: { type: 'string' },
  rate: { type: 'string', default: '200' },
  store: { type: 'string', default: 's3' },
  'no-faults': { type: 'boolean', default: false },
  'no-kinds': { type: 'boolean', default: false },
  json: { type: 'string' },
  record: { type: 'boolean', default: false },
  'data-dir': { type: 'string' },
} as const

process.exitCode = await main()

async function main(): Promise<number> {
  const { values } = parseArgs({ options: OPTIONS })
  if (values['data-dir'] === undefined && canMount()) return await runOnSmallDisk()
  const seed = values.seed ?? crypto.randomUUID().slice(0, 8)
  const [minutes, rate] = [Number(values.minutes), Number(values.rate)]
  if (!(minutes > 0 && rate > 0)) throw new Error('--minutes and --rate are numbers above 0')
  if (values.store !== 's3' && values.store !== 'disk') throw new Error('--store is s3 or disk')
  const stopping = new AbortController()
  listenForStopSignals({ onStop: () => stopping.abort(), onForceStop: () => process.exit(1) })
  await using disposables = new AsyncDisposableStack()
  const store = values.store === 's3' ? disposables.use(await startSoakStore()) : null
  const kinds = values['no-kinds'] ? null : disposables.use(await startFourKinds())
  const smallDisk = values['data-dir'] ?? null
  const stack = disposables.use(
    await startTestStack({
      isDurable: true,
      env: {
        PROVIDER_CONCURRENCY: '12',
        LEASE_SECONDS: '3',
        GENERATION_MAX_SECONDS: JOB_SECONDS,
        ...store?.env,
        ...kinds?.env,
      },
      ...(store && { store: store.store }),
      ...(smallDisk !== null && { dataDir: smallDisk }),
    }),
  )
  const skipped = listSkipped({ store: store !== null, smallDisk: smallDisk !== null })
  for (const line of skipped) printLine(`SKIPPED: ${line}`)
  printLine(`Seed ${seed}, for ${minutes} min, up to ${rate} submissions a minute.`)
  const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(minutes * 60_000)])
  const clockShiftMs = CLOCK_SHIFT_MS[values.store]
  const hasFaults = !values['no-faults']
  const milliseconds = minutes * 60_000
  const report = await soak({
    ...{ stack, store, smallDisk, clockShiftMs, seed, rate, hasFaults, signal, log: printLine },
    kinds: kinds && { kinds, milliseconds },
  })
  for (const line of formatReport(report)) printLine(line)
  for (const line of skipped) printLine(`SKIPPED: ${line}`)
  await writeResult(summarize(report, { seed, minutes, store: values.store, skipped }), values)
  return report.violations.length === 0 ? 0 : 1
}

/** Returns the faults that cannot be injected here. */
function listSkipped(has: { store: boolean; smallDisk: boolean }): string[] {
  return [
    ...(has.store ? [] : ['a store that fails (needs --store s3)']),
    ...(has.smallDisk
      ? []
      : ['a disk that is nearly full (needs root on Linux, or --data-dir on a small file system)']),
  ]
}

async function writeResult(summary: SoakSummary, { json, record }: { json?: string; record: boolean }): Promise<void> {
  if (json !== undefined) await appendFile(json, `${JSON.stringify(summary)}\n`)
  if (!record) return
  const hasTable = (await readFile(RESULTS, 'utf8')).includes(TABLE_HEAD)
  await appendFile(RESULTS, `${hasTable ? '' : `\n## Runs\n\n${TABLE_HEAD}\n`}${formatRow(summary)}\n`)
}

function printLine(line: string): void {
  process.stdout.write(`${line}\n`)
}
