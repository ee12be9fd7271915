import { openGround } from '@darkroom/infra/service'
import { createBudget } from './budget.ts'
import { workOnBackfills } from './worker.ts'

/**
 * The process that backfills are worked on in. Ingest starts it when something is asked and it ends when nothing is, so that
 * what it takes of memory and time is nobody else's. It stops with ingest, whose end of its standard input is open until then.
 */

const IDLE_MS = 10_000
const MB = 1024 * 1024

const ground = await openGround('ingest', { busIsVital: false })
const { config, lifecycle } = ground
void stopWithParent()

await workOnBackfills(
  {
    ...ground,
    budget: createBudget(config.BACKFILL_MEMORY_MB * MB),
    signal: lifecycle.stopping,
    atStep: () => {},
  },
  { idleMs: IDLE_MS },
)
await lifecycle.stop('nothing to do')

async function stopWithParent(): Promise<void> {
  for await (const _ of Bun.stdin.stream());
  await lifecycle.stop('ingest is gone')
}
