import { Counter, Gauge } from 'prom-client'
import { withDeadline } from './deadline.ts'
import type { Metrics } from './metrics.ts'

export type UpkeepMetrics = ReturnType<typeof createUpkeepMetrics>

const COUNT_MS = 500

/**
 * What is done while nobody waits for it: outputs brought home from their providers, and what is cleared away.
 *
 * @param countWaiting asked at each scrape; one that fails or takes too long gives no number rather than no answer
 */
export function createUpkeepMetrics({ registry }: Metrics, countWaiting: () => Promise<number>) {
  const registers = [registry]
  const counter = (name: string, help: string) => new Counter({ name, help, registers })
  const waiting = async () =>
    await withDeadline(countWaiting(), { milliseconds: COUNT_MS, what: 'counting' }).catch(() => Number.NaN)
  new Gauge({
    name: 'rehosts_waiting',
    help: 'Outputs that are only at their provider, in the whole studio',
    registers,
    async collect() {
      this.set(await waiting())
    },
  })
  return {
    rehosted: counter('outputs_rehosted_total', 'Outputs that were only at their provider and were stored'),
    lost: counter('outputs_lost_total', 'Outputs whose provider deleted them before they could be stored'),
    purged: counter('generations_purged_total', 'Generations that left the trash for good'),
    removed: counter('objects_removed_total', 'Objects removed because nothing refers to them any more'),
  }
}
