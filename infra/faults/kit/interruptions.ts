import { deepStrictEqual } from 'node:assert/strict'
import type { Failpoint } from '../../src/runtime/failpoint.ts'
import { waitUntilStopped } from '../../testing/studio/stopped-process.ts'
import type { KitCase } from './kit-case.ts'
import type { KitStudio } from './kit-studio.ts'
import { describe } from './story.ts'

/** A moment of a call at which its processor is ended. */
interface Phase {
  name: string
  /** Point at which the processor is stopped; null: while the answer is on its way. */
  failpoint: Failpoint | null
  /** Whether only the provider knows what became of a call whose processor was killed then. */
  isOpen: boolean
  isOfPolledOnly?: boolean
}

const PHASES: readonly Phase[] = [
  { name: 'before the submission', failpoint: 'before-submit', isOpen: false },
  { name: 'answer pending', failpoint: null, isOpen: true },
  { name: 'mid-body', failpoint: 'answer-begun', isOpen: true },
  { name: 'received, unread', failpoint: 'answer-received', isOpen: false },
  { name: 'between polls', failpoint: 'before-hand-back', isOpen: false, isOfPolledOnly: true },
  { name: 'uploading', failpoint: 'mid-upload', isOpen: false },
]

const ANSWER_MS = 1_500

/** Returns a case for each phase and signal. */
export function listInterruptions({ isPolled }: { isPolled: boolean }): KitCase[] {
  return PHASES.filter(({ isOfPolledOnly }) => isPolled || !isOfPolledOnly).flatMap(phase =>
    (['SIGKILL', 'SIGTERM'] as const).map(signal => ({
      name: `${signal} ${phase.name}`,
      run: (studio: KitStudio) => interrupt(studio, phase, signal),
    })),
  )
}

/** Ends the processor in a phase of a call, and waits for what its successor makes of it. */
async function interrupt(studio: KitStudio, phase: Phase, signal: 'SIGKILL' | 'SIGTERM'): Promise<string> {
  const { fake, proxy, stack } = studio
  const [posts, bills] = [fake.posts(), fake.billed().length]
  await stack.processor.restart(phase.failpoint === null ? {} : { FAIL_AT: `${phase.failpoint}:stop` })
  const { processor } = stack
  if (phase.failpoint === null) proxy.setFault({ kind: 'latency', milliseconds: ANSWER_MS })
  const { id } = await studio.submit(`${signal} ${phase.name}`)
  if (phase.failpoint === null) await studio.waitForPosts(posts + 1)
  else await waitUntilStopped(processor.pid)
  const exited = processor.waitForExit()
  processor.signal(signal)
  if (signal === 'SIGTERM') processor.signal('SIGCONT')
  deepStrictEqual(await exited, signal === 'SIGTERM' ? 'exit 0' : 'SIGKILL')
  proxy.setFault({ kind: 'none' })
  const made = describe(await studio.waitForEnd(id))
  const isLost = signal === 'SIGKILL' && phase.isOpen && !studio.subject.isFound
  const isGivenUp = isLost && !studio.subject.isFree
  deepStrictEqual(made, isGivenUp ? ['failed', 'unknown_outcome', 'failed'] : ['completed', null, 'stored'])
  const sent = fake.posts() - posts
  const expected = isLost && !isGivenUp ? 2 : 1
  deepStrictEqual([sent, fake.billed().length - bills], [expected, studio.subject.isUnbilled ? 0 : expected])
  const costs = (await studio.waitForCosts(id)).filter(outcome => outcome !== 'not-billed')
  deepStrictEqual(costs, [...(isLost ? ['unknown'] : []), ...(isGivenUp ? [] : ['finished'])])
  return `${made[1] ?? made[0]}, ${sent} POST`
}
