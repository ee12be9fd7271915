import { parseArgs } from 'node:util'
import { listenForStopSignals } from '../../local/launch/stop-signals.ts'
import { checkInvariants } from '../../testing/invariants/check-invariants.ts'
import { closeTestResources } from '../../testing/test-resources.ts'
import { listInterruptions } from './interruptions.ts'
import { checkInvoice } from './invoice.ts'
import type { KitCase } from './kit-case.ts'
import { type KitStudio, startKitStudio } from './kit-studio.ts'
import type { KitSubject } from './kit-subject.ts'
import { KIT_SUBJECTS } from './kit-subjects.ts'
import { STORY } from './story.ts'

/**
 * `bun run kit`: a studio for each adapter, whose processor has its connection by the environment, to a fake of the provider. It does what
 * users do, then ends the processor in each phase of a call, and checks the invariants. It counts the submissions: one a call at most.
 *
 *     [NAME…]         only subjects whose name contains one of these
 *     --cases TEXT    only cases whose name contains this
 *
 * Exits with 1 if a case fails.
 */

const INVOICE: KitCase = { name: 'invoice', run: checkInvoice }
const INVARIANTS: KitCase = {
  name: 'invariants',
  run: async ({ stack }) => {
    const violations = await checkInvariants(stack)
    if (violations.length > 0) throw new Error(violations.join('\n'))
    return 'all hold'
  },
}

process.exitCode = await main()

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ options: { cases: { type: 'string' } }, allowPositionals: true })
  const stopping = new AbortController()
  listenForStopSignals({ onStop: () => stopping.abort(), onForceStop: () => process.exit(1) })
  const subjects = KIT_SUBJECTS.filter(
    ({ name }) => positionals.length === 0 || positionals.some(part => name.includes(part)),
  )
  if (subjects.length === 0)
    throw new Error(`there is none of these: ${KIT_SUBJECTS.map(({ name }) => name).join(', ')}`)
  const failures: string[] = []
  for (const subject of subjects) failures.push(...(await runSubject(subject, values.cases ?? '', stopping.signal)))
  await closeTestResources()
  const summary = stopping.signal.aborted ? 'Stopped: not every case was run.' : 'All of it holds.'
  write(failures.length === 0 ? `\n${summary}` : `\n${failures.length} failed:\n\n${failures.join('\n\n')}`)
  return failures.length === 0 && !stopping.signal.aborted ? 0 : 1
}

/** Runs the cases of a subject in a studio of its own. @returns those that failed, with the reason */
async function runSubject(subject: KitSubject, filter: string, signal: AbortSignal): Promise<string[]> {
  if (signal.aborted) return []
  write(`\n${subject.name}`)
  await using studio = await startKitStudio(subject)
  const cases = [...STORY, ...listInterruptions(subject), INVOICE, INVARIANTS].filter(({ name }) =>
    name.includes(filter),
  )
  const failures: string[] = []
  for (const one of cases) {
    if (signal.aborted) break
    const failure = await runCase(studio, one)
    if (failure !== null) failures.push(`${subject.name}, ${one.name}: ${failure}`)
  }
  return failures
}

/** Runs a case and prints its line. @returns the reason of its failure; null without one */
async function runCase(studio: KitStudio, { name, run }: KitCase): Promise<string | null> {
  const startedAt = performance.now()
  const result = await run(studio).then(
    seen => ({ seen, failure: null }),
    error => ({ seen: 'FAILED', failure: String(error instanceof Error ? error.message : error) }),
  )
  studio.clearFaults()
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
  write(`  ${name.padEnd(32)} ${result.seen.padEnd(36)} ${seconds.padStart(5)} s`)
  return result.failure
}

function write(line: string): void {
  process.stdout.write(`${line}\n`)
}
