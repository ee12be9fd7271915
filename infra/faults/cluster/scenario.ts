import { Generation } from '@darkroom/contracts/generation'
import { waitFor } from '../../testing/wait-for.ts'
import { type EventReport, openEventWatch } from './event-watch.ts'
import type { Lab } from './lab.ts'
import { type LoadReport, startLabLoad } from './lab-load.ts'

/** Result of a scenario. */
export interface ScenarioReport extends LoadReport, EventReport {
  /** Number of generations by their status at the end. */
  statuses: Record<string, number>
  /** Submissions that the provider has received for the prompts of the scenario. */
  submits: number
}

const CLIENTS = 4
const MIN_SUBMISSIONS = 60
const END_MS = 90_000

/**
 * Runs `work`, which does something to the lab, while clients submit prompts and follow the events, all through Caddy. Afterwards every
 * fault is ended.
 *
 * @param options `name` begins the prompts, and is not used before; `intervalMs`: time between two submissions, 200 ms unless given
 */
export async function runScenario(
  lab: Lab,
  { name, intervalMs }: { name: string; intervalMs?: number },
  work: () => Promise<void>,
): Promise<ScenarioReport> {
  using watch = openEventWatch(CLIENTS, lab.port)
  await watch.opened()
  await using load = startLabLoad(lab.client, { name, intervalMs })
  try {
    await work()
  } finally {
    await lab.restore()
  }
  const loaded = await load.stop(MIN_SUBMISSIONS)
  const generations = await waitUntilEnded(lab, loaded.ids)
  const events = await watch.check(generations)
  const { submits } = await lab.fake.readRequestLog()
  const report = {
    ...loaded,
    ...events,
    statuses: Object.fromEntries(
      [...Map.groupBy(generations, ({ status }) => status)].map(([status, all]) => [status, all.length]),
    ),
    submits: submits.filter(({ prompt }) => prompt.startsWith(`${name} `)).length,
  }
  printFigures(name, report)
  return report
}

/** Prints the figures: what a run has measured is of use beyond whether it passed. */
function printFigures(name: string, { ids, failures, failedReads, violations, ...figures }: ScenarioReport): void {
  const counts = {
    generations: ids.length,
    failures: failures.length,
    failedReads: failedReads.length,
    violations: violations.length,
  }
  process.stdout.write(`${name}: ${JSON.stringify({ ...counts, ...figures })}\n`)
}

async function waitUntilEnded(lab: Lab, ids: readonly string[]): Promise<Generation[]> {
  const wanted = new Set(ids)
  const haveEnded = async () => {
    const [row] = await lab.sql<{ open: number }[]>`
      select count(*)::int as open from generations where id = any(${[...ids]}::uuid[]) and completed_at is null`
    return row?.open === 0
  }
  await waitFor('The end of the generations', END_MS, haveEnded, 200).catch(() => {})
  const read = async (id: string) => Generation.parse(await (await lab.client.fetch(`/api/generations/${id}`)).json())
  return await Promise.all([...wanted].map(read))
}
