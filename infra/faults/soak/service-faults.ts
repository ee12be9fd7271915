import { join } from 'node:path'
import { FAILPOINTS } from '../../src/runtime/failpoint.ts'
import { withDeadline } from '../../src/runtime/timers.ts'
import type { FaultService } from '../../testing/studio/fault-service.ts'
import type { TestStack } from '../../testing/studio/test-stack.ts'
import { SLOW_ANSWERS, SOAK_BEHAVIOR } from './soak-behavior.ts'
import { type FaultContext, pause, type SoakFault } from './soak-fault.ts'

/** Failpoints of ingest. The processors have all others. */
const INGEST_FAILPOINTS: readonly string[] = [
  'before-put',
  'after-put',
  'before-commit',
  'after-commit',
  'relay-published',
]
const PROCESSOR_FAILPOINTS = FAILPOINTS.filter(name => name === 'relay-published' || !INGEST_FAILPOINTS.includes(name))
const CLOCK = join(import.meta.dirname, '..', 'chaos', 'clock.fixture.ts')
const STOP_TIMEOUT_MS = 75_000
const SUBMIT_TIMEOUT_MS = 8_000

/** Faults of the processes of services. */
export const SERVICE_FAULTS: readonly SoakFault[] = [
  createKillFault('a processor is killed', 5, stack => stack.processor),
  createKillFault('ingest is killed', 3, stack => stack.ingest),
  {
    name: 'a processor is killed at a step',
    weight: 10,
    inject: ({ stack, random }) =>
      stack.processor.restart({ FAIL_AT: `${random.pick(PROCESSOR_FAILPOINTS)}:kill` }, 'alive'),
  },
  {
    name: 'ingest is killed at a step',
    weight: 3,
    inject: ({ stack, random }) => stack.ingest.restart({ FAIL_AT: `${random.pick(INGEST_FAILPOINTS)}:kill` }, 'alive'),
  },
  {
    name: 'a processor stalls at a step',
    weight: 2,
    inject: ({ stack, random }) =>
      stack.processor.restart({ FAIL_AT: `${random.pick(PROCESSOR_FAILPOINTS)}:stall` }, 'alive'),
  },
  {
    name: 'a processor freezes',
    weight: 4,
    inject: async ({ stack, random }) => {
      const processor = random.pick(stack.processors)
      processor.signal('SIGSTOP')
      await Bun.sleep(500 + random.nextInt(4_500))
      processor.signal('SIGCONT')
    },
  },
  { name: 'ingest is stopped in order', weight: 1, inject: ({ stack }) => stack.ingest.restart({}, 'alive') },
  { name: 'a processor is stopped during slow calls', weight: 4, inject: context => stopDuringSlowCalls(context) },
  {
    name: 'a processor is stopped by a second signal',
    weight: 2,
    inject: context =>
      stopDuringSlowCalls(context, async processor => {
        await pause(context.random, 1_500)
        processor.signal('SIGTERM')
      }),
  },
  {
    name: 'a processor is replaced while it works',
    weight: 2,
    inject: async ({ stack }) => {
      await withSlowAnswers(stack, () => stack.replaceProcessor())
    },
  },
  {
    name: 'a clock is set',
    weight: 2,
    inject: async ({ stack, random, clockShiftMs }) => {
      const shift = random.pick([clockShiftMs, -clockShiftMs])
      const jumpAfter = random.pick([0, 3_000])
      const env = {
        BUN_OPTIONS: `--preload ${CLOCK}`,
        CLOCK_WRONG_MS: String(shift),
        CLOCK_JUMP_AFTER_MS: String(jumpAfter),
      }
      await stack.processor.restart(env, 'alive')
      await pause(random, 8_000)
    },
  },
  {
    name: 'no processor runs',
    weight: 1,
    inject: ({ stack, probe, random }) =>
      suspendWhileProbing([...stack.processors], () =>
        probe.during('reads and submissions', () => Bun.sleep(2_000 + random.nextInt(4_000))),
      ),
  },
  {
    name: 'ingest does not run',
    weight: 1,
    inject: ({ stack, probe, random }) =>
      suspendWhileProbing([stack.ingest], () => probe.during('reads', () => Bun.sleep(1_000 + random.nextInt(3_000)))),
  },
]

function createKillFault(name: string, weight: number, which: (stack: TestStack) => FaultService): SoakFault {
  return { name, weight, inject: async ({ stack }) => which(stack).signal('SIGKILL') }
}

/** Stops the first processor by SIGTERM or SIGINT while a call is answered slowly. It starts again once it has ended. */
async function stopDuringSlowCalls(
  { stack, random }: FaultContext,
  afterSignal: (processor: FaultService) => Promise<void> = async () => {},
): Promise<void> {
  const { processor } = stack
  await withSlowAnswers(stack, async () => {
    await stack.fake.waitForNextSubmit('arrived', SUBMIT_TIMEOUT_MS).catch(() => {})
    const exited = processor.waitForExit()
    processor.signal(random.pick(['SIGTERM', 'SIGINT']))
    await afterSignal(processor)
    await withDeadline(exited, { milliseconds: STOP_TIMEOUT_MS, operation: 'the stop of a processor' })
  })
}

async function withSlowAnswers(stack: TestStack, work: () => Promise<void>): Promise<void> {
  await stack.fake.setBehavior(SLOW_ANSWERS)
  await work().finally(() => stack.fake.setBehavior(SOAK_BEHAVIOR))
}

async function suspendWhileProbing(services: readonly FaultService[], work: () => Promise<void>): Promise<void> {
  await Promise.all(services.map(service => service.suspend()))
  await work().finally(() => {
    for (const service of services) service.resume()
  })
}
