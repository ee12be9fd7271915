import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type BenchOptions, type BenchResult, runBenchmark, toMarkdown } from './kit/report.ts'

/** Every benchmark, by its name on the command line. Each ends by itself and uses loopback only; `cold-start` also fetches packages. */
const BENCHES: Record<string, () => Promise<{ run: (options: BenchOptions) => Promise<BenchResult> }>> = {
  backfill: () => import('./backfill/backfill.ts'),
  'cold-start': () => import('./cold-start/cold-start.ts'),
  door: () => import('./door/door.ts'),
  download: () => import('./download/download.ts'),
  'event-to-screen': () => import('./event-to-screen/event-to-screen.ts'),
  'fan-out': () => import('./fan-out/fan-out.ts'),
  'first-rows': () => import('./first-rows/first-rows.ts'),
  gallery: () => import('./gallery/gallery.ts'),
  hostile: () => import('./hostile/hostile.ts'),
  idle: () => import('./idle/idle.ts'),
  images: () => import('./images/images.ts'),
  import: () => import('./import/import.ts'),
  'import-database': () => import('./import-database/import-database.ts'),
  invoice: () => import('./invoice/invoice.ts'),
  kinds: () => import('./kinds/kinds.ts'),
  large: () => import('./large/large.ts'),
  listing: () => import('./listing/listing.ts'),
  local: () => import('./local/local.ts'),
  previews: () => import('./previews/previews.ts'),
  progress: () => import('./progress/progress.ts'),
  providers: () => import('./providers/providers.ts'),
  queue: () => import('./queue/queue.ts'),
  references: () => import('./references/references.ts'),
  scrub: () => import('./scrub/scrub.ts'),
  search: () => import('./search/search.ts'),
  uploads: () => import('./uploads/uploads.ts'),
  usage: () => import('./usage/usage.ts'),
}

const RESULTS = join(import.meta.dirname, 'results')

process.exit(await main(process.argv.slice(2)))

/**
 * Runs the named benchmarks, or all (`bun run bench [name…] [--minutes n]`), prints their tables and writes them to `results/`.
 *
 * @returns the exit code: 1 if a required target is not met
 */
async function main(args: string[]): Promise<number> {
  const { values, positionals: names } = parseArgs({
    args,
    allowPositionals: true,
    options: { minutes: { type: 'string' } },
  })
  const unknown = names.filter(name => !Object.hasOwn(BENCHES, name))
  if (unknown.length > 0) {
    process.stderr.write(`There is no benchmark ${unknown.join(', ')}. There are: ${Object.keys(BENCHES).join(', ')}\n`)
    return 2
  }
  await mkdir(RESULTS, { recursive: true })
  const options = values.minutes === undefined ? {} : { minutes: Number(values.minutes) }
  let exitCode = 0
  for (const [name, load] of Object.entries(BENCHES)) {
    if (names.length > 0 && !names.includes(name)) continue
    const { run } = await load()
    const report = await runBenchmark(() => run(options))
    const text = toMarkdown(report)
    await Bun.write(join(RESULTS, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`)
    await Bun.write(join(RESULTS, `${name}.md`), text)
    process.stdout.write(text)
    if (report.targets.some(({ met, isRequired = false }) => isRequired && !met)) exitCode = 1
  }
  return exitCode
}
