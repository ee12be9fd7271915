import { parseArgs } from 'node:util'
import { openServiceContext } from '@darkroom/infra/runtime/service-context'
import { createProcessorMetrics } from '../../metrics.ts'
import { CollectError, collectGarbage } from './collect-garbage.ts'

/** `bun garbage/main.ts [--dry-run] [--force]`: removes objects that no row names. The command `collect-garbage` starts it. */

/** Longer than an upload may take from its first object to its row. */
const WAIT_SECONDS = 120

const { values } = parseArgs({ options: { 'dry-run': { type: 'boolean' }, force: { type: 'boolean' } } })
const { config, database, store, log, metrics, lifecycle } = await openServiceContext('processor', {
  isBusRequired: false,
})
const deps = {
  database,
  store,
  log,
  metrics: createProcessorMetrics(metrics),
  maxSeconds: config.GENERATION_MAX_SECONDS,
  signal: lifecycle.stopping,
  print: (line: string) => void process.stdout.write(`${line}\n`),
}
const options = { isDryRun: values['dry-run'] === true, isForced: values.force === true, waitSeconds: WAIT_SECONDS }
const code = await collectGarbage(deps, options).then(
  () => 0,
  (error: unknown) => {
    const message =
      error instanceof CollectError ? error.message : 'The store or the database failed. Run it again later.'
    process.stderr.write(`${message}\n`)
    return 1
  },
)
await lifecycle.stop('done', code)
